"""What convolutions and pooling share: padding, and the views of an array that a kernel sees."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]

_MAX_PADDED = 1 << 28
"""Values of a padded input: 1 GB, a hundred times what the largest Keras application needs."""


def sizes(values: Array | Sequence[int] | None, rank: int, default: int = 1) -> Sizes:
    """A parameter with one number for each spatial dimension."""
    return (default,) * rank if values is None else tuple(int(value) for value in np.asarray(values).ravel())


def find_pads(
    pad_type: str, pad: Array | Sequence[int] | None, spatial: Sizes, kernel: Sizes, strides: Sizes, dilations: Sizes
) -> Pads:
    """Elements before and after each spatial dimension.

    ``same`` pads so that the output has ceil(size / stride) places; what is odd goes after (``same_lower``:
    before).
    """
    if pad_type == "custom":
        flat = sizes(pad, 2 * len(spatial), 0)
        return tuple(zip(flat[::2], flat[1::2], strict=True))
    if pad_type == "valid":
        return ((0, 0),) * len(spatial)
    pads = []
    for size, width, stride, dilation in zip(spatial, kernel, strides, dilations, strict=True):
        reach = (width - 1) * dilation + 1
        total = max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
        small, large = total // 2, total - total // 2
        pads.append((large, small) if pad_type == "same_lower" else (small, large))
    return tuple(pads)


def pad_spatial(x: Array, pads: Pads, value: float = 0.0) -> Array:
    """Pads all dimensions after batch and channels.

    Raises:
        ValueError: to more than :data:`_MAX_PADDED` values; a wide stride hides such padding in a small answer.
    """
    if not any(before or after for before, after in pads):
        return x
    sides = (size + before + after for size, (before, after) in zip(x.shape[2:], pads, strict=True))
    if math.prod(sides) * math.prod(x.shape[:2]) > _MAX_PADDED:
        raise ValueError(f"it pads to more than {_MAX_PADDED:,} values")
    return np.pad(x, ((0, 0), (0, 0), *pads), constant_values=value)


def output_sizes(padded: Sizes, kernel: Sizes, strides: Sizes, dilations: Sizes) -> Sizes:
    """How many places a kernel has along each dimension of a padded array."""
    return tuple(
        (size - (width - 1) * dilation - 1) // stride + 1
        for size, width, stride, dilation in zip(padded, kernel, strides, dilations, strict=True)
    )


def shifted_views(x: Array, kernel: Sizes, strides: Sizes, dilations: Sizes) -> Iterator[tuple[Sizes, Array]]:
    """For each place in the kernel the elements of ``x`` (n, c, ...) under it, as a view (n, c, *output)."""
    outputs = output_sizes(x.shape[2:], kernel, strides, dilations)
    for place in itertools.product(*map(range, kernel)):
        slices = tuple(
            slice(index * dilation, index * dilation + (count - 1) * stride + 1, stride)
            for index, dilation, count, stride in zip(place, dilations, outputs, strides, strict=True)
        )
        yield place, x[(slice(None), slice(None), *slices)]
