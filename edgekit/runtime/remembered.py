"""What is known of models that others made: one small file for each and each kind of knowledge, named by its digest.

That one went well in a trial on this machine, and what it is taken for: whoever writes into that folder decides
what is loaded without a trial. So it counts only where it belongs to this user or to the administrator and nobody
else may write there; else every load tries again.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgekit.errors import OutputError
from edgekit.files import cache_directory, write_text

_FOLDER = "tried"


def is_remembered(digest: str, kind: str) -> bool:
    """Whether something of this kind is remembered about a model.

    Args:
        digest: SHA-256 (hex) of the model's bytes.
        kind: of knowledge: the engine that ran it, with its version and processor, for one. A folder's name.
    """
    try:
        marker = _marker(digest, kind)
        return _is_private(marker.parents[1]) and _is_private(marker.parent) and _is_ours(marker.lstat(), stat.S_ISREG)
    except OSError:
        return False


def recall(digest: str, kind: str) -> Any:
    """The facts that :func:`remember` was given, or ``None`` where nothing is remembered, or it cannot be read."""
    if not is_remembered(digest, kind):
        return None
    try:
        return json.loads(_marker(digest, kind).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def remember(digest: str, kind: str, facts: Mapping[str, Any]) -> None:
    """Remembers it; does nothing where there is no private folder to write to.

    Args:
        digest: as for :func:`is_remembered`.
        kind: as for :func:`is_remembered`.
        facts: JSON-ready; among them what a person who looks into the folder wants to see.
    """
    with contextlib.suppress(OSError, OutputError):
        marker = _marker(digest, kind)
        for folder in (marker.parents[1], marker.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            if not _is_private(folder):
                return
        write_text(marker, json.dumps(facts) + "\n")


def _marker(digest: str, kind: str) -> Path:
    return cache_directory() / _FOLDER / kind / f"{digest}.json"


def _is_private(folder: Path) -> bool:
    """Whether nobody else can have put a file there. A link in the place of the folder does not count."""
    found = folder.lstat()
    return _is_ours(found, stat.S_ISDIR) and (os.name == "nt" or not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _is_ours(found: os.stat_result, kind: Callable[[int], bool]) -> bool:
    # Windows keeps a user's cache folder from others by itself, and tells no owner here.
    return kind(found.st_mode) and (os.name == "nt" or found.st_uid in (0, os.geteuid()))
