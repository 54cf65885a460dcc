"""One photo: its bytes, their digest and its pixels."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Container
from dataclasses import dataclass

from edgekit.data.dataset import Pixels
from edgekit.data.memory import Check
from edgekit.data.pixels import digest_pixels
from edgekit.data.records import Content, Record, Row
from edgekit.errors import ImageError
from edgekit.preprocess import prepare
from edgekit.spec import ImageFormat

_WHOLE_BYTES = 64 * 2**20
"""Files up to this size are read once and decoded from memory; larger ones are read twice, so that
a film with a photo's name does not fill the memory on each core."""

_REASONS = {
    errno.ENOENT: "it is a link to a file that does not exist",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "it is a link that leads in a circle",
    errno.ENXIO: "it is not a regular file",
}


@dataclass(frozen=True)
class Photo:
    """What became of one record; no pixels where it is unreadable, or they are held already."""

    check: Check
    pixels: Pixels | None = None


def read_photo(record: Record, image: ImageFormat, held: Container[bytes]) -> Photo:
    """Reads, digests and decodes one photo; never raises for what is wrong with the file.

    Args:
        record: the photo.
        image: what it is turned into.
        held: digests of photos that need no decoding.
    """
    try:
        digest, source = _read(record.content)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        return Photo(Check(reason=_reason(record.content, error)))
    if digest in held:
        return Photo(Check(digest, decoded=True))
    try:
        return Photo(Check(digest, decoded=True), prepare(source, image, record.name))
    except ImageError as error:
        return Photo(Check(digest, reason=error.reason))


def _reason(content: Content, error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == errno.ENOENT and isinstance(content, str) and not os.path.islink(content):  # noqa: PTH114
        return "no such file"
    return _REASONS.get(error.errno or 0, (error.strerror or str(error)).lower())


def _read(content: Content) -> tuple[bytes, str | bytes | Pixels]:
    """The digest, and what to decode: pixels, bytes, or the path of a file too large to hold."""
    if isinstance(content, Row):
        pixels = content.read()
        return digest_pixels(pixels), pixels
    if isinstance(content, bytes):
        return hashlib.sha256(content).digest(), content
    with open(content, "rb", buffering=0, opener=_open_at_once) as handle:
        status = os.fstat(handle.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.ENXIO, "not a regular file")
        if status.st_size > _WHOLE_BYTES:
            return hashlib.file_digest(handle, "sha256").digest(), content
        data = handle.read()
    return hashlib.sha256(data).digest(), data


def _open_at_once(path: str, flags: int) -> int:
    # A named pipe with a photo's name would otherwise be waited for.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
