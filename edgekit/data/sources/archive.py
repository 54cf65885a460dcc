"""Archives of class folders: unpacked once into the cache, then a folder like any other."""

# ruff: noqa: PTH118 -- plain strings, as in the listing of folders

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edgekit.data.dataset import CachePolicy
from edgekit.data.folders import list_folder
from edgekit.data.index import Known, index_file, is_racy, load_index, save_index, stamp_of
from edgekit.data.records import Listing, printable
from edgekit.data.sources.base import Request
from edgekit.data.sources.directory import TEST_NAMES, TRAIN_NAMES, VALIDATION_NAMES, list_folders
from edgekit.data.unpack import archive_suffix, unpack
from edgekit.errors import DataError
from edgekit.files import cache_directory, output_error
from edgekit.progress import Progress

_DONE = ".unpacked"
"""Written last; holds what was passed over. Without it a folder is not whole."""

_READER = "edgekit archive 1"
"""Raise it when other members are unpacked."""

_IN_USE_SECONDS = 24 * 3600
"""Archives that were used so recently are not dropped: another run may be reading them."""

_LONG_AGO = 315_532_800
"""1980, before which zip has no dates. Photos in a folder that never changes need no younger date, and
a young one is mistrusted by the memory of what was read."""


class ArchiveSource:
    """A ``.zip`` or ``.tar`` of class folders, or of ``train`` and ``val`` folders, maybe below one folder."""

    def matches(self, source: Any) -> bool:
        """A path with such a suffix, and no folder."""
        if not isinstance(source, str | os.PathLike):
            return False
        return archive_suffix(Path(source)) is not None and not Path(source).is_dir()

    def describe(self, source: Any) -> str:
        """Its path."""
        return printable(os.fspath(source))

    def name(self, source: Any) -> str | None:
        """The file's name without its suffix."""
        path = Path(source)
        return printable(path.name[: -len(archive_suffix(path) or "")]) or None

    def list(self, source: Any, request: Request) -> Listing:
        """Unpacks, unless that has been done, and lists the folders."""
        path, name = Path(source), self.describe(source)
        if not path.is_file():
            raise DataError(f"{name} {'is no regular file' if path.exists() else 'does not exist'}. Check the path.")
        policy = request.options.cache
        folder, ignored = _unpack_once(path, name, policy, request.progress)
        root = _content_root(str(folder))
        listing = list_folders(root, name, request, lambda inside: _shown(name, str(folder), inside))
        if ignored:
            listing = dataclasses.replace(listing, ignored=dict((Counter(listing.ignored) + ignored).most_common()))
        return listing


def _unpack_once(path: Path, name: str, policy: CachePolicy, progress: Progress) -> tuple[Path, Counter[str]]:
    """The folder with the archive's photos: from the cache, where there is one, else for this process."""
    keep = policy.enabled
    if keep:
        try:
            cache = cache_directory(policy.directory) / "archives"
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            progress.warn(f"Archives cannot be kept unpacked for the next run ({error}).")
            keep = False
    if not keep:
        parent = Path(tempfile.mkdtemp(prefix="edgekit-"))
        atexit.register(shutil.rmtree, parent, ignore_errors=True)
        return _unpack_into(path, name, parent / "archive", progress)
    folder = cache / _digest(path, name, cache / "index").hex()[:32]
    if (folder / _DONE).is_file():
        with contextlib.suppress(OSError):
            os.utime(folder / _DONE)
        return folder, _read_counts(folder / _DONE)
    _remove_abandoned(cache)
    unpacked = _unpack_into(path, name, folder, progress)
    _drop_old(cache, policy.limit_bytes, keep=folder)
    return unpacked


def _unpack_into(path: Path, name: str, folder: Path, progress: Progress) -> tuple[Path, Counter[str]]:
    """Unpacks under a temporary name, then renames: a folder is whole or absent."""
    temporary = folder.with_name(f".tmp-{secrets.token_hex(8)}")
    try:
        temporary.mkdir()
        ignored = unpack(path, name, temporary, progress).ignored
        for place, _, files in os.walk(temporary):
            for file in files:
                os.utime(os.path.join(place, file), (_LONG_AGO, _LONG_AGO))
        lines = "".join(f"{count} {suffix}\n" for suffix, count in ignored.items())
        (temporary / _DONE).write_text(lines, encoding="utf-8", errors="backslashreplace")
        try:
            temporary.rename(folder)
        except OSError:
            if not (folder / _DONE).is_file():  # else another run was faster
                shutil.rmtree(folder, ignore_errors=True)
                temporary.rename(folder)
    except OSError as error:
        raise output_error(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder, ignored


def _digest(path: Path, name: str, memory: Path) -> bytes:
    """The archive's SHA-256; remembered, since reading gigabytes takes seconds."""
    absolute = path.absolute()
    index = index_file(memory, str(absolute.parent))
    started = time.time_ns()
    try:
        stamp = stamp_of(path.stat())
        entries = load_index(index, _READER)
        known = entries.get(os.fsencode(absolute.name))
        if known and known.stamp == stamp:
            return known.digest
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").digest()
    except OSError as error:
        raise DataError(f"Cannot read {name}: {(error.strerror or str(error)).lower()}.") from error
    digest = hashlib.sha256(_READER.encode() + digest).digest()
    if not is_racy(stamp, started, time.time_ns()):
        with contextlib.suppress(OSError):
            save_index(index, {**entries, os.fsencode(absolute.name): Known(stamp, digest, True)}, _READER)
    return digest


def _content_root(folder: str) -> str:
    """The folder of class folders: the archive's own, or the one folder in it that all lies in."""
    listed = list_folder(folder)
    if len(listed.folders) != 1 or listed.folders[0].casefold() in (*TRAIN_NAMES, *VALIDATION_NAMES, *TEST_NAMES):
        return folder
    only = os.path.join(folder, listed.folders[0])
    return only if list_folder(only).folders else folder


def _shown(archive: str, folder: str, inside: str) -> str:
    """What a file of the archive is called in messages: ``photos.zip:rose/1.jpg``."""
    member = inside[len(folder) + 1 :].replace(os.sep, "/")
    return f"{archive}:{printable(member)}" if member else archive


def _read_counts(done: Path) -> Counter[str]:
    lines = done.read_text(encoding="utf-8").splitlines()
    return Counter({suffix: int(count) for count, _, suffix in (line.partition(" ") for line in lines)})


def _drop_old(archives: Path, limit_bytes: int, keep: Path) -> None:
    """Drops unpacked archives that nobody has used for a day, the oldest first, until the limit is kept."""
    found = []
    for folder in archives.iterdir():
        with contextlib.suppress(OSError):
            used = (folder / _DONE).stat().st_mtime
            found.append((used, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()), folder))
    total = sum(size for _, size, _ in found)
    for used, size, folder in sorted(found):
        if total <= limit_bytes or time.time() - used < _IN_USE_SECONDS:
            break
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


def _remove_abandoned(archives: Path) -> None:
    """Removes what killed runs left half-unpacked."""
    for path in archives.glob(".tmp-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _IN_USE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
