"""Operators that take from, or write to, places that another tensor names.

An index out of range is an error here. Core ML leaves its effect open; a model that depends on it has
no right answer to compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]

_UPDATES: dict[str, Callable[[Array, Any, Array], None]] = {
    "add": np.add.at,
    "sub": np.subtract.at,
    "mul": np.multiply.at,
    "div": np.divide.at,
    "max": np.maximum.at,
    "min": np.minimum.at,
}


@kernel("gather", moves=True)
def gather(
    x: Array,
    indices: Array,
    axis: Array | int = 0,
    batch_dims: Array | int = 0,
    validate_indices: Array | bool = False,
) -> Array:
    """As ``tf.gather``."""
    batches, place = int(batch_dims), int(axis) % x.ndim
    if not batches:
        return np.take(x, indices, axis=place)
    lead = x.shape[:batches]
    flat_x = x.reshape(-1, *x.shape[batches:])
    flat_indices = np.asarray(indices).reshape(-1, *indices.shape[batches:])
    rows = [np.take(row, at, axis=place - batches) for row, at in zip(flat_x, flat_indices, strict=True)]
    stacked = np.stack(rows)
    return stacked.reshape(*lead, *stacked.shape[1:])


@kernel("gather_along_axis", moves=True)
def gather_along_axis(x: Array, indices: Array, axis: Array | int = 0, validate_indices: Array | bool = False) -> Array:
    return np.take_along_axis(x, indices.astype(np.int64), axis=int(axis))


@kernel("gather_nd", moves=True)
def gather_nd(x: Array, indices: Array, batch_dims: Array | int = 0, validate_indices: Array | bool = False) -> Array:
    """As ``tf.gather_nd``."""
    batches = int(batch_dims)
    if not batches:
        return np.asarray(x[tuple(np.moveaxis(indices, -1, 0))])
    lead = x.shape[:batches]
    flat_x = x.reshape(-1, *x.shape[batches:])
    flat_indices = indices.reshape(-1, *indices.shape[batches:])
    rows = [row[tuple(np.moveaxis(at, -1, 0))] for row, at in zip(flat_x, flat_indices, strict=True)]
    stacked = np.stack(rows)
    return stacked.reshape(*lead, *stacked.shape[1:])


@kernel("scatter")
def scatter(
    data: Array,
    indices: Array,
    updates: Array,
    axis: Array | int = 0,
    mode: str = "add",
    validate_indices: Array | bool = False,
) -> Array:
    place = int(axis) % data.ndim
    return _update(data, (slice(None),) * place + (indices,), updates, mode)


@kernel("scatter_along_axis")
def scatter_along_axis(
    data: Array,
    indices: Array,
    updates: Array,
    axis: Array | int = 0,
    mode: str = "add",
    validate_indices: Array | bool = False,
) -> Array:
    grid = list(np.ogrid[tuple(slice(size) for size in indices.shape)])
    grid[int(axis) % data.ndim] = indices
    return _update(data, tuple(grid), updates, mode)


@kernel("scatter_nd")
def scatter_nd(
    data: Array,
    indices: Array,
    updates: Array,
    mode: str = "add",
    validate_indices: Array | bool = False,
) -> Array:
    return _update(data, tuple(np.moveaxis(indices, -1, 0)), updates, mode)


def _update(data: Array, index: Any, updates: Array, mode: str) -> Array:
    answer = data.copy()
    if mode == "update":
        answer[index] = updates
    else:
        _UPDATES[mode](answer, index, updates)
    return answer
