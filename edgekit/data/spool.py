"""Photos that come one after the other and only once: written to a file that nobody else sees.

What is held in memory is a few numbers for each photo. The file has no name (on Windows: is removed by
the system), so it goes with the last object that uses it, and with a killed process.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.dataset import CachePolicy
from edgekit.data.pixels import digest_pixels, with_channels
from edgekit.data.ranges import Scale, ValueRange, to_bytes
from edgekit.errors import DataError
from edgekit.files import cache_directory, output_error

_REWRITE_BYTES = 16 * 2**20

_HALF = 128
"""What 0.5 of 0..1 has become in bytes."""


class Spool:
    """Takes photos in; :meth:`pixels` gives them out.

    Whether white is 255 or 1 is known only when all have been seen. Until a value above 1 turns up,
    floating-point photos are taken for 0..1 and written as bytes; if one does, what was written
    must have been values 0 and 1 of 0..255, and is rewritten.

    Args:
        name: what the photos are called in errors.
        policy: where the file lies, and how large it may be.
    """

    def __init__(self, name: str, policy: CachePolicy) -> None:
        self.digests: list[bytes] = []
        self._name = name
        self._limit = policy.limit_bytes
        self._range = ValueRange(f"the photos of {name}")
        self._whole: bool | None = None
        self._scale: Scale = "unit"
        self._shapes: list[tuple[int, ...]] = []
        self._size = 0
        self._folder = _folder(policy)
        self._file = _temporary_file(self._folder)

    def __len__(self) -> int:
        return len(self._shapes)

    def add(self, photos: NDArray[Any], place: str) -> None:
        """Takes photos of one size in.

        Args:
            photos: (n, h, w) or (n, h, w, c), of any numeric type.
            place: names them in an error.

        Raises:
            DataError: the wrong shape, type or range; or too many.
            OutputError: the disk is full.
        """
        photos = with_channels(photos, place)
        self._range.add(photos, place)
        whole = photos.dtype.kind in "ui"
        if self._whole not in (None, whole):
            raise DataError(f"{place} is {photos.dtype}; the photos before it are of another type. Make them the same.")
        self._whole = whole
        if self._scale == "unit" and (whole or (photos.dtype.kind == "f" and self._range.high > 1.001)):
            self._rewrite()
            self._scale = "bytes"
        pixels = np.ascontiguousarray(to_bytes(photos, self._scale) if self._in_range(photos) else _wrapped(photos))
        if self._size + pixels.nbytes > self._limit:
            raise DataError(
                f"{self._name} gave {self._size / 1e9:,.1f} GB of photos ({len(self):,}) and goes on, which is the "
                "cache's limit. If it never ends, say how much to take with steps; else raise that limit."
            )
        try:
            self._file.write(pixels.data)
        except OSError as error:
            raise output_error(self._folder, error) from error
        self._size += pixels.nbytes
        self._shapes += [pixels.shape[1:]] * len(pixels)
        self.digests += [digest_pixels(photo) for photo in pixels]

    def pixels(self) -> SpooledPixels:
        """All photos, mapped from the file.

        Raises:
            DataError: their values are neither 0..1 nor 0..255.
            OutputError: the disk is full.
        """
        self._range.scale()
        try:
            self._file.flush()
        except OSError as error:
            raise output_error(self._folder, error) from error
        return SpooledPixels(self._file, self._shapes)

    def _in_range(self, photos: NDArray[Any]) -> bool:
        return photos.dtype.kind != "i" or (self._range.low >= 0 and self._range.high <= 255)

    def _rewrite(self) -> None:
        """Makes 0..255 of what was taken for 0..1."""
        if not self._size:
            return
        self._file.flush()
        written = np.memmap(self._file, np.uint8, "r+", shape=(self._size,))
        for start in range(0, self._size, _REWRITE_BYTES):
            part = written[start : start + _REWRITE_BYTES]
            part[:] = part >= _HALF
        written.flush()
        self._file.seek(0, os.SEEK_END)
        before = SpooledPixels(self._file, self._shapes)
        self.digests = [digest_pixels(before.read(index)) for index in range(len(before))]


class SpooledPixels:
    """Photos in a file.

    Args:
        file: kept open, since its name may be gone.
        shapes: (h, w, c) of each photo, in the order of the file.
    """

    def __init__(self, file: IO[bytes], shapes: Sequence[tuple[int, ...]]) -> None:
        self._file = file
        self._shapes = tuple(shapes)
        ends = np.cumsum([math.prod(shape) for shape in shapes], dtype=np.int64)
        self._starts = np.concatenate([[0], ends])
        # As a plain array: each slice of a memmap pays for the subclass.
        self._bytes = np.memmap(file, np.uint8, "r", shape=(int(self._starts[-1]),)).view(np.ndarray)

    @property
    def uniform(self) -> NDArray[np.uint8] | None:
        """All photos as one array, where they have one size."""
        if len(set(self._shapes)) != 1:
            return None
        return self._bytes.reshape(len(self._shapes), *self._shapes[0])

    def __len__(self) -> int:
        return len(self._shapes)

    def read(self, index: int) -> NDArray[np.uint8]:
        """(h, w, c) uint8, values 0..255."""
        return self._bytes[self._starts[index] : self._starts[index + 1]].reshape(self._shapes[index])


def _wrapped(photos: NDArray[Any]) -> NDArray[np.uint8]:
    """Stands in for values out of range, which are refused at the end with the whole range in the message."""
    clipped: NDArray[np.uint8] = np.clip(photos, 0, 255).astype(np.uint8)
    return clipped


def _folder(policy: CachePolicy) -> Path:
    if policy.enabled:
        with contextlib.suppress(OSError):
            folder = cache_directory(policy.directory) / "streams"
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return Path(tempfile.gettempdir())


def _temporary_file(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder, prefix="edgekit-")
    except OSError as error:
        raise output_error(folder, error) from error
