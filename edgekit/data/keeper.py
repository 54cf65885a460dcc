"""Keeping decoded photos for as long as the disk takes them."""

from __future__ import annotations

from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from edgekit.data.cache import PixelCache
from edgekit.data.segments import Segment, SegmentWriter
from edgekit.files import output_error
from edgekit.progress import Progress


class Keeper:
    """Writes what is decoded into a new segment; the first failure ends that, with one warning.

    A context manager: what has not been committed is removed.

    Attributes:
        segment: the new segment, once committed and not empty.
        failed: whether the disk has refused something.
    """

    def __init__(self, cache: PixelCache | None, progress: Progress) -> None:
        self.segment: Segment | None = None
        self.failed = False
        self._cache = cache
        self._progress = progress
        self._writer: SegmentWriter | None = None

    def add(self, digest: bytes, pixels: NDArray[np.uint8]) -> None:
        """Keeps one photo, if possible."""
        if self._cache is None or self.failed:
            return
        try:
            # Not before there is something to write: a cache that has it all may be read-only.
            self._writer = self._writer or self._cache.writer()
            self._writer.add(digest, pixels)
        except OSError as error:
            self._give_up(error)

    def commit(self) -> None:
        """Makes what was added a segment."""
        if self._writer and not self.failed:
            try:
                self.segment = self._writer.commit()
            except OSError as error:
                self._give_up(error)

    def tell(self, error: OSError) -> None:
        """Warns that the disk refuses something, unless that has been said."""
        if not self.failed and self._cache:
            self._progress.warn(cache_problem(str(output_error(self._cache.directory, error))))

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._discard()

    def _give_up(self, error: OSError) -> None:
        self.tell(error)
        self.failed = True
        self._discard()

    def _discard(self) -> None:
        if self._writer:
            self._writer.close()
            self._writer = None


def cache_problem(reason: str) -> str:
    """The sentence for a cache that cannot be used."""
    return (
        f"Decoded photos cannot be kept for the next run: {reason.rstrip('.')}. "
        "They are decoded whenever they are needed, which is slower."
    )
