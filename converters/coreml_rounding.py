"""Rounding a convolution's kernels so that their sums stay.

What a kernel sees is nearly the same at all of its places: photos are smooth, and so are the feature maps
of the first layers. Its answer is then the sum of its weights, times the mean of what it sees, plus
little. Many kernels find edges, and their weights of both signs add up to nothing. Rounding each to the
nearest leaves a sum that is not nothing, which the mean multiplies: the same shift at every place of every
photo, which no later layer averages out. So each kernel is rounded as a whole: where its sum moved, the
weights go to their other neighbour that cost least.

Of MobileNetV2 0.35, trained on flowers, one layer of 16 such kernels alone made five sixths of the error of
float16. The idea is that of choosing up or down by what a layer answers, and not by each weight (Nagel et
al., "Up or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020); with the sum in place of
samples, it needs no data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUGHNESS = 0.01
"""The share of the power of what a kernel sees that is not its mean: neighbouring pixels of photos differ by
a tenth of their values. From 0.1 to 0.001 the result is the same."""

_PART_VALUES = 1 << 18
"""Weights at a time: 2 MB in float64, a few times."""

LEVELS = 127
"""The largest integer of symmetric 8-bit weights."""


def round_to_half(weights: NDArray[Any]) -> NDArray[np.float32]:
    """Weights that are float16 values, each kernel's sum the nearest that up and down allow.

    Args:
        weights: (outputs, inputs, *kernel). A kernel is what one output has for one input.

    Returns:
        As float32. Kernels beyond float16's range are left as they are.
    """
    return _in_parts(weights, _half_part)


def round_to_steps(weights: NDArray[Any], dtype: type[np.floating[Any]]) -> NDArray[np.float32]:
    """Weights on the steps of 8-bit integers with a scale for each output, each kernel's sum kept.

    The greatest weight of an output stays, so that a quantizer finds the same scale again, and in each
    other weight the integer that it stands for.

    Args:
        weights: (outputs, inputs, *kernel), or (outputs, inputs).
        dtype: of the stored scale and of the arithmetic that finds it, as in ``coremltools.optimize``.

    Returns:
        As float32. Outputs without a weight that is not 0, or with one that is no number, are left as they are.
    """
    return _in_parts(weights, lambda part: _steps_part(part, dtype))


def _half_part(weights: NDArray[Any]) -> Array:
    kernels = _as_kernels(weights)
    with np.errstate(over="ignore"):
        near = kernels.astype(np.float16)
    below = np.where(near > kernels, np.nextafter(near, np.float16(-np.inf)), near).astype(np.float64)
    above = np.where(near < kernels, np.nextafter(near, np.float16(np.inf)), near).astype(np.float64)
    sound = np.isfinite(below).all(axis=1) & np.isfinite(above).all(axis=1)
    kernels[sound] = keep_sums(kernels[sound], below[sound], above[sound])
    return kernels


def _steps_part(weights: NDArray[Any], dtype: type[np.floating[Any]]) -> Array:
    kernels = _as_kernels(weights)
    with np.errstate(over="ignore"):
        greatest = np.abs(weights).max(axis=tuple(range(1, weights.ndim))).astype(dtype)
        scale = (2 * greatest / dtype(2 * LEVELS)).astype(np.float64)
    usable = np.isfinite(scale) & (scale > 0)
    of_kernel = np.repeat(np.arange(len(weights)), weights.shape[1])
    steps = np.where(usable, scale, 1.0)[of_kernel, None]
    places = kernels / steps
    nearest = np.clip(np.round(places), -LEVELS, LEVELS)
    fixed = (np.abs(kernels) >= greatest.astype(np.float64)[of_kernel, None]) | ~usable[of_kernel, None]
    if kernels.shape[1] == 1:
        rounded = nearest * steps
    else:
        below, above = (np.clip(bound(places), -LEVELS, LEVELS) for bound in (np.floor, np.ceil))
        below, above = (np.where(fixed, nearest, bound) * steps for bound in (below, above))
        rounded = keep_sums(kernels, below, above)
    return np.where(fixed, kernels, rounded)


def keep_sums(values: Array, below: Array, above: Array) -> Array:
    """Rounds each row to ``below`` or ``above`` so that its sum stays near.

    Begins with the nearest and moves one value after the other, the best first, as long as that lowers
    the square of the sum of the errors plus :data:`ROUGHNESS` times the sum of their squares.

    Args:
        values: (rows, n).
        below: of the same shape, at most ``values``.
        above: likewise at least, finite both.
    """
    to_below, to_above = below - values, above - values
    nearer = -to_below <= to_above
    error, other = np.where(nearer, to_below, to_above), np.where(nearer, to_above, to_below)
    rows = np.arange(len(values))
    for _ in range(values.shape[1]):
        total = error[rows].sum(axis=1, keepdims=True)
        moved = other[rows] - error[rows]
        gain = -moved * (2 * total + moved) - ROUGHNESS * (np.square(other[rows]) - np.square(error[rows]))
        best = gain.argmax(axis=1)
        better = gain[np.arange(len(rows)), best] > 0
        rows, best = rows[better], best[better]
        if not len(rows):
            break
        error[rows, best], other[rows, best] = other[rows, best], error[rows, best]
    return np.asarray(values + error)


def _as_kernels(weights: NDArray[Any]) -> Array:
    """(outputs * inputs, places of the kernel)."""
    return weights.reshape(-1, math.prod(weights.shape[2:])).astype(np.float64)


def _in_parts(weights: NDArray[Any], function: Callable[[NDArray[Any]], Array]) -> NDArray[np.float32]:
    """Outputs are independent of each other; a dense layer of VGG16 would take gigabytes at once."""
    answer = np.empty(weights.shape, np.float32)
    size = max(1, _PART_VALUES // (math.prod(weights.shape[1:]) or 1))
    for start in range(0, len(weights), size):
        part = slice(start, start + size)
        answer[part] = function(weights[part]).reshape(answer[part].shape)
    return answer
