"""Which models went well in a trial on this machine: one small file for each, named by the model's digest.

Whoever writes into that folder decides what is loaded without a trial. So it counts only where it
belongs to this user or to the administrator and nobody else may write there; else every load tries again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from edgekit.errors import OutputError
from edgekit.files import cache_directory, write_text

_FOLDER = "tried"


def is_remembered(data: bytes, engine: str) -> bool:
    """Whether these very bytes ran well on this engine before.

    Args:
        data: the bytes of a model.
        engine: what ran it, with its version and processor; a part of a file's name.
    """
    try:
        marker = _marker(data, engine)
        return _is_private(marker.parents[1]) and _is_private(marker.parent) and _is_ours(marker.lstat(), stat.S_ISREG)
    except OSError:
        return False


def remember(data: bytes, name: str, engine: str) -> None:
    """Remembers that they did; does nothing where there is no private folder to write to.

    Args:
        data: the bytes of a model.
        name: of its file, for whoever looks into the folder.
        engine: as for :func:`is_remembered`.
    """
    with contextlib.suppress(OSError, OutputError):
        marker = _marker(data, engine)
        for folder in (marker.parents[1], marker.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            if not _is_private(folder):
                return
        write_text(marker, json.dumps({"name": Path(name).name}) + "\n")


def _marker(data: bytes, engine: str) -> Path:
    return cache_directory() / _FOLDER / engine / f"{hashlib.sha256(data).hexdigest()}.json"


def _is_private(folder: Path) -> bool:
    """Whether nobody else can have put a file there. A link in the place of the folder does not count."""
    found = folder.lstat()
    return _is_ours(found, stat.S_ISDIR) and (os.name == "nt" or not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _is_ours(found: os.stat_result, kind: Callable[[int], bool]) -> bool:
    # Windows keeps a user's cache folder from others by itself, and tells no owner here.
    return kind(found.st_mode) and (os.name == "nt" or found.st_uid in (0, os.geteuid()))
