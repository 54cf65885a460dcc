"""Photos that come as arrays: their shapes, and rows of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.ranges import Scale, to_bytes
from edgekit.errors import DataError

CHANNELS = (1, 3, 4)
"""Greyscale, RGB, and RGB with transparency."""


class ArrayPixels:
    """Photos in memory, converted when they are read.

    Args:
        photos: an array (n, h, w, c), or photos (h, w, c) of different sizes; of any numeric type.
        scale: what its values mean.
    """

    def __init__(self, photos: NDArray[Any] | Sequence[NDArray[Any]], scale: Scale) -> None:
        self._photos = photos
        self._scale = scale

    @property
    def uniform(self) -> NDArray[np.uint8] | None:
        """All photos as one array, where nothing has to be converted for that."""
        photos = self._photos
        if isinstance(photos, np.ndarray) and photos.dtype == np.uint8 and self._scale == "bytes":
            return photos
        return None

    def __len__(self) -> int:
        return len(self._photos)

    def read(self, index: int) -> NDArray[np.uint8]:
        """(h, w, c) uint8, values 0..255."""
        return to_bytes(self._photos[index], self._scale)


def digest_pixels(pixels: NDArray[Any]) -> bytes:
    """SHA-256 of the shape and the values."""
    content = hashlib.sha256(repr((pixels.shape, pixels.dtype.str)).encode())
    content.update(np.ascontiguousarray(pixels).data)
    return content.digest()


def with_channels(photos: NDArray[Any], name: str) -> NDArray[Any]:
    """(n, h, w, c) from (n, h, w) or (n, h, w, c); nothing is copied.

    Raises:
        DataError: another shape.
    """
    if photos.ndim == 3:
        photos = photos[..., np.newaxis]
    if photos.ndim != 4:
        raise DataError(
            f"{name} must have the shape (n, height, width) or (n, height, width, channels). Got: {photos.shape}. "
            "Data that are no photos need a model of your own that takes this shape."
        )
    _check_photo(photos.shape[1:], name, photos.shape)
    return photos


def photo_with_channels(photo: NDArray[Any], name: str) -> NDArray[Any]:
    """(h, w, c) from (h, w) or (h, w, c); nothing is copied.

    Raises:
        DataError: another shape.
    """
    if photo.ndim == 2:
        photo = photo[..., np.newaxis]
    if photo.ndim != 3:
        raise DataError(f"{name} must have the shape (height, width) or (height, width, channels). Got: {photo.shape}.")
    _check_photo(photo.shape, name, photo.shape)
    return photo


def _check_photo(shape: tuple[int, ...], name: str, whole: tuple[int, ...]) -> None:
    if 0 in shape:
        raise DataError(f"{name} has photos without pixels. Got the shape: {whole}.")
    if shape[2] in CHANNELS:
        return
    if shape[0] in CHANNELS:
        axes = "(1, 2, 0)" if len(whole) == 3 else "(0, 2, 3, 1)"
        raise DataError(
            f"{name} has its channels first. Got the shape: {whole}. Put them last, as in x.transpose{axes}."
        )
    raise DataError(f"{name} must have 1, 3 or 4 channels, which come last. Got the shape: {whole}.")
