"""Operators that take or replace a part of a tensor by ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("slice_by_index", moves=True)
def slice_by_index(
    x: Array,
    begin: Array,
    end: Array,
    stride: Array | None = None,
    begin_mask: Array | None = None,
    end_mask: Array | None = None,
    squeeze_mask: Array | None = None,
) -> Array:
    return np.asarray(x[_index(x.ndim, begin, end, stride, begin_mask, end_mask, squeeze_mask)])


@kernel("slice_update", moves=True)
def slice_update(
    x: Array,
    update: Array,
    begin: Array,
    end: Array,
    stride: Array | None = None,
    begin_mask: Array | None = None,
    end_mask: Array | None = None,
    squeeze_mask: Array | None = None,
) -> Array:
    answer = x.copy()
    answer[_index(x.ndim, begin, end, stride, begin_mask, end_mask, squeeze_mask)] = update
    return answer


@kernel("slice_by_size", moves=True)
def slice_by_size(x: Array, begin: Array, size: Array) -> Array:
    """A size of -1: all that follows."""
    first = [int(place) % whole if int(place) < 0 else int(place) for place, whole in zip(begin, x.shape, strict=True)]
    last = [
        whole if int(count) == -1 else start + int(count)
        for start, count, whole in zip(first, size, x.shape, strict=True)
    ]
    return x[tuple(slice(start, stop) for start, stop in zip(first, last, strict=True))]


@kernel("crop", moves=True)
def crop(x: Array, crop_height: Array, crop_width: Array) -> Array:
    (top, bottom), (left, right) = (np.asarray(pair).ravel().tolist() for pair in (crop_height, crop_width))
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


@kernel("sliding_windows", moves=True)
def sliding_windows(x: Array, axis: Array, size: Array, stride: Array | int = 1) -> Array:
    """(..., windows, size, ...) in the place of the axis."""
    place = int(axis) % x.ndim
    windows = sliding_window_view(x, int(size), axis=place)
    windows = windows[(slice(None),) * place + (slice(None, None, int(stride)),)]
    return np.moveaxis(windows, -1, place + 1)


def _index(rank: int, begin: Array, end: Array, *rest: Array | None) -> tuple[slice | int, ...]:
    steps, from_start, to_end, single = (
        [default] * rank if mask is None else list(mask) for mask, default in zip(rest, (1, 0, 0, 0), strict=True)
    )
    index: list[slice | int] = []
    for place in range(rank):
        first, last, step = int(begin[place]), int(end[place]), int(steps[place])
        if single[place]:
            index.append(first)
        else:
            index.append(slice(None if from_start[place] else first, None if to_end[place] else last, step))
    return tuple(index)
