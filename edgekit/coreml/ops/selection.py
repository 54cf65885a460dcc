"""Operators that choose, sort or make values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("select", moves=True)
def select(cond: Array, a: Array, b: Array) -> Array:
    return np.where(cond, a, b)


@kernel("fill", moves=True)
def fill(shape: Array, value: Array | float = 0.0) -> Array:
    return np.full([int(size) for size in np.asarray(shape).ravel()], value)


@kernel("fill_like", moves=True)
def fill_like(ref_tensor: Array, value: Array | float = 0.0) -> Array:
    return np.full(ref_tensor.shape, value)


@kernel("range_1d")
def range_1d(start: Array, end: Array, step: Array) -> Array:
    first, stop, width = (np.asarray(value).item() for value in (start, end, step))
    return np.asarray(np.arange(first, stop, width))


@kernel("one_hot", moves=True)
def one_hot(
    indices: Array,
    one_hot_vector_size: Array,
    axis: Array | int = -1,
    on_value: Array | int = 1,
    off_value: Array | int = 0,
) -> Array:
    rank = indices.ndim + 1
    places = np.arange(int(one_hot_vector_size)).reshape(
        [-1 if place == int(axis) % rank else 1 for place in range(rank)]
    )
    return np.where(np.expand_dims(indices, int(axis) % rank) == places, on_value, off_value)


@kernel("argsort", moves=True)
def argsort(x: Array, axis: Array | int = -1, ascending: Array | bool = False) -> Array:
    return np.argsort(x if ascending else -x, axis=int(axis), kind="stable")


@kernel("topk", moves=True)
def topk(
    x: Array,
    k: Array | int = 1,
    axis: Array | int = -1,
    ascending: Array | bool = False,
    sort: Array | bool = True,
    return_indices: Array | bool = True,
    output_indices_dtype: str = "int32",
) -> tuple[Array, ...] | Array:
    """The largest (``ascending``: the smallest) values and their places; sorted even where that is not asked."""
    place = int(axis)
    count = x.shape[place] if int(k) == -1 else int(k)
    order = np.take(argsort(x, place, ascending), np.arange(count), axis=place)
    values = np.take_along_axis(x, order, axis=place)
    return (values, order) if return_indices else values


@kernel("non_zero", moves=True)
def non_zero(x: Array) -> Array:
    return np.argwhere(x)


@kernel("band_part", moves=True)
def band_part(x: Array, lower: Array | int = -1, upper: Array | int = -1) -> Array:
    """Keeps ``lower`` diagonals below and ``upper`` above the main one (negative: all) of the last two axes."""
    rows, columns = np.ogrid[: x.shape[-2], : x.shape[-1]]
    keep = np.ones((x.shape[-2], x.shape[-1]), bool)
    if int(lower) >= 0:
        keep &= rows - columns <= int(lower)
    if int(upper) >= 0:
        keep &= columns - rows <= int(upper)
    return np.where(keep, x, np.zeros_like(x))
