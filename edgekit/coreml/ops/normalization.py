"""Normalization."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("batch_norm")
def batch_norm(
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: Array | float = 1e-5,
) -> Array:
    """Over the channels (axis 1) of (n, c, ...), with given statistics."""
    ones = [1] * (x.ndim - 2)
    scale = 1 / np.sqrt(variance + epsilon)
    scale = scale if gamma is None else scale * gamma
    shift = -mean * scale if beta is None else beta - mean * scale
    return np.asarray(x * scale.reshape(-1, *ones) + shift.reshape(-1, *ones), np.float32)


@kernel("instance_norm")
def instance_norm(
    x: Array, gamma: Array | None = None, beta: Array | None = None, epsilon: Array | float = 1e-5
) -> Array:
    """Each channel of each sample over its spatial dimensions."""
    ones = [1] * (x.ndim - 2)
    answer = _standardize(x, tuple(range(2, x.ndim)), epsilon)
    answer = answer if gamma is None else answer * gamma.reshape(-1, *ones)
    return answer if beta is None else answer + beta.reshape(-1, *ones)


@kernel("layer_norm")
def layer_norm(
    x: Array,
    axes: Array | None = None,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: Array | float = 1e-5,
) -> Array:
    """Over ``axes`` (default: all); ``gamma`` and ``beta`` have the shape of these axes."""
    places = tuple(range(x.ndim)) if axes is None else tuple(int(axis) % x.ndim for axis in axes)
    shape = [size if place in places else 1 for place, size in enumerate(x.shape)]
    answer = _standardize(x, places, epsilon)
    answer = answer if gamma is None else answer * gamma.reshape(shape)
    return answer if beta is None else answer + beta.reshape(shape)


@kernel("l2_norm")
def l2_norm(x: Array, epsilon: Array | float = 1e-6) -> Array:
    """Over the last three dimensions."""
    return np.asarray(x / np.sqrt(np.sum(np.square(x), axis=(-3, -2, -1), keepdims=True) + epsilon), np.float32)


@kernel("local_response_norm")
def local_response_norm(
    x: Array,
    size: Array,
    alpha: Array | float = 1e-4,
    beta: Array | float = 0.75,
    k: Array | float = 1.0,
) -> Array:
    """Each channel by its neighbours' squares: ``x / (k + alpha / size * sum) ** beta``."""
    before = (int(size) - 1) // 2
    padded = np.pad(np.square(x), [(0, 0), (before, int(size) - 1 - before), *[(0, 0)] * (x.ndim - 2)])
    total = sum(padded[:, start : start + x.shape[1]] for start in range(int(size)))
    return np.asarray(x / (k + alpha / int(size) * total) ** beta, np.float32)


def _standardize(x: Array, axes: tuple[int, ...], epsilon: Array | float) -> Array:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    spread = np.sqrt(np.mean(np.square(centred), axis=axes, keepdims=True) + epsilon)
    return np.asarray(centred / spread, np.float32)
