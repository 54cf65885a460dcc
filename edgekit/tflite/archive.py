"""The zip archive after a ``.tflite`` file's FlatBuffer, where standard metadata keeps label files."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

MAX_BYTES = 16 * 2**20
"""What is read of an archive at most, unpacked. The 1,000 labels of ImageNet take 10 kB, a large vocabulary 5 MB."""

MAX_DIRECTORY_BYTES = 2**20
"""An archive with a longer list of members (some 10,000) is not read."""

_END = b"PK\x05\x06"  # the record that ends every zip, 22 bytes and a comment of up to 65,535
_END_SIZE = 22

# What zipfile is known to raise for damaged, encrypted or exotic archives.
_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    MemoryError,
    RuntimeError,
    NotImplementedError,
)

Archive = Mapping[str, bytes]


def read_archive(data: bytes | memoryview) -> Archive:
    """All files of the appended zip, by name; empty where there is none or it is broken.

    Members that would exceed :data:`MAX_BYTES` are left out, so that a zip bomb costs nothing.
    """
    try:
        with _open(data) as archive:
            return _read_members(archive)
    except _ERRORS:
        return {}


def archive_start(data: bytes | memoryview) -> int:
    """The position where the appended zip begins; the length of ``data`` where there is none."""
    try:
        with _open(data) as archive:
            return min((member.header_offset for member in archive.infolist()), default=len(data))
    except _ERRORS:
        return len(data)


def append_archive(data: bytes, files: Archive) -> bytearray:
    """``data`` and a zip with ``files`` after it.

    Stored, not compressed: MediaPipe maps the members straight from the file. The dates are fixed, so
    that the same model gives the same bytes.
    """
    out = io.BytesIO()
    out.write(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return bytearray(out.getbuffer())


def _open(data: bytes | memoryview) -> zipfile.ZipFile:
    tail = bytes(data[-(_END_SIZE + 65_535) :])
    end = tail.rfind(_END)
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if end < 0 or directory > MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile("no zip, or too many members")
    return zipfile.ZipFile(io.BytesIO(data))


def _read_members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = MAX_BYTES
    for member in archive.infolist():
        if member.is_dir() or member.file_size > left:
            continue
        with archive.open(member) as handle:
            content = handle.read(left + 1)
        if len(content) <= left:
            files[member.filename] = content
            left -= len(content)
    return files
