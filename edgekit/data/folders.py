"""Walking folders of images: what is an image, what is hidden, and where links lead in circles."""

# ruff: noqa: PTH100, PTH116, PTH118, PTH120, PTH122 -- plain strings: a Path object for each of many files is slow

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from edgekit.errors import DataError

_DECODED = "jpg jpeg jpe jfif png apng gif bmp dib webp tif tiff ppm pgm pbm pnm tga jp2 j2k"

# Pillow reads these with a newer version or a plugin only. They are taken all the same: that a
# phone's photos cannot be decoded must be said, not passed over as "not an image".
_PERHAPS_DECODED = "avif heic heif jxl"

IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in f"{_DECODED} {_PERHAPS_DECODED}".split())

# What operating systems, file servers and archivers leave behind, beside all names with a dot.
_HIDDEN = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"})

Identity = tuple[int, int]


@dataclass(frozen=True)
class Folder:
    """The direct content of one folder, hidden names left out, sorted."""

    path: str
    folders: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Images:
    """All image files below one folder.

    Attributes:
        paths: sorted folder by folder.
        ignored: suffix to number, of the other files.
    """

    paths: tuple[str, ...]
    ignored: Counter[str]


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's data."""
    return name.startswith(".") or name.lower() in _HIDDEN


def is_image(name: str) -> bool:
    """Whether a file's name says that it is an image."""
    return suffix_of(name) in IMAGE_SUFFIXES


def suffix_of(name: str) -> str:
    """The suffix as it is counted in reports."""
    return os.path.splitext(name)[1].lower() or "(no suffix)"


def list_folder(path: str) -> Folder:
    """Lists one folder; links count as what they lead to.

    Raises:
        DataError: it cannot be listed.
    """
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not is_hidden(entry.name):
                    (folders if _is_folder(entry) else files).append(entry.name)
    except OSError as error:
        raise DataError(f"Cannot list the folder {path}: {(error.strerror or str(error)).lower()}.") from error
    return Folder(path, tuple(sorted(folders)), tuple(sorted(files)))


def ancestors(path: str) -> frozenset[Identity]:
    """The identities of a folder and all folders above it, by its name and by where it really lies."""
    found: set[Identity] = set()
    for start in {os.path.abspath(path), os.path.realpath(path)}:
        current = start
        while identity := identity_of(current):
            found.add(identity)
            if (parent := os.path.dirname(current)) == current:
                break
            current = parent
    return frozenset(found)


def identity_of(path: str) -> Identity | None:
    """Device and inode of what a path leads to; ``None`` where it leads nowhere."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def find_images(folder: str, above: Iterable[Identity]) -> Images:
    """All images below ``folder``, however deep; links are followed, each folder is entered once.

    Args:
        folder: where to start.
        above: identities of the folders above: a link back to one of them is a loop, and would
            bring the images of other classes in.

    Raises:
        DataError: a folder cannot be listed.
    """
    visited = set(above)
    paths: list[str] = []
    ignored: Counter[str] = Counter()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        identity = identity_of(path)
        if identity in visited:
            continue
        if identity:
            visited.add(identity)
        listed = list_folder(path)
        for name in listed.files:
            if is_image(name):
                paths.append(os.path.join(path, name))
            else:
                ignored[suffix_of(name)] += 1
        waiting += [os.path.join(path, name) for name in reversed(listed.folders)]
    return Images(tuple(paths), ignored)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
