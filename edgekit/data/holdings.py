"""Which photos are decoded already, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.data.segments import DIGEST_BYTES, Digests, Segment
from edgekit.data.store import MappedImages

NO_DIGEST = bytes(DIGEST_BYTES)


@dataclass(frozen=True)
class Holdings:
    """Some segments of one image format."""

    segments: tuple[Segment, ...] = ()

    def locate(self, digests: Sequence[bytes | None]) -> Places:
        """Finds photos by their content; the first segment that has one is taken."""
        wanted: Digests = np.array([digest or NO_DIGEST for digest in digests], f"S{DIGEST_BYTES}")
        which = np.full(len(wanted), -1, np.intp)
        rows = np.full(len(wanted), -1, np.int64)
        for number, segment in enumerate(self.segments):
            missing = np.flatnonzero(which < 0)
            if not len(missing):
                break
            found = segment.find(wanted[missing])
            here = missing[found >= 0]
            which[here], rows[here] = number, found[found >= 0]
        return Places(self.segments, which, rows)

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, bytes) and bool(self.locate([digest]).found.all())


@dataclass(frozen=True)
class Places:
    """Where photos lie.

    Attributes:
        segments: all that were searched.
        which: (n,) the segment of each photo, -1 where none has it.
        rows: (n,) its row there.
    """

    segments: tuple[Segment, ...]
    which: NDArray[np.intp]
    rows: NDArray[np.int64]

    @property
    def found(self) -> NDArray[np.bool_]:
        """(n,) whether some segment has it."""
        return self.which >= 0

    @property
    def used(self) -> tuple[Segment, ...]:
        """The segments that at least one photo lies in."""
        return tuple(self.segments[number] for number in np.unique(self.which[self.found]).tolist())

    def images(self) -> MappedImages:
        """The photos, all of which must have been found."""
        numbers = np.unique(self.which)
        pixels = [self.segments[number].pixels for number in numbers.tolist()]
        return MappedImages(pixels, np.searchsorted(numbers, self.which), self.rows)
