"""From what a browser asks for to a file of the site, and never to anything else."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote_to_bytes

INDEX = "index.html"

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)
"""What Windows takes for a device in every folder, whatever its suffix; docs: "Naming Files, Paths, and Namespaces"."""


def split_target(target: str) -> tuple[str, ...] | None:
    """The names on the way to a file, of a request's target as in ``/models/a%20b.tflite?v=2``.

    The rules are the same on every system, so that a site which works on one works on all.

    Returns:
        Names that are safe to join to a folder; the last is empty where the target ends with a slash.
        ``None`` for a target that leaves its folder, is hidden, or means different things to different systems.
    """
    path = target.partition("?")[0].partition("#")[0]
    if not path.startswith("/"):  # "http://host/...", as for a proxy
        return None
    try:
        # Once only: what is still encoded then is part of a name.
        text = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
    names = tuple(text[1:].split("/"))
    if not all(map(_is_plain, names[:-1])) or (names[-1] and not _is_plain(names[-1])):
        return None
    return names


def _is_plain(name: str) -> bool:
    """Whether a name means itself: no way up, no hidden file, no drive, stream or device, no invisible character."""
    if not name or name.startswith(".") or name[-1] in ". " or not name.isprintable() or set(name) & set('\\:*?"<>|'):
        return False
    return name.partition(".")[0].rstrip(" ").lower() not in _DEVICES


def find_file(root: Path, names: tuple[str, ...]) -> Path | None:
    """The regular file at some names below a folder; of a folder with a slash at its end, its ``index.html``.

    Args:
        root: the site.
        names: as :func:`split_target` gives them.

    Returns:
        Its real path. ``None`` where there is none, or a link leads out of the folder.
    """
    root = root.resolve()
    try:
        found = root.joinpath(*names[:-1], names[-1] or INDEX).resolve(strict=True)
        if not found.is_relative_to(root) or any(part.startswith(".") for part in found.relative_to(root).parts):
            return None
        return found if stat.S_ISREG(found.stat().st_mode) and os.access(found, os.R_OK) else None
    except (OSError, ValueError, RuntimeError):  # nothing there, a name too long, a loop of links
        return None


def is_folder(root: Path, names: tuple[str, ...]) -> bool:
    """Whether names without a slash at their end are a folder of the site with an ``index.html``."""
    return bool(names[-1]) and find_file(root, (*names, "")) is not None
