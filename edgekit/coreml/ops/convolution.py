"""Convolutions over 1, 2 or 3 dimensions, channels first.

Pure NumPy: a matrix product over unrolled windows (im2col), cut into strips that stay near the
processor; depthwise kernels as a sum of shifted views, which are several times faster than that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel
from edgekit.coreml.ops.windows import Sizes, find_pads, output_sizes, pad_spatial, shifted_views, sizes

Array = NDArray[Any]

_STRIP_VALUES = 4 << 20
"""Values of unrolled windows at a time: 16 MB. Unrolling VGG16's first layers whole would take 115 MB."""

_BLOCK_VALUES = 1 << 16
"""Output values of a depthwise convolution at a time: they, and as many again, fit a second-level cache."""


@kernel("conv")
def conv(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    strides: Array | None = None,
    pad_type: str = "valid",
    pad: Array | None = None,
    dilations: Array | None = None,
    groups: Array | int = 1,
) -> Array:
    """Cross-correlation.

    Args:
        x: (n, channels, *spatial).
        weight: (outputs, channels / groups, *kernel).
        pad: before and after each spatial dimension, for ``pad_type`` ``custom``.

    Returns:
        (n, outputs, *spatial).
    """
    window = weight.shape[2:]
    rank = len(window)
    steps, spread = sizes(strides, rank), sizes(dilations, rank)
    x = pad_spatial(x, find_pads(pad_type, pad, x.shape[2:], window, steps, spread))
    if weight.shape[1] == 1 and int(groups) > 1:
        answer = _depthwise(x, weight, steps, spread)
    else:
        answer = _dense(x, weight, steps, spread, int(groups))
    return answer if bias is None else answer + bias.reshape(-1, *[1] * rank)


def _depthwise(x: Array, weight: Array, strides: Sizes, dilations: Sizes) -> Array:
    """Each channel with its own ``weight.shape[0] // channels`` kernels."""
    window = weight.shape[2:]
    places = output_sizes(x.shape[2:], window, strides, dilations)
    count, channels = x.shape[:2]
    multiplier = weight.shape[0] // channels
    answer = np.empty((count, channels, multiplier, *places), x.dtype)
    ones = (1,) * len(window)
    kernels = weight.reshape(channels, multiplier, *window)
    block = max(1, _BLOCK_VALUES // (math.prod(places) * multiplier * count or 1))
    for start in range(0, channels, block):
        part = slice(start, start + block)
        into = answer[:, part]
        product = np.empty_like(into)
        for number, (place, view) in enumerate(shifted_views(x[:, part], window, strides, dilations)):
            here: Any = (part, slice(None), *place)
            factor = kernels[here].reshape(1, -1, multiplier, *ones)
            np.multiply(view[:, :, None], factor, out=product if number else into)
            if number:
                into += product
    return answer.reshape(count, channels * multiplier, *places)


def _dense(x: Array, weight: Array, strides: Sizes, dilations: Sizes, groups: int) -> Array:
    window = weight.shape[2:]
    places = output_sizes(x.shape[2:], window, strides, dilations)
    count, channels = x.shape[:2]
    rows = weight.reshape(groups, weight.shape[0] // groups, -1)
    if math.prod(window) == 1 and set(strides) == {1}:
        columns = x.reshape(count, groups, channels // groups, -1)
        return np.asarray(np.matmul(rows, columns).reshape(count, weight.shape[0], *places))
    reach = tuple((width - 1) * dilation + 1 for width, dilation in zip(window, dilations, strict=True))
    axes = tuple(range(2, x.ndim))
    steps = (slice(None), slice(None), *(slice(None, None, step) for step in strides))
    taps = tuple(slice(None, None, dilation) for dilation in dilations)
    views = sliding_window_view(x, reach, axis=axes)[(*steps, *taps)]
    # (n, channels, *places, *window) -> (n, channels, *window, *places)
    rank = len(window)
    views = views.transpose(0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    answer = np.empty((count, groups, rows.shape[1], *places), x.dtype)
    row_values = channels * math.prod(window) * math.prod(places[1:]) * count
    strip = max(1, _STRIP_VALUES // (row_values or 1))
    for start in range(0, places[0], strip):
        part = views[(slice(None),) * (2 + rank) + (slice(start, start + strip),)]
        columns = part.reshape(count, groups, rows.shape[2], -1)
        height = part.shape[2 + rank]
        answer[:, :, :, start : start + strip] = np.matmul(rows, columns).reshape(
            count, groups, rows.shape[1], height, *places[1:]
        )
    return answer.reshape(count, weight.shape[0], *places)


def _refuse_transpose(constants: Mapping[str, Any]) -> str | None:
    kind = constants.get("pad_type", "valid")
    return None if kind in ("valid", "custom", "same") else f"its pad_type {kind!r}"


@kernel("conv_transpose", refuse=_refuse_transpose)
def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    pad: Array | None = None,
    output_shape: Array | None = None,
    pad_type: str = "valid",
    strides: Array | None = None,
    dilations: Array | None = None,
    groups: Array | int = 1,
) -> Array:
    """The gradient of :func:`conv` with respect to its input.

    Args:
        x: (n, channels, *spatial).
        weight: (channels, outputs / groups, *kernel).
        output_shape: of the answer, where several sizes would lead to that of ``x``.
    """
    window = weight.shape[2:]
    rank, parts = len(window), int(groups)
    steps, spread = sizes(strides, rank), sizes(dilations, rank)
    count, channels = x.shape[:2]
    spatial = x.shape[2:]
    full = tuple((s - 1) * t + (k - 1) * d + 1 for s, t, k, d in zip(spatial, steps, window, spread, strict=True))
    columns = x.reshape(count, parts, channels // parts, -1)
    rows = weight.reshape(parts, channels // parts, -1)
    # (n, groups, outputs/groups * window, places)
    spread_out = np.matmul(rows.transpose(0, 2, 1), columns).reshape(count, parts * weight.shape[1], *window, *spatial)
    answer = np.zeros((count, parts * weight.shape[1], *full), x.dtype)
    for place, view in shifted_views(answer, window, steps, spread):
        view += spread_out[(slice(None), slice(None), *place)]
    if output_shape is not None:
        wanted = sizes(output_shape, rank)[-rank:]
    elif pad_type == "same":
        wanted = tuple(s * t for s, t in zip(spatial, steps, strict=True))
    else:
        wanted = None
    answer = _crop(answer, find_pads(pad_type, pad, wanted or full, window, steps, spread), wanted)
    return answer if bias is None else answer + bias.reshape(-1, *[1] * rank)


def _crop(full: Array, pads: tuple[tuple[int, int], ...], wanted: Sizes | None) -> Array:
    """Cuts the padding off; where that leaves too few places for the wanted shape, zeros are added after."""
    for axis, (before, after) in enumerate(pads, start=2):
        size = full.shape[axis] - before - after if wanted is None else wanted[axis - 2]
        missing = before + size - full.shape[axis]
        if missing > 0:
            full = np.pad(full, [(0, missing if place == axis else 0) for place in range(full.ndim)])
        full = full[(slice(None),) * axis + (slice(before, before + size),)]
    return full
