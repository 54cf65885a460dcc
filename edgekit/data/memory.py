"""What earlier runs know of a listing's files, and what this one adds."""

# ruff: noqa: PTH116, PTH118 -- plain strings: a Path object for each of many files is slow

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.data.index import Known, Stamp, index_file, is_racy, load_index, save_index, stamp_of
from edgekit.data.records import Record


@dataclass(frozen=True)
class Check:
    """What is known of one photo.

    Attributes:
        digest: SHA-256 of its content; ``None`` where it could not be read.
        reason: why it cannot be decoded; ``None`` where it can, or has not been tried.
        decoded: whether it has been decoded, now or by an earlier run.
    """

    digest: bytes | None = None
    reason: str | None = None
    decoded: bool = False


UNKNOWN = Check()


class FileMemory:
    """The indices of all folders that a listing's files lie in.

    Args:
        directory: where indices are kept; ``None`` remembers nothing.
        decoder: names the code that decodes.
        records: the listing.
    """

    def __init__(self, directory: Path | None, decoder: str, records: Sequence[Record]) -> None:
        self._directory = directory
        self._decoder = decoder
        self._records = records
        self._started_ns = time.time_ns()
        self._stamps: list[Stamp | None] = []
        self._remembered: dict[str, dict[bytes, Known]] = {}

    def recall(self) -> list[Check]:
        """What is still true of each record, after one look at each file's status."""
        if self._directory is None:
            return [UNKNOWN] * len(self._records)
        self._stamps = [_stamp(record) for record in self._records]
        folders = {record.folder for record in self._records if record.folder is not None}
        self._remembered = {
            folder: load_index(index_file(self._directory, folder), self._decoder) for folder in folders
        }
        return [self._recall(record, stamp) for record, stamp in zip(self._records, self._stamps, strict=True)]

    def remember(self, checks: Sequence[Check]) -> None:
        """Writes the indices that have changed. Files that are gone are forgotten; others stay known.

        Raises:
            OSError: they cannot be written.
        """
        if self._directory is None:
            return
        ended_ns = time.time_ns()
        current: dict[str, dict[bytes, Known]] = {folder: {} for folder in self._remembered}
        for record, stamp, check in zip(self._records, self._stamps, checks, strict=True):
            if record.folder is None or stamp is None or check.digest is None:
                continue
            if not is_racy(stamp, self._started_ns, ended_ns):
                current[record.folder][_key(record)] = Known(stamp, check.digest, check.decoded)
        for folder, entries in current.items():
            for name, known in self._remembered[folder].items():
                if name not in entries and os.path.lexists(os.path.join(os.fsencode(folder), name)):
                    entries[name] = known
            if entries != self._remembered[folder]:
                save_index(index_file(self._directory, folder), entries, self._decoder)

    def _recall(self, record: Record, stamp: Stamp | None) -> Check:
        if record.folder is None or stamp is None:
            return UNKNOWN
        known = self._remembered[record.folder].get(_key(record))
        if known is None or known.stamp != stamp:
            return UNKNOWN
        return Check(known.digest, decoded=known.readable)


def _key(record: Record) -> bytes:
    assert isinstance(record.content, str)
    assert record.folder is not None
    return os.fsencode(record.content[len(record.folder) + 1 :])


def _stamp(record: Record) -> Stamp | None:
    if isinstance(record.content, str):
        with contextlib.suppress(OSError, ValueError):  # ValueError: a null byte in the name
            return stamp_of(os.stat(record.content))
    return None
