"""Activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.elementwise import erf
from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("relu", moves=True)
def relu(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0))


@kernel("relu6", moves=True)
def relu6(x: Array) -> Array:
    return np.asarray(np.clip(x, 0, 6))


@kernel("leaky_relu")
def leaky_relu(x: Array, alpha: Array) -> Array:
    return np.where(x >= 0, x, x * alpha)


@kernel("prelu")
def prelu(x: Array, alpha: Array) -> Array:
    """``alpha``: one value, or one for each channel (axis 1)."""
    return np.where(x >= 0, x, x * _channels(alpha, x))


@kernel("clamped_relu")
def clamped_relu(x: Array, alpha: Array, beta: Array) -> Array:
    return np.asarray(np.minimum(np.where(x >= 0, x, x * alpha), beta))


@kernel("thresholded_relu", moves=True)
def thresholded_relu(x: Array, alpha: Array) -> Array:
    return np.where(x >= alpha, x, np.zeros_like(x))


@kernel("linear_activation")
def linear_activation(x: Array, alpha: Array, beta: Array | float = 0.0) -> Array:
    return np.asarray(x * alpha + beta)


@kernel("elu")
def elu(x: Array, alpha: Array | float = 1.0) -> Array:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


@kernel("sigmoid")
def sigmoid(x: Array) -> Array:
    # exp of large negative numbers only: never overflows.
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


@kernel("sigmoid_hard")
def sigmoid_hard(x: Array, alpha: Array | float = 0.2, beta: Array | float = 0.5) -> Array:
    return np.asarray(np.clip(x * alpha + beta, 0, 1))


@kernel("silu")
def silu(x: Array) -> Array:
    return np.asarray(x * sigmoid(x))


@kernel("scaled_tanh")
def scaled_tanh(x: Array, alpha: Array | float = 1.0, beta: Array | float = 1.0) -> Array:
    return np.asarray(alpha * np.tanh(x * beta))


@kernel("softplus")
def softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


@kernel("softplus_parametric")
def softplus_parametric(x: Array, alpha: Array, beta: Array) -> Array:
    """``alpha * log(1 + exp(beta * x))`` with a value for each channel (axis 1)."""
    return np.asarray(_channels(alpha, x) * softplus(x * _channels(beta, x)))


@kernel("softsign")
def softsign(x: Array) -> Array:
    return np.asarray(x / (1 + np.abs(x)))


@kernel("softmax")
def softmax(x: Array, axis: Array | int = -1) -> Array:
    powers = np.exp(x - np.max(x, axis=int(axis), keepdims=True))
    return np.asarray(powers / np.sum(powers, axis=int(axis), keepdims=True))


@kernel("gelu")
def gelu(x: Array, mode: str = "EXACT") -> Array:
    if mode == "TANH_APPROXIMATION":
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))))
    if mode == "SIGMOID_APPROXIMATION":
        return np.asarray(x * sigmoid(1.702 * x))
    return np.asarray(0.5 * x * (1 + erf(x * np.float32(math.sqrt(0.5)))))


def _channels(parameter: Array, x: Array) -> Array:
    return np.asarray(parameter).reshape(-1, *[1] * (x.ndim - 2))
