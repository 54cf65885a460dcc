"""How much memory this process takes, and took at most, with those that it has started."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.measure.processes import family

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class PeakMemory:
    """Bytes of physical memory, ``None`` if unknown, and of how many processes they are."""

    size_bytes: int | None
    processes: int


def family_peak() -> PeakMemory:
    """The peaks of this process and of those that it has started and that still run, added up.

    They need not have been reached at one time, so this is the most that it can have been. Systems other than Linux
    tell of this process alone.
    """
    own = peak_memory()
    if own is None:
        return PeakMemory(None, 1)
    others = [read_status(Path(f"/proc/{process}/status"), "VmHWM") for process in family()[1:]]
    known = [peak for peak in others if peak is not None]
    return PeakMemory(own + sum(known), 1 + len(known))


class PeakWatch:
    """The peak of other processes from now on, added up; ``None`` where the system does not tell.

    Only Linux tells, and forgets an earlier peak when it is asked to (``clear_refs`` in proc_pid_clear_refs(5)).

    Args:
        processes: their numbers; they belong to this user.

    Attributes:
        base: bytes of physical memory that they have in use at the beginning.
    """

    def __init__(self, processes: Sequence[int]) -> None:
        self._folders = [Path("/proc", str(process)) for process in processes]
        try:
            for folder in self._folders:
                (folder / "clear_refs").write_text("5", encoding="ascii")
        except OSError:
            self._folders = []
        self.base = self._sum("VmRSS")

    def peak(self) -> int | None:
        """Bytes of physical memory that they had in use at their peaks, which need not have been at one time."""
        return self._sum("VmHWM")

    def _sum(self, key: str) -> int | None:
        found = [read_status(folder / "status", key) for folder in self._folders]
        known = [size for size in found if size is not None]
        return sum(known) if known else None


def peak_memory() -> int | None:
    """Bytes of physical memory that this process had in use at its peak, or ``None`` if unknown.

    Linux's ``VmHWM`` comes first: ``ru_maxrss`` survives ``exec``, so a small process that is started
    by a large one (a training, a test run) would report its parent's peak as its own.
    """
    peak = read_status(STATUS, "VmHWM")
    if peak is not None:
        return peak
    if sys.platform == "win32":
        return _windows_memory("PeakWorkingSetSize")
    import resource

    maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return maximum if sys.platform == "darwin" else maximum * 1024  # macOS counts bytes, others KiB


def current_memory() -> int | None:
    """Bytes of physical memory that this process has in use now, or ``None`` if unknown."""
    now = read_status(STATUS, "VmRSS")
    if now is None and sys.platform == "win32":
        return _windows_memory("WorkingSetSize")
    return now


def read_status(path: Path, key: str) -> int | None:
    """Bytes of one line of ``/proc/<pid>/status``, as in ``VmHWM:    98304 kB``."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith(f"{key}:") and len(line.split()) > 1]
    return int(values[0]) * 1024 if values and values[0].isdigit() else None


def _windows_memory(field: str) -> int | None:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        """``PROCESS_MEMORY_COUNTERS`` of psapi.h."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

    counters = Counters(cb=ctypes.sizeof(Counters))
    kernel: ctypes.CDLL = getattr(ctypes, "windll").kernel32  # noqa: B009 (absent on other systems)
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
    found = kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return int(getattr(counters, field)) if found else None
