"""``constexpr_*``: weights stored quantized, palettized or sparse, and what they stand for.

They are unpacked once, when the file is opened. Integers of fewer than 8 bits arrive as ``int8`` or
``uint8``; only the older forms (iOS 16) pack several into a byte themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("constexpr_affine_dequantize")
def constexpr_affine_dequantize(quantized_data: Array, zero_point: Array, scale: Array, axis: Array) -> Array:
    """``scale * (data - zero_point)``, one of each or one for each place of ``axis``."""
    shape = [1] * quantized_data.ndim
    shape[int(axis)] = -1
    scales, zeros = (
        np.asarray(values, np.float32).reshape(shape if np.ndim(values) else [1] * quantized_data.ndim)
        for values in (scale, zero_point)
    )
    return np.asarray(scales * (quantized_data.astype(np.float32) - zeros))


@kernel("constexpr_blockwise_shift_scale")
def constexpr_blockwise_shift_scale(data: Array, scale: Array, offset: Array | None = None) -> Array:
    """``scale * (data - offset)``, where each scale belongs to a block of equal size."""
    values = data.astype(np.float32)
    if offset is not None:
        values = values - _spread(offset, data.shape).astype(np.float32)
    return np.asarray(values * _spread(scale, data.shape))


@kernel("constexpr_cast", moves=True)
def constexpr_cast(source_val: Array, output_dtype: str) -> Array:
    return source_val.astype(np.float32)


@kernel("constexpr_lut_to_dense", moves=True)
def constexpr_lut_to_dense(
    indices: Array, lut: Array, shape: Array | None = None, vector_axis: Array | None = None
) -> Array:
    """Indices into a table.

    Args:
        indices: iOS 16: bytes in which ``log2(len(lut))`` bits each are packed, the lowest first; iOS 18:
            one number each, in the weight's shape.
        lut: iOS 16: (entries,); iOS 18: (*blocks, entries, vector), one table for each block of indices.
        shape: of the weight (iOS 16 only).
        vector_axis: the axis along which each entry's vector is laid out.
    """
    if shape is not None:
        wanted = [int(size) for size in shape]
        bits = int(np.log2(lut.size))
        return np.asarray(lut.ravel()[_unpack(indices, bits, int(np.prod(wanted)))].reshape(wanted))
    entries, vector = lut.shape[-2:]
    blocks = lut.shape[:-2]
    # The number of each element's table, then one look-up in all tables at once.
    tables = _spread(np.arange(int(np.prod(blocks))).reshape(blocks), indices.shape)
    found = lut.reshape(-1, vector)[tables * entries + indices.astype(np.int64)]
    if vector == 1:
        return np.asarray(found[..., 0])
    axis = int(np.asarray(vector_axis)) % indices.ndim
    laid_out = np.moveaxis(found, -1, axis + 1)
    sizes = list(indices.shape)
    sizes[axis] *= vector
    return np.asarray(laid_out.reshape(sizes))


@kernel("constexpr_sparse_to_dense", moves=True)
def constexpr_sparse_to_dense(nonzero_data: Array, mask: Array, shape: Array | None = None) -> Array:
    """Zeros, but for the places of the mask (iOS 16: one bit each, packed; iOS 18: one number each)."""
    if shape is not None:
        wanted = [int(size) for size in shape]
        mask = _unpack(mask, 1, int(np.prod(wanted))).reshape(wanted)
    answer = np.zeros(mask.shape, nonzero_data.dtype)
    answer[mask != 0] = nonzero_data
    return answer


@kernel("constexpr_lut_to_sparse", moves=True)
def constexpr_lut_to_sparse(
    indices_mask: Array, indices_nonzero_data: Array, lut: Array, vector_axis: Array | None = None
) -> tuple[Array, Array]:
    dense = constexpr_lut_to_dense(
        constexpr_sparse_to_dense(indices_nonzero_data, indices_mask), lut, vector_axis=vector_axis
    )
    mask = indices_mask
    if lut.shape[-1] > 1:
        mask = np.repeat(indices_mask, lut.shape[-1], axis=int(np.asarray(vector_axis)))
    return mask, dense[mask != 0]


@kernel("constexpr_sparse_blockwise_shift_scale")
def constexpr_sparse_blockwise_shift_scale(
    data_mask: Array, nonzero_data: Array, scale: Array, offset: Array | None = None
) -> tuple[Array, Array]:
    dense = constexpr_blockwise_shift_scale(constexpr_sparse_to_dense(nonzero_data, data_mask), scale, offset)
    return data_mask, dense[data_mask != 0]


def _spread(blocks: Array, shape: tuple[int, ...]) -> Array:
    """Repeats each value over its block, up to ``shape``."""
    for axis, size in enumerate(shape):
        if blocks.shape[axis] not in (1, size):
            blocks = np.repeat(blocks, size // blocks.shape[axis], axis=axis)
    return np.broadcast_to(blocks, shape)


def _unpack(packed: Array, bits: int, count: int) -> Array:
    """Numbers of ``bits`` bits each from bytes, the lowest bit first."""
    stream = np.unpackbits(np.asarray(packed, np.uint8), bitorder="little")[: count * bits]
    weights = 1 << np.arange(bits, dtype=np.int64)
    return np.asarray(stream.reshape(count, bits) @ weights)
