"""From pixels 0..255 to the values of an input tensor.

EdgeKit's own models scale inside the graph, so their pixels are written as they are. Foreign models
may want them normalized outside, or quantized. A pixel has 256 values, so all of that is one table.
Arithmetic on whole lines is faster than looking pixels up in it, and is used where it gives the
table's values to the last bit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Fill = Callable[[Pixels, NDArray[Any]], None]
"""Writes pixels (..., h, w, c) into an array of the same shape and of the tensor's dtype. Fails at nothing."""


@dataclass(frozen=True)
class Normalization:
    """value = (pixel - mean) / std, one number for all channels or one for each."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Encoder:
    """The way from pixels to what is written into an input tensor.

    Args:
        dtype: of the tensor.
        fill: writes the values of pixels in place.
        unchanged: whether the values are the pixels' own.
    """

    def __init__(self, dtype: np.dtype[Any], fill: Fill, unchanged: bool) -> None:
        self.dtype = dtype
        self.fill = fill
        self.unchanged = unchanged

    def __call__(self, pixels: Pixels) -> NDArray[Any]:
        """(..., h, w, c) uint8 to an array of the same shape that an engine takes; unchanged pixels as they are."""
        if self.unchanged:
            return pixels
        values = np.empty(pixels.shape, self.dtype)
        self.fill(pixels, values)
        return values


def make_encoder(
    dtype: str, scale: float | None, zero_point: int, normalization: Normalization | None, channels: int
) -> Encoder:
    """The encoder of one input tensor.

    Args:
        dtype: of the tensor, ``float32`` or an integer.
        scale: of the tensor, ``None`` where it is not quantized.
        zero_point: of the tensor.
        normalization: what the model wants done to pixels outside of its graph.
        channels: of the image.
    """
    table = _table(dtype, scale, zero_point, normalization, channels)
    every_pixel = np.repeat(np.arange(256, dtype=np.uint8), channels).reshape(256, channels)
    unchanged = bool((every_pixel == table.T).all())
    for fill in _ways(table, normalization):
        values = np.empty(every_pixel.shape, table.dtype)
        fill(every_pixel, values)
        if values.tobytes() == table.T.tobytes():
            return Encoder(table.dtype, fill, unchanged)
    if (table == table[:1]).all():
        return Encoder(table.dtype, functools.partial(_look_up, table[0]), unchanged)
    return Encoder(table.dtype, functools.partial(_look_up_channels, table), unchanged)


def _ways(table: NDArray[Any], normalization: Normalization | None) -> Iterator[Fill]:
    """What is faster than the table, the fastest first; whether it is right is for the caller to find out."""
    yield _copy
    if table.dtype.itemsize == 1:
        yield functools.partial(_add, table[:1, 0].view(np.uint8)[0])
    elif table.dtype == np.float32 and normalization is not None:
        mean, std = np.float32(normalization.mean[0]), np.float32(normalization.std[0])
        yield functools.partial(_subtract_and, np.multiply, mean, np.float32(1) / std)
        yield functools.partial(_subtract_and, np.divide, mean, std)


def _copy(pixels: Pixels, values: NDArray[Any]) -> None:
    np.copyto(values, pixels, casting="unsafe")


def _add(shift: np.uint8, pixels: Pixels, values: NDArray[Any]) -> None:
    np.add(pixels, shift, out=values.view(np.uint8))  # uint8 to int8 is a shift by 128, either way round


def _subtract_and(
    then: np.ufunc, mean: np.float32, factor: np.float32, pixels: Pixels, values: NDArray[np.float32]
) -> None:
    np.subtract(pixels, mean, out=values, dtype=np.float32)
    then(values, factor, out=values)


def _look_up(table: NDArray[Any], pixels: Pixels, values: NDArray[Any]) -> None:
    np.take(table, pixels, out=values, mode="clip")  # "raise" would work on a copy of values


def _look_up_channels(table: NDArray[Any], pixels: Pixels, values: NDArray[Any]) -> None:
    for channel, entries in enumerate(table):
        values[..., channel] = entries[pixels[..., channel]]


def _table(
    dtype: str, scale: float | None, zero_point: int, normalization: Normalization | None, channels: int
) -> NDArray[Any]:
    """(channels, 256): the stored value of each pixel value."""
    values = np.tile(np.arange(256, dtype=np.float64), (channels, 1))
    if normalization is not None:
        values = (values - _per_channel(normalization.mean, channels)) / _per_channel(normalization.std, channels)
    if scale is None:
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    # floor(x + 0.5) as in TFLite's own QUANTIZE (TfLiteRound): NumPy's rint would round halves to even.
    stored = np.floor(values / scale + 0.5) + zero_point
    return np.asarray(np.clip(stored, limits.min, limits.max), dtype)


def _per_channel(values: tuple[float, ...], channels: int) -> NDArray[np.float64]:
    return np.broadcast_to(np.asarray(values, np.float64), (channels,)).reshape(channels, 1)
