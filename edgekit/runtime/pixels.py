"""From pixels 0..255 to the values of an input tensor.

EdgeKit's own models scale inside the graph, so their pixels are written as they are. Foreign models
may want them normalized outside, or quantized. A pixel has 256 values, so all of that is one table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Encoder = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""(..., h, w, c) uint8 to an array of the same shape that an engine takes."""


@dataclass(frozen=True)
class Normalization:
    """value = (pixel - mean) / std, one number for all channels or one for each."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def make_encoder(
    dtype: str, scale: float | None, zero_point: int, normalization: Normalization | None, channels: int
) -> Encoder:
    """The way from pixels to what is written into an input tensor.

    Args:
        dtype: of the tensor, ``float32`` or an integer.
        scale: of the tensor, ``None`` where it is not quantized.
        zero_point: of the tensor.
        normalization: what the model wants done to pixels outside of its graph.
        channels: of the image.
    """
    table = _table(dtype, scale, zero_point, normalization, channels)
    if (table == np.arange(256)).all():
        return _unchanged
    if (table == table[:1]).all():
        return functools.partial(np.take, table[0])
    columns = np.arange(channels)
    return lambda pixels: table[columns, pixels]


def _unchanged(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return pixels


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
