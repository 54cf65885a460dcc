"""The cache of decoded photos: where it lies, what it has, and what must go.

It is a set of segments per image format. A photo is found by its content digest alone, so
renaming, another split, fewer classes or the validation folder on its own find what is there, and
adding ten photos decodes ten.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import PIL

from edgekit.data.segments import TEMPORARY, Segment, SegmentWriter, open_segment, remove_abandoned
from edgekit.spec import ImageFormat

DEFINITION = 1
"""Raise it when ``edgekit.preprocess`` makes other pixels of the same photo."""

DECODER = f"edgekit {DEFINITION}, pillow {PIL.__version__}"
"""What turned files into pixels; another Pillow may bring another JPEG decoder."""

_TAG = """Signature: 8a477f597d28d172789f06886806bc55
# This folder is EdgeKit's cache of decoded photos. It can be deleted at any time.
# Backup programs leave it out: https://bford.info/cachedir/
"""


class PixelCache:
    """The cached pixels of one image format.

    Args:
        directory: from :func:`cache_directory`.
        image: the format; every format has segments of its own.
        limit_bytes: of all formats together.
    """

    def __init__(self, directory: Path, image: ImageFormat, limit_bytes: int) -> None:
        self.directory = directory
        self.index_directory = directory / "photos" / "index"
        self.limit_bytes = limit_bytes
        self._root = directory / "photos" / "pixels"
        self._folder = self._root / settings_key(image)
        self._row_shape = image.shape

    def segments(self) -> list[Segment]:
        """All sound segments of this format, the last used first; damaged ones are removed."""
        found = []
        for path in _folders(self._folder):
            segment = open_segment(path, self._row_shape)
            if segment:
                found.append(segment)
            else:
                shutil.rmtree(path, ignore_errors=True)
        return sorted(found, key=lambda segment: segment.used, reverse=True)

    def writer(self) -> SegmentWriter:
        """Starts a new segment, after cleaning up what killed runs left.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        tag = self.directory / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text(_TAG, encoding="ascii")
        for folder in _folders(self._root):
            remove_abandoned(folder)
        return SegmentWriter(self._folder, self._row_shape)

    def free_bytes(self) -> int:
        """What the disk has left; a very large number where that cannot be told."""
        with contextlib.suppress(OSError):
            existing = next(path for path in (self._folder, *self._folder.parents) if path.exists())
            return shutil.disk_usage(existing).free
        return sys.maxsize

    def evict(self, keep: Iterable[Path]) -> None:
        """Drops the least recently used segments of all formats until the limit is kept.

        Args:
            keep: segments in use, which stay.
        """
        kept = set(keep)
        sized = [(_last_used(path), _size(path), path) for folder in _folders(self._root) for path in _folders(folder)]
        total = sum(size for _, size, _ in sized)
        for _, size, path in sorted(sized):
            if total <= self.limit_bytes:
                break
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)
                total -= size


def settings_key(image: ImageFormat) -> str:
    """What all pixels of one segment have in common, as a folder's name."""
    settings = json.dumps([DECODER, dataclasses.asdict(image)], sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()[:16]


def _folders(parent: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        return [Path(entry.path) for entry in entries if not entry.name.startswith(TEMPORARY) and entry.is_dir()]
    return []


def _files(segment: Path) -> list[os.stat_result]:
    with contextlib.suppress(OSError), os.scandir(segment) as entries:
        return [entry.stat() for entry in entries]
    return []


def _size(segment: Path) -> int:
    return sum(status.st_size for status in _files(segment))


def _last_used(segment: Path) -> int:
    return max((status.st_mtime_ns for status in _files(segment)), default=0)
