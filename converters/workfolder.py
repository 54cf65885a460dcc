"""The folder that an export works in, beside its results: hidden, and never left behind for long."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import time
from pathlib import Path

from edgekit.files import remove

_WORK = ".export-"
_ABANDONED_AFTER = 60.0
"""Seconds since the last change of a work folder whose process is gone."""


def work_prefix() -> str:
    """The beginning of a work folder's name; it tells whose folder it is."""
    return f"{_of_this_machine()}{os.getpid()}-"


def remove_abandoned(folder: Path) -> None:
    """Removes the work folders of exports that were killed: of processes of this machine that are no longer there."""
    prefix = _of_this_machine()
    for work in folder.glob(f"{prefix}*-*"):
        owner = work.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and not _is_alive(int(owner)) and time.time() - work.stat().st_mtime > _ABANDONED_AFTER:
                remove(work)


def _of_this_machine() -> str:
    """Another machine may share the disk, and has process ids of its own."""
    return f"{_WORK}{hashlib.sha256(platform.node().encode()).hexdigest()[:8]}-"


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # there os.kill(..., 0) would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
