"""The two ways to hand out prepared photos: from the memory map, or decoded on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgekit.data.buffers import BatchBuffers
from edgekit.data.dataset import Indices, Pixels
from edgekit.data.parallel import ordered_map
from edgekit.data.records import Content, Row
from edgekit.preprocess import prepare
from edgekit.spec import ImageFormat


class MappedImages:
    """Photos in memory-mapped segments.

    Args:
        segments: arrays (rows, h, w, c), all of one format.
        which: (n,) the segment of each photo.
        rows: (n,) its row there.
    """

    def __init__(self, segments: Sequence[Pixels], which: NDArray[np.intp], rows: NDArray[np.int64]) -> None:
        self._segments = tuple(segments)
        self._which = which
        self._rows = rows
        self._buffers = BatchBuffers()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every photo."""
        _, height, width, channels = self._segments[0].shape
        return (height, width, channels)

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Indices) -> Pixels:
        """The photos at ``indices``: a new array (n, h, w, c) of uint8."""
        which, rows = self._which[indices], self._rows[indices]
        taken: Pixels = self._buffers.empty((len(rows), *self.shape), np.uint8)
        if len(self._segments) == 1:
            # The rows are known to exist; without "clip", NumPy would write to memory of its own first.
            return np.take(self._segments[0], rows, axis=0, out=taken, mode="clip")
        for place, (number, row) in enumerate(zip(which.tolist(), rows.tolist(), strict=True)):
            taken[place] = self._segments[number][row]
        return taken

    def subset(self, indices: Indices) -> MappedImages:
        """The same photos, fewer of them; nothing is copied."""
        return MappedImages(self._segments, self._which[indices], self._rows[indices])


class StreamedImages:
    """Photos that are decoded whenever they are asked for, on all cores.

    Args:
        contents: paths, the bytes of image files, or pixels.
        names: what to call each in an error.
        image: what they are turned into.
    """

    def __init__(self, contents: Sequence[Content], names: Sequence[str], image: ImageFormat) -> None:
        self._contents = contents
        self._names = names
        self._image = image

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every photo."""
        return self._image.shape

    def __len__(self) -> int:
        return len(self._contents)

    def take(self, indices: Indices) -> Pixels:
        """The photos at ``indices``: a new array (n, h, w, c) of uint8.

        Raises:
            ImageError: a photo can no longer be read.
        """
        taken = np.empty((len(indices), *self.shape), np.uint8)
        with contextlib.closing(ordered_map(self._decode, indices.tolist())) as decoded:
            for place, pixels in enumerate(decoded):
                taken[place] = pixels
        return taken

    def subset(self, indices: Indices) -> StreamedImages:
        """The same photos, fewer of them."""
        chosen = indices.tolist()
        return StreamedImages([self._contents[i] for i in chosen], [self._names[i] for i in chosen], self._image)

    def _decode(self, index: int) -> Pixels:
        content = self._contents[index]
        source = content.read() if isinstance(content, Row) else content
        return prepare(source, self._image, self._names[index])
