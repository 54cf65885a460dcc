"""Operators that rearrange values: shapes, axes, joining, padding, blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]

_PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}
"""MIL's names to NumPy's."""


@kernel("reshape", moves=True)
def reshape(x: Array, shape: Array) -> Array:
    """``-1``: what is left; ``0``: the size of ``x`` in this place, counted from the last, or 1 beyond."""
    wanted = [int(size) for size in shape]
    offset = x.ndim - len(wanted)
    for place, size in enumerate(wanted):
        if size == 0:
            wanted[place] = x.shape[place + offset] if place + offset >= 0 else 1
    return x.reshape(wanted)


@kernel("reshape_like", moves=True)
def reshape_like(
    x: Array,
    ref_tensors: tuple[Array, ...],
    begins: tuple[Array, ...],
    ends: tuple[Array, ...],
    end_masks: tuple[Array, ...],
) -> Array:
    shape: list[int] = []
    for reference, begin, end, whole in zip(ref_tensors, begins, ends, end_masks, strict=True):
        shape.extend(reference.shape[int(begin) : None if whole else int(end)])
    return x.reshape(shape)


@kernel("transpose", moves=True)
def transpose(x: Array, perm: Array) -> Array:
    return x.transpose([int(axis) for axis in perm])


@kernel("squeeze", moves=True)
def squeeze(x: Array, axes: Array | None = None) -> Array:
    if axes is None:
        return np.squeeze(x)
    # Axes of other sizes than 1 stay, as in PyTorch.
    return np.squeeze(x, tuple(int(axis) for axis in axes if x.shape[int(axis)] == 1))


@kernel("expand_dims", moves=True)
def expand_dims(x: Array, axes: Array) -> Array:
    return np.expand_dims(x, tuple(int(axis) for axis in np.asarray(axes).ravel()))


@kernel("flatten2d", moves=True)
def flatten2d(x: Array, axis: Array | int = 1) -> Array:
    place = int(axis) % x.ndim if int(axis) < 0 else int(axis)
    return x.reshape(int(np.prod(x.shape[:place])), int(np.prod(x.shape[place:])))


@kernel("shape", moves=True)
def shape(x: Array) -> Array:
    return np.asarray(x.shape, np.int32)


@kernel("concat", moves=True)
def concat(values: tuple[Array, ...], axis: Array, interleave: Array | bool = False) -> Array:
    place = int(axis)
    if not interleave:
        return np.concatenate(values, axis=place)
    place = place % values[0].ndim
    sizes = list(values[0].shape)
    sizes[place] *= len(values)
    return np.stack(values, axis=place + 1).reshape(sizes)


@kernel("stack", moves=True)
def stack(values: tuple[Array, ...], axis: Array) -> Array:
    return np.stack(values, axis=int(axis))


@kernel("split", moves=True)
def split(
    x: Array, axis: Array, num_splits: Array | None = None, split_sizes: Array | None = None
) -> tuple[Array, ...]:
    if split_sizes is None:
        return tuple(np.split(x, int(np.asarray(num_splits)), axis=int(axis)))
    return tuple(np.split(x, np.cumsum(split_sizes)[:-1], axis=int(axis)))


@kernel("tile", moves=True)
def tile(x: Array, reps: Array) -> Array:
    return np.tile(x, [int(times) for times in reps])


@kernel("pad", moves=True)
def pad(x: Array, pad: Array, mode: str = "constant", constant_val: Array | float = 0.0) -> Array:
    """``pad``: before and after each of the last dimensions."""
    pairs = np.asarray(pad).reshape(-1, 2).tolist()
    widths = [[0, 0]] * (x.ndim - len(pairs)) + pairs
    if mode == "constant":
        return np.pad(x, widths, constant_values=np.asarray(constant_val, x.dtype))
    return np.pad(x, widths, mode=_PAD_MODES[mode])  # type: ignore[call-overload, no-any-return]


@kernel("reverse", moves=True)
def reverse(x: Array, axes: Array | None = None) -> Array:
    return np.flip(x, None if axes is None else tuple(int(axis) for axis in axes))


@kernel("reverse_sequence", moves=True)
def reverse_sequence(x: Array, lengths: Array, seq_axis: Array | int = 0, batch_axis: Array | int = 0) -> Array:
    answer = x.copy()
    ahead = np.moveaxis(answer, (int(batch_axis), int(seq_axis)), (0, 1))
    for row, length in zip(ahead, lengths, strict=True):
        row[: int(length)] = row[: int(length)][::-1].copy()
    return answer


@kernel("depth_to_space", moves=True)
def depth_to_space(x: Array, block_size: Array) -> Array:
    """TensorFlow's order: the block's place is the slower part of the channel."""
    n, channels, height, width = x.shape
    b = int(block_size)
    blocks = x.reshape(n, b, b, channels // (b * b), height, width).transpose(0, 3, 4, 1, 5, 2)
    return blocks.reshape(n, channels // (b * b), height * b, width * b)


@kernel("space_to_depth", moves=True)
def space_to_depth(x: Array, block_size: Array) -> Array:
    n, channels, height, width = x.shape
    b = int(block_size)
    blocks = x.reshape(n, channels, height // b, b, width // b, b).transpose(0, 3, 5, 1, 2, 4)
    return blocks.reshape(n, channels * b * b, height // b, width // b)


@kernel("pixel_shuffle", moves=True)
def pixel_shuffle(x: Array, upscale_factor: Array) -> Array:
    """PyTorch's order: the block's place is the faster part of the channel."""
    n, channels, height, width = x.shape
    f = int(upscale_factor)
    blocks = x.reshape(n, channels // (f * f), f, f, height, width).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, channels // (f * f), height * f, width * f)


@kernel("pixel_unshuffle", moves=True)
def pixel_unshuffle(x: Array, downscale_factor: Array) -> Array:
    n, channels, height, width = x.shape
    f = int(downscale_factor)
    blocks = x.reshape(n, channels, height // f, f, width // f, f).transpose(0, 1, 3, 5, 2, 4)
    return blocks.reshape(n, channels * f * f, height // f, width // f)


@kernel("space_to_batch", moves=True)
def space_to_batch(x: Array, block_shape: Array, paddings: Array) -> Array:
    """The block's place becomes the slower part of the batch, as in TensorFlow."""
    rows, columns = (int(size) for size in block_shape)
    x = np.pad(x, [(0, 0), (0, 0), *np.asarray(paddings).reshape(2, 2).tolist()])
    n, channels, height, width = x.shape
    blocks = x.reshape(n, channels, height // rows, rows, width // columns, columns).transpose(3, 5, 0, 1, 2, 4)
    return blocks.reshape(n * rows * columns, channels, height // rows, width // columns)


@kernel("batch_to_space", moves=True)
def batch_to_space(x: Array, block_shape: Array, crops: Array) -> Array:
    rows, columns = (int(size) for size in block_shape)
    n, channels, height, width = x.shape
    blocks = x.reshape(rows, columns, n // (rows * columns), channels, height, width).transpose(2, 3, 4, 0, 5, 1)
    whole = blocks.reshape(n // (rows * columns), channels, height * rows, width * columns)
    (top, bottom), (left, right) = np.asarray(crops).reshape(2, 2).tolist()
    return whole[:, :, top : height * rows - bottom, left : width * columns - right]
