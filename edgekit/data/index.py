"""The memory of which file holds which content, so that an unchanged file is not read again.

As git's index does it: a file whose size, times and inode are what they were is taken to hold what
it held. One small file for each class folder, so that ``flowers/train`` knows what ``flowers`` knew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Stamp = tuple[int, int, int, int]
"""Size, mtime and ctime in nanoseconds, inode."""

_MAGIC = b"edgekit index 1\n"
_COUNT = struct.Struct("<Q")
_ENTRY = struct.Struct("<qqqQ32s?")
_CHECKSUM_BYTES = 32
_64_BITS = 2**64 - 1  # inodes of ReFS have 128

RACY_NS = 2_000_000_000
"""FAT keeps times to two seconds, the coarsest of the common file systems. A file that changed so
shortly before it was read can change again without a trace, so it is not remembered."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a file.

    Attributes:
        stamp: as it was just before the file was read.
        digest: SHA-256 of the content.
        readable: whether it has been decoded by the decoder that the index was saved for.
    """

    stamp: Stamp
    digest: bytes
    readable: bool


def stamp_of(status: os.stat_result) -> Stamp:
    """What must be unchanged for a file to be the same."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & _64_BITS)


def is_racy(stamp: Stamp, started_ns: int, ended_ns: int) -> bool:
    """Whether a file was changed so close to its reading that its stamp proves nothing."""
    return started_ns - RACY_NS <= stamp[1] <= ended_ns + RACY_NS


def index_file(directory: Path, folder: str) -> Path:
    """Where the index of one folder lies."""
    return directory / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]}.idx"


def load_index(path: Path, decoder: str) -> dict[bytes, Known]:
    """Reads an index; a missing, foreign or damaged one is empty.

    Args:
        path: from :func:`index_file`.
        decoder: names the code that decodes; what another one could read is not trusted.

    Returns:
        Names relative to the folder, as the file system's bytes, to what is known.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    start = len(_MAGIC) + _CHECKSUM_BYTES
    payload = data[start:]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : start] != hashlib.sha256(payload).digest():
        return {}
    (count,) = _COUNT.unpack_from(payload)
    end = _COUNT.size + count * _ENTRY.size
    saved_for, *names = payload[end:].split(b"\0")
    trusted = saved_for == decoder.encode()
    entries = _ENTRY.iter_unpack(payload[_COUNT.size : end])
    return {
        name: Known((size, mtime, ctime, inode), digest, readable and trusted)
        for name, (size, mtime, ctime, inode, digest, readable) in zip(names, entries, strict=True)
    }


def save_index(path: Path, entries: Mapping[bytes, Known], decoder: str) -> None:
    """Writes an index whole.

    Raises:
        OSError: it cannot be written.
    """
    rows = b"".join(_ENTRY.pack(*known.stamp, known.digest, known.readable) for known in entries.values())
    payload = _COUNT.pack(len(entries)) + rows + b"\0".join([decoder.encode(), *entries])
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not synced to disk: the checksum tells a torn file, and losing it costs one more reading.
    temporary = path.with_name(f".{secrets.token_hex(4)}.tmp.{path.name}")
    try:
        temporary.write_bytes(_MAGIC + hashlib.sha256(payload).digest() + payload)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
