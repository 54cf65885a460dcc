"""Unpacking the photos of an archive safely, once.

Only image files and a ``labels.csv`` are written, each by this code under a name that it has checked:
no links, no devices, nothing outside of the target. What an archive promises is not believed: bytes
are counted as they are written.
"""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from edgekit.data.folders import is_hidden, is_image, suffix_of
from edgekit.data.label_file import LABEL_FILE
from edgekit.errors import DataError
from edgekit.files import output_error
from edgekit.progress import Progress

MAX_RATIO = 200
"""Unpacked bytes for each byte of the archive. Photos are compressed already, and bitmaps of drawings
shrink to a hundredth; an archive above this is made to fill a disk."""

HARMLESS_BYTES = 500 * 2**20
"""Below this no ratio is asked for: a few plain bitmaps do no harm."""

_COPY_BYTES = 2**20

ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")

_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, OSError,
    NotImplementedError,  # a compression that zipfile lacks
    RuntimeError,  # encrypted
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One entry of an archive; ``open`` is ``None`` for what is no regular file."""

    name: str
    open: Callable[[], IO[bytes] | None] | None


@dataclass
class Unpacked:
    """What was written, and what was passed over: suffix to number."""

    files: int = 0
    ignored: Counter[str] = field(default_factory=Counter)


def archive_suffix(path: Path) -> str | None:
    """The part of the name that says what kind of archive it is; ``None`` for another file."""
    name = path.name.lower()
    return max((suffix for suffix in (*ZIP_SUFFIXES, *TAR_SUFFIXES) if name.endswith(suffix)), key=len, default=None)


def unpack(archive: Path, shown: str, target: Path, progress: Progress) -> Unpacked:
    """Writes the images of an archive below a new folder.

    Args:
        archive: an existing file.
        shown: what to call it.
        target: an existing empty folder.
        progress: told about each file.

    Raises:
        DataError: damaged, encrypted, or made to do harm; the message names the member.
        OutputError: the disk is full, or cannot be written to.
    """
    unpacked = Unpacked()
    try:
        size = archive.stat().st_size
        budget = _Budget(shown, size, shutil.disk_usage(target).free)
        with archive.open("rb") as handle, progress.task(f"Unpacking {archive.name}", total=size) as task:
            place = 0
            for member in _members(archive, handle):
                _unpack_member(member, target, shown, budget, unpacked)
                place, before = max(place, handle.tell()), place
                task.advance(place - before)
            task.advance(size - place)
    except _DAMAGED as error:
        encrypted = "encrypted" in str(error) or "password" in str(error)
        said = getattr(error, "strerror", None) or str(error).partition("\n")[0].rstrip(":") or "damaged"
        reason = "it is encrypted" if encrypted else said.lower()
        raise DataError(f"{shown} cannot be unpacked ({reason}). Check the file, or pack it again.") from error
    if not unpacked.files:
        raise DataError(f"{shown} has no images in it. Pack a folder with one folder of photos per class.")
    return unpacked


def _unpack_member(member: Member, target: Path, archive: str, budget: _Budget, unpacked: Unpacked) -> None:
    name = _checked_name(member.name, archive)
    if name is None:
        return
    if member.open is None:
        unpacked.ignored["(link)"] += 1
    elif is_image(name.name) or name.name == LABEL_FILE:
        _write(member, target / name, archive, budget)
        unpacked.files += is_image(name.name)
    else:
        unpacked.ignored[suffix_of(name.name)] += 1


@dataclass
class _Budget:
    """How much may still be written."""

    archive: str
    packed: int
    free: int
    written: int = 0

    def spend(self, size: int, member: str) -> None:
        self.written += size
        if self.written > max(self.packed * MAX_RATIO, HARMLESS_BYTES):
            raise DataError(
                f"{self.archive}:{member} unpacks to more than {MAX_RATIO} times the archive's size, as files do "
                "that are made to fill a disk. If it is sound, unpack it yourself and name the folder."
            )
        if self.written > self.free:
            raise DataError(
                f"{self.archive} does not fit on the disk: {self.free / 1e9:,.1f} GB are left. Free some space, or put "
                "the cache elsewhere with EDGEKIT_CACHE."
            )


def _members(archive: Path, handle: BinaryIO) -> Iterator[Member]:
    """All entries but folders."""
    if archive_suffix(archive) in ZIP_SUFFIXES:
        with zipfile.ZipFile(handle) as opened:
            yield from (_zip_member(opened, info) for info in opened.infolist() if not info.is_dir())
        return
    with tarfile.open(fileobj=handle, mode="r:*") as tar:
        for entry in tar:
            if not entry.isdir():
                yield Member(entry.name, partial(tar.extractfile, entry) if entry.isreg() else None)
        _check_end(tar)


def _check_end(tar: tarfile.TarFile) -> None:
    """Refuses an archive that was cut between two members, or in a header: tarfile takes that for its end."""
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it is cut short: its end is missing")


def _zip_member(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return Member(_zip_name(info), None)
    return Member(_zip_name(info), lambda: opened.open(info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: macOS writes UTF-8 without saying so, which reads as code page 437."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode()
        except UnicodeError:
            pass
    return info.filename


def _checked_name(name: str, archive: str) -> PurePosixPath | None:
    """The relative path to write to; ``None`` for hidden files.

    Raises:
        DataError: it leads out of the archive.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    drive = bool(parts) and len(parts[0]) == 2 and parts[0][1] == ":"
    if path.is_absolute() or ".." in parts or drive or "\0" in name:
        raise DataError(f"{archive}:{name} leads out of the archive. Nothing of it was unpacked; pack it again.")
    if not parts or any(is_hidden(part) for part in parts):
        return None
    return PurePosixPath(*parts)


def _write(member: Member, target: Path, archive: str, budget: _Budget) -> None:
    assert member.open is not None
    source = member.open()
    if source is None:
        raise DataError(f"{archive}:{member.name} cannot be read. Pack the archive again.")
    with source:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle = target.open("wb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise DataError(f"{archive}:{member.name} is both a file and a folder. Pack the archive again.") from None
        except OSError as error:
            raise output_error(target, error) from error
        with handle:
            while data := source.read(_COPY_BYTES):
                budget.spend(len(data), member.name)
                try:
                    handle.write(data)
                except OSError as error:
                    raise output_error(target, error) from error
