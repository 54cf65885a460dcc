"""Records of image files that somebody has listed, in a table or in Python."""

# ruff: noqa: PTH100, PTH112, PTH118, PTH120, PTH206 -- plain strings: a Path object for each of many files is slow

from __future__ import annotations

import os
from typing import Any

from edgekit.data.records import PartName, Record, printable
from edgekit.data.sources.base import Request
from edgekit.errors import UsageError


def is_path(value: Any) -> bool:
    """Whether a value names a file."""
    return isinstance(value, str | os.PathLike)


def file_record(path: str, request: Request, labels: tuple[str, ...], origin: str) -> Record:
    """The record of a file; a relative path starts from ``DataOptions.root``, or the working directory."""
    return listed_file(path, starting_folder(request, os.curdir), labels, request.undecided, origin)


def starting_folder(request: Request, default: str) -> str:
    """Where relative paths start.

    Raises:
        UsageError: ``DataOptions.root`` does not exist.
    """
    if request.options.root is None:
        return default
    root = os.fspath(request.options.root)
    if not os.path.isdir(root):
        raise UsageError(f"The folder {printable(root)}, which paths should start from, does not exist.")
    return root


def listed_file(path: str, root: str, labels: tuple[str, ...], part: PartName | None, origin: str) -> Record:
    """The record of a file.

    Args:
        path: as it was written.
        root: an existing folder that a relative path starts from.
        labels: as for :class:`~edgekit.data.records.Record`.
        part: likewise.
        origin: where it was written.
    """
    if "\\" in path and os.sep == "/" and not os.path.lexists(os.path.join(root, path)):
        path = path.replace("\\", "/")  # a table that was made on Windows
    base = os.path.abspath(root)
    content = os.path.join(base, path)
    if os.pardir not in path.split(os.sep):  # else a link may lie on the way up
        content = os.path.normpath(content)
    shelf = base if content.startswith(base + os.sep) else os.path.dirname(content)
    return Record(content, printable(os.path.join(root, path)), labels, part, shelf, origin)
