"""Reductions: sums, means, extremes and norms over axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import add, kernel

Array = NDArray[Any]
Axes = tuple[int, ...] | None


def _log_sum_exp(x: Array, axis: Axes, keepdims: bool) -> Array:
    highest = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - highest), axis=axis, keepdims=True)) + highest
    return np.asarray(total if keepdims else np.squeeze(total, axis))


def _reduction(function: Callable[[Array, Axes, bool], Array]) -> Callable[..., Array]:
    def reduce(x: Array, axes: Array | None = None, keep_dims: Array | bool = False) -> Array:
        places = None if axes is None else tuple(int(axis) for axis in np.asarray(axes).ravel())
        return function(x, places, bool(keep_dims))

    return reduce


for _name, _function in {
    "reduce_l1_norm": lambda x, axis, keep: np.sum(np.abs(x), axis=axis, keepdims=keep),
    "reduce_l2_norm": lambda x, axis, keep: np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keep)),
    "reduce_log_sum": lambda x, axis, keep: np.log(np.sum(x, axis=axis, keepdims=keep)),
    "reduce_log_sum_exp": _log_sum_exp,
    "reduce_mean": lambda x, axis, keep: np.mean(x, axis=axis, keepdims=keep),
    "reduce_prod": lambda x, axis, keep: np.prod(x, axis=axis, keepdims=keep),
    "reduce_sum": lambda x, axis, keep: np.sum(x, axis=axis, keepdims=keep),
    "reduce_sum_square": lambda x, axis, keep: np.sum(np.square(x), axis=axis, keepdims=keep),
}.items():
    add(_name, _reduction(_function))

for _name, _function in {
    "reduce_max": lambda x, axis, keep: np.max(x, axis=axis, keepdims=keep),
    "reduce_min": lambda x, axis, keep: np.min(x, axis=axis, keepdims=keep),
}.items():
    add(_name, _reduction(_function), moves=True)


@kernel("reduce_argmax", moves=True)
def reduce_argmax(
    x: Array, axis: Array | int = -1, keep_dims: Array | bool = False, output_dtype: str = "int32"
) -> Array:
    return np.asarray(np.argmax(x, axis=int(axis), keepdims=bool(keep_dims)))


@kernel("reduce_argmin", moves=True)
def reduce_argmin(
    x: Array, axis: Array | int = -1, keep_dims: Array | bool = False, output_dtype: str = "int32"
) -> Array:
    return np.asarray(np.argmin(x, axis=int(axis), keepdims=bool(keep_dims)))


@kernel("cumsum")
def cumsum(x: Array, axis: Array | int = 0, exclusive: Array | bool = False, reverse: Array | bool = False) -> Array:
    place = int(axis)
    if reverse:
        x = np.flip(x, place)
    total = np.cumsum(x, axis=place, dtype=x.dtype)
    if exclusive:
        total = total - x
    return np.flip(total, place) if reverse else total
