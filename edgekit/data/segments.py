"""One immutable file of decoded photos, found by their content digests.

A segment is a folder of two files: ``pixels.bin``, the uint8 rows one after the other, and
``rows.bin``, the sorted digests with the row of each. It is written under a temporary name and
renamed when it is whole, so that whatever has a segment's name is one.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
import shutil
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

if sys.platform != "win32":
    import fcntl

PIXELS = "pixels.bin"
ROWS = "rows.bin"
TEMPORARY = ".tmp-"

DIGEST_BYTES = 32
_ROW = np.dtype([("digest", f"S{DIGEST_BYTES}"), ("row", "<u8")])

_SYNC_BYTES = 8 * 2**20
"""After so many bytes the disk is set to work: enough for it to be busy, little enough to end soon."""

_STALE_SECONDS = 60
"""Temporary folders younger than this may be in the making, their lock not yet taken."""

Digests = NDArray[np.bytes_]


@dataclass(frozen=True)
class Segment:
    """A whole segment on disk.

    Attributes:
        path: its folder.
        table: sorted digests and their rows.
        pixels: (rows, height, width, channels), memory-mapped, read-only.
        size_bytes: of both files.
        used: when it was last used, in nanoseconds.
    """

    path: Path
    table: NDArray[np.void]
    pixels: NDArray[np.uint8]
    size_bytes: int
    used: int

    def find(self, digests: Digests) -> NDArray[np.int64]:
        """The row of each digest, -1 where this segment does not have it."""
        known = self.table["digest"]
        places = np.minimum(np.searchsorted(known, digests), len(known) - 1)
        return np.where(known[places] == digests, self.table["row"][places].astype(np.int64), -1)

    def touch(self) -> None:
        """Notes that it is used now."""
        with contextlib.suppress(OSError):  # a cache that others own can be read all the same
            # Not the kernel's own "now", which lags behind by up to a tick and so can precede a write.
            os.utime(self.path / ROWS, ns=(time.time_ns(),) * 2)


def open_segment(path: Path, row_shape: tuple[int, int, int]) -> Segment | None:
    """Opens a segment; ``None`` where it is short, overlong or otherwise damaged, or gone."""
    try:
        data = (path / ROWS).read_bytes()
        table = np.frombuffer(data, _ROW)
        shape = (len(table), *row_shape)
        rows_status, pixels_status = (path / ROWS).stat(), (path / PIXELS).stat()
        if not data or pixels_status.st_size != math.prod(shape) or table["row"].max() >= len(table):
            return None
        pixels = np.memmap(path / PIXELS, np.uint8, "r", shape=shape)
    except (OSError, ValueError):
        return None
    size = rows_status.st_size + pixels_status.st_size
    # As a plain array: each slice of a memmap pays for the subclass.
    return Segment(path, table, pixels.view(np.ndarray), size, rows_status.st_mtime_ns)


class SegmentWriter:
    """Writes one segment; :meth:`close` leaves nothing behind unless :meth:`commit` came first.

    Every other method raises OSError where the disk is full, read-only or not permitted.
    """

    def __init__(self, folder: Path, row_shape: tuple[int, int, int]) -> None:
        self._row_shape = row_shape
        self._rows: dict[bytes, int] = {}
        self._folder = folder
        self._temporary = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        self._temporary.mkdir(parents=True)
        try:
            self._pixels: BinaryIO = (self._temporary / PIXELS).open("wb")
            _lock(self._pixels)
        except BaseException:
            shutil.rmtree(self._temporary, ignore_errors=True)
            raise
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="edgekit-sync")
        self._syncing: Future[None] | None = None
        self._unsynced = 0

    def add(self, digest: bytes, pixels: NDArray[np.uint8]) -> None:
        """Appends one photo, unless it is there already."""
        if digest not in self._rows:
            self._unsynced += self._pixels.write(np.ascontiguousarray(pixels).data)
            self._rows[digest] = len(self._rows)
            self._sync_behind()

    def commit(self) -> Segment | None:
        """Makes what was added a segment; ``None`` where nothing was.

        Where another run has written the same segment meanwhile, that one is taken.
        """
        if not self._rows:
            return None
        table = np.array(sorted(self._rows.items()), _ROW)
        table.tofile(self._temporary / ROWS)
        self._pixels.flush()
        self._finish_syncing()
        os.fsync(self._pixels.fileno())  # a power cut after the rename must not leave holes in it
        if sys.platform == "win32":  # where a folder with an open file cannot be renamed
            self._pixels.close()
        final = self._folder / hashlib.sha256(table["digest"].tobytes()).hexdigest()[:32]
        for _ in range(2):
            try:
                self._temporary.rename(final)
                break
            except OSError:
                winner = open_segment(final, self._row_shape)
                if winner:
                    return winner
                if not final.exists():
                    raise
                shutil.rmtree(final)  # a damaged one in the way
        segment = open_segment(final, self._row_shape)
        if segment is None:
            raise OSError(f"{final} is not what was written")
        return segment

    def close(self) -> None:
        """Removes what has not been committed."""
        self._syncer.shutdown(wait=True, cancel_futures=True)
        with contextlib.suppress(OSError):  # closing flushes, and the disk may be full
            self._pixels.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _sync_behind(self) -> None:
        """Has the disk write while photos are decoded, so that little is left to wait for at the end."""
        if self._unsynced >= _SYNC_BYTES and (self._syncing is None or self._syncing.done()):
            self._finish_syncing()
            self._pixels.flush()
            self._syncing = self._syncer.submit(os.fsync, self._pixels.fileno())
            self._unsynced = 0

    def _finish_syncing(self) -> None:
        if self._syncing:
            self._syncing.result()  # raises what the disk has refused
            self._syncing = None


def remove_abandoned(folder: Path) -> None:
    """Removes what killed runs left half-written."""
    for path in folder.glob(f"{TEMPORARY}*"):
        if _is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(temporary: Path) -> bool:
    """Whether no run writes to it: old enough to be locked, and not locked.

    The lock ends with its process, however that ends, so neither process ids (which repeat, and
    differ between containers) nor long time limits are needed.
    """
    try:
        newest = max(path.stat().st_mtime for path in (temporary, *temporary.iterdir()))
        if time.time() - newest < _STALE_SECONDS:
            return False
        pixels = temporary / PIXELS
        if not pixels.exists():
            return True
        with pixels.open("rb+") as handle:
            _lock(handle)
    except OSError:
        return False
    return True


def _lock(handle: BinaryIO) -> None:
    """Locks an open file; on Windows an open file cannot be removed, which does as well."""
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
