"""Pooling over 1, 2 or 3 dimensions, channels first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel
from edgekit.coreml.ops.windows import Pads, Sizes, find_pads, pad_spatial, shifted_views, sizes

Array = NDArray[Any]


def _refuse_average(constants: Mapping[str, Any]) -> str | None:
    if constants.get("ceil_mode", False) and not constants.get("exclude_padding_from_average", False):
        return "ceil_mode together with averages over padding"
    return None


@kernel("max_pool", moves=True)
def max_pool(
    x: Array,
    kernel_sizes: Array,
    strides: Array | None = None,
    pad_type: str = "valid",
    pad: Array | None = None,
    ceil_mode: Array | bool = False,
) -> Array:
    window, steps, pads = _plan(x, kernel_sizes, strides, pad_type, pad, bool(ceil_mode))
    return _combine(np.maximum, pad_spatial(x, pads, -np.inf), window, steps)


@kernel("avg_pool", refuse=_refuse_average)
def avg_pool(
    x: Array,
    kernel_sizes: Array,
    strides: Array | None = None,
    pad_type: str = "valid",
    pad: Array | None = None,
    exclude_padding_from_average: Array | bool = False,
    ceil_mode: Array | bool = False,
) -> Array:
    window, steps, pads = _plan(x, kernel_sizes, strides, pad_type, pad, bool(ceil_mode))
    total = _combine(np.add, pad_spatial(x, pads), window, steps)
    if not exclude_padding_from_average:
        return np.asarray(total / np.float32(np.prod(window)))
    ones = pad_spatial(np.ones((1, 1, *x.shape[2:]), np.float32), pads)
    return np.asarray(total / _combine(np.add, ones, window, steps))


@kernel("l2_pool")
def l2_pool(
    x: Array,
    kernel_sizes: Array,
    strides: Array | None = None,
    pad_type: str = "valid",
    pad: Array | None = None,
    ceil_mode: Array | bool = False,
) -> Array:
    """The square root of the sum of squares under each window."""
    window, steps, pads = _plan(x, kernel_sizes, strides, pad_type, pad, bool(ceil_mode))
    return np.asarray(np.sqrt(_combine(np.add, pad_spatial(np.square(x), pads), window, steps)))


def _combine(operation: np.ufunc, x: Array, window: Sizes, strides: Sizes) -> Array:
    """What an operation on two makes of all values under each window."""
    answer: Array | None = None
    for _, view in shifted_views(x, window, strides, (1,) * len(window)):
        answer = view.copy() if answer is None else operation(answer, view, out=answer)
    return np.asarray(answer)


def _plan(
    x: Array, kernel_sizes: Array, strides: Array | None, pad_type: str, pad: Array | None, ceil_mode: bool
) -> tuple[Sizes, Sizes, Pads]:
    window = sizes(kernel_sizes, x.ndim - 2)
    steps = sizes(strides, len(window))
    pads = find_pads(pad_type, pad, x.shape[2:], window, steps, (1,) * len(window))
    if ceil_mode:
        pads = tuple(
            (before, after + _overhang(size, before, after, width, step))
            for size, (before, after), width, step in zip(x.shape[2:], pads, window, steps, strict=True)
        )
    return window, steps, pads


def _overhang(size: int, before: int, after: int, width: int, step: int) -> int:
    """What a last, incomplete window reaches over; none where it would begin in the padding behind."""
    places = -(-(size + before + after - width) // step) + 1
    if (before or after) and (places - 1) * step >= size + before:
        places -= 1
    return max(0, (places - 1) * step + width - size - before - after)
