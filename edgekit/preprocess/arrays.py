"""Frames: from arrays to Pillow images, without packing more pixels than are needed.

This is the way where :mod:`edgekit.preprocess.compiled` has no library for the machine.

Pillow keeps three channels in four bytes, and packing them costs more than averaging does. So the part
that is used is cut out of an array first, and where blocks of pixels are averaged (step 4 of the
definition), NumPy does that on the array itself; only the means become an image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.errors import UsageError
from edgekit.preprocess.workspace import workspace

Pixels = NDArray[np.uint8]

MOST_PIXELS_OF_A_BLOCK = 257
"""Their sum, up to 255 each, fits 16 bits."""

MAX_PIXELS = 178_956_970
"""Photos above this are refused before they are decoded: Pillow's own limit against decompression
bombs (``2 * MAX_IMAGE_PIXELS``), some 540 MB of RGB."""

BAND_BYTES = 2**19
"""Of sums that are worked on at once: those of a frame of 640x480, so that larger ones need no more memory."""


def check_array(array: NDArray[np.uint8]) -> Pixels:
    """(h, w), (h, w, 3) or (h, w, 4), all of them uint8.

    Raises:
        UsageError: another shape or dtype, or more than :data:`MAX_PIXELS` pixels.
    """
    if array.dtype != np.uint8:
        raise UsageError(
            f"An image array must be uint8 with values 0..255. Got: {array.dtype}. "
            "Convert it first, as in (array * 255).round().astype('uint8') for values 0..1."
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise UsageError(
            "An image array must have the shape (height, width) or (height, width, channels) with 1, 3 or 4 channels. "
            f"Got: {array.shape}."
        )
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise UsageError(f"An image array has at most {MAX_PIXELS:,} pixels. Got: {array.shape}. Scale it down first.")
    return array


def to_image(array: Pixels) -> Image.Image:
    """The mode ``L``, ``RGB`` or ``RGBA`` image of a checked array."""
    if array.ndim == 3 and array.shape[2] == 3:
        lines, order = _lines(array)
        return _rgb_image(lines, array.shape[1], order)
    return Image.fromarray(np.ascontiguousarray(array))


def can_reduce(array: Pixels, factors: tuple[int, int]) -> bool:
    """Whether :func:`reduce_array` does it."""
    return array.ndim == 3 and array.shape[2] == 3 and 1 < factors[0] * factors[1] <= MOST_PIXELS_OF_A_BLOCK


def reduce_array(array: Pixels, factors: tuple[int, int]) -> Image.Image:
    """Step 4 of the definition for (h, w, 3): the same bytes as ``to_image(array).reduce(factors)``, sooner.

    Args:
        array: checked, and :func:`can_reduce`.
        factors: pixels of x and of y that are averaged.

    Returns:
        Mode ``RGB``.
    """
    lines, order = _lines(array)
    (height, width), (fx, fy) = array.shape[:2], factors
    blocks = -(-height // fy), -(-width // fx), 4
    means = workspace.take("means", math.prod(blocks), np.uint8).reshape(blocks)
    for rows, out_rows, n_y in _parts(height, fy, max(BAND_BYTES // (6 * width), 1)):
        for columns, out_columns, n_x in _parts(width, fx, width):
            part = lines[rows, 3 * columns.start : 3 * columns.stop]
            _mean_blocks(part, n_x, n_y, means[out_rows, out_columns])
    return _rgb_image(means.reshape(len(means), -1), means.shape[1], f"{order}X")


def _lines(array: Pixels) -> tuple[Pixels, str]:
    """(h, 3 w) with a pixel's channels side by side, as a view where possible, and their order."""
    order = "RGB"
    if array.strides[2] == -1:  # OpenCV's frame[:, :, ::-1]: taken as it lies in memory, and turned round at the end
        array, order = array[:, :, ::-1], "BGR"
    if array.strides[1:] != (3, 1):
        array = np.ascontiguousarray(array)
    return array.reshape(array.shape[0], -1), order


def _rgb_image(lines: Pixels, width: int, order: str) -> Image.Image:
    return Image.frombytes("RGB", (width, len(lines)), np.ascontiguousarray(lines), "raw", order, 0, 1)


def _parts(size: int, factor: int, most: int) -> Iterator[tuple[slice, slice, int]]:
    """Where the blocks of one direction lie, where their means go, and how long a block is; the cut one comes last.

    Args:
        size: pixels in that direction.
        factor: pixels of a block.
        most: blocks of a part.
    """
    blocks, rest = divmod(size, factor)
    for start in range(0, blocks, most):
        stop = min(start + most, blocks)
        yield slice(start * factor, stop * factor), slice(start, stop), factor
    if rest:
        yield slice(blocks * factor, size), slice(blocks, blocks + 1), rest


def _mean_blocks(lines: Pixels, fx: int, fy: int, means: Pixels) -> None:
    """Means of whole blocks.

    Args:
        lines: (h * fy, 3 * w * fx).
        fx: pixels of a block from left to right.
        fy: pixels of a block from top to bottom.
        means: (h, w, 4), written to; the fourth value has no meaning.
    """
    height, width = len(lines) // fy, lines.shape[1] // 3
    # One more at the end: every pixel is read as four values, of which the last is the next pixel's first.
    sums = workspace.take("sums", height * width * 3 + 1, np.uint16)
    sums[-1] = 0
    down = sums[:-1].reshape(height, -1)
    if fy == 1:
        np.copyto(down, lines)
    else:
        np.add(lines[0::fy], lines[1::fy], out=down, dtype=np.uint16)
        for row in range(2, fy):
            np.add(down, lines[row::fy], out=down)
    # Pixels are added to those on their right, doubling the span, as long as that divides the block ...
    span, other = 1, workspace.take("other sums", len(sums), np.uint16)
    while fx % (2 * span) == 0:
        wider = other[: len(sums) - 3 * span]
        np.add(sums[: -3 * span], sums[3 * span :], out=wider)
        sums, other, span = wider, sums, 2 * span
    # ... and the spans of a block then, four values of 16 bits as one of 64: no sum overflows into its neighbour.
    shape, step = (height, width // fx), 3 * sums.itemsize
    total = workspace.take("total", height * (width // fx), np.uint64).reshape(shape)
    for start in range(0, fx, span):
        pixels = np.ndarray(shape, np.uint64, sums, start * step, (width * step, fx * step))
        if start == 0:
            np.copyto(total, pixels)
        else:
            np.add(total, pixels, out=total)
    _divide(total.view(np.uint16).reshape(means.shape), fx * fy, means)


def _divide(sums: NDArray[np.uint16], count: int, means: Pixels) -> None:
    """``((sum + count // 2) * (2**24 // count)) >> 24``; ``sums`` is worked on."""
    if count & (count - 1) == 0:
        # 2**24 // count is a power of two then, and the multiplication one shift less.
        sums += np.uint16(count // 2)
        sums >>= np.uint16(count.bit_length() - 1)
        np.copyto(means, sums, casting="unsafe")
    else:
        products = workspace.take("products", sums.size, np.uint32).reshape(sums.shape)
        np.add(sums, np.uint32(count // 2), out=products, dtype=np.uint32)  # else NumPy 1 adds in 16 bits
        products *= np.uint32(2**24 // count)
        products >>= np.uint32(24)
        np.copyto(means, products, casting="unsafe")
