"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.activation import softmax
from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("linear")
def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """``x @ weight.T + bias``."""
    answer: Array = np.matmul(x, weight.T)
    return answer if bias is None else answer + bias


@kernel("matmul")
def matmul(x: Array, y: Array, transpose_x: Array | bool = False, transpose_y: Array | bool = False) -> Array:
    if transpose_x and x.ndim > 1:
        x = np.swapaxes(x, -1, -2)
    if transpose_y and y.ndim > 1:
        y = np.swapaxes(y, -1, -2)
    return np.asarray(np.matmul(x, y))


@kernel("einsum")
def einsum(values: tuple[Array, ...], equation: str) -> Array:
    # Batch dimensions of size 1 broadcast in MIL, which NumPy allows as well.
    return np.asarray(np.einsum(equation, *values, optimize=True))


@kernel("scaled_dot_product_attention")
def scaled_dot_product_attention(query: Array, key: Array, value: Array, attn_mask: Array | None = None) -> Array:
    """``softmax(query @ key.T / sqrt(size) + mask) @ value``; a mask of bools keeps where it is true."""
    scores = np.matmul(query, np.swapaxes(key, -1, -2)) * np.float32(1 / math.sqrt(query.shape[-1]))
    if attn_mask is not None:
        scores = np.where(attn_mask, scores, -np.inf) if attn_mask.dtype == bool else scores + attn_mask
    return np.asarray(np.matmul(softmax(scores.astype(np.float32)), value))
