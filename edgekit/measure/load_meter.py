"""How busy others keep the processors while something is measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from edgekit.host import ROOT, usable_cores
from edgekit.measure.processes import family_time

_IDLE_FIELDS = (3, 4)
"""Columns of the ``cpu`` line of ``/proc/stat`` that are no work: idle and iowait (proc_stat(5))."""

_GUEST_FIELDS = 8
"""From here on times are repeated: guests' time is part of user and nice."""


@dataclass(frozen=True)
class LoadSample:
    """Processor time so far, in seconds, of everybody and of this process with its children, and when it was read."""

    all_busy: float
    own: float
    at: float
    cores: int


def sample_load(root: Path = ROOT) -> LoadSample | None:
    """One reading, or ``None`` where the system does not tell.

    Nor is there one where this process may use a part of the machine only (affinity, a container's
    limit): the load of the other processors is not its company.
    """
    try:
        fields = (root / "proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
        ticks = os.sysconf("SC_CLK_TCK")
        busy = sum(int(value) for place, value in enumerate(fields[:_GUEST_FIELDS]) if place not in _IDLE_FIELDS)
    except (AttributeError, OSError, ValueError):
        return None
    cores = os.cpu_count() or 1
    if usable_cores(root) != cores:
        return None
    return LoadSample(busy / ticks, family_time(root), time.monotonic(), cores)


def other_load(before: LoadSample | None, after: LoadSample | None) -> float | None:
    """The share of all processors' time, 0..1, that others took between two readings."""
    if before is None or after is None or after.at <= before.at:
        return None
    others = (after.all_busy - before.all_busy) - (after.own - before.own)
    return min(max(others / ((after.at - before.at) * after.cores), 0.0), 1.0)
