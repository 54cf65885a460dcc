"""This process and those that it has started: an engine may do its work in a process of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

from edgekit.host import ROOT

_PARENT, _TIMES = 1, slice(11, 15)
"""In ``/proc/<pid>/stat`` behind the name (proc_pid_stat(5)): the parent's id; user and system time, and those of
children that have ended."""


def family(root: Path = ROOT) -> tuple[int, ...]:
    """Ids of this process and of all that descend from it and run now; where only Linux tells: its own alone."""
    parents = {int(path.name): _parent(path) for path in (root / "proc").glob("[0-9]*")}
    members = [os.getpid()]
    for member in members:  # grows on the way
        members += [process for process, parent in parents.items() if parent == member]
    return tuple(members)


def family_time(root: Path = ROOT) -> float:
    """Seconds of processor time that the family has taken so far, those that have ended included."""
    ended = os.times()
    own = time.process_time() + ended.children_user + ended.children_system
    ticks = [int(value) for member in family(root)[1:] for value in _fields(root / "proc" / str(member))[_TIMES]]
    return own + (sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else 0.0)


def _parent(path: Path) -> int | None:
    fields = _fields(path)
    return int(fields[_PARENT]) if fields else None


def _fields(path: Path) -> list[str]:
    """Those behind the name, which may hold spaces and brackets; none of a process that has just ended."""
    try:
        return (path / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
