"""How much of this machine this process may use: its processors and its memory.

A container, a batch system or ``systemd-run`` gives a process less than the machine has, and says so in
the files of its control groups (cgroups), version 1 or 2. All files are read below a root that can be
chosen, so that the rules are tested on the files of other machines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def machine() -> str:
    """The kind of this processor, as in ``x86_64``."""
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


def usable_cores(root: Path = ROOT) -> int:
    """Processors that this process may use: affinity, and its groups' quotas, rounded up; at least 1."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    return max(1, min([cores, *_core_limits(root)]))


def usable_memory(root: Path = ROOT) -> int | None:
    """Bytes of memory that this process may use: the machine's, and its groups' limits; ``None`` where unknown."""
    total = _total_memory()
    if total is None:
        return None
    return min([total, *(limit for limit, _ in _memory_limits(root))])


def available_memory(root: Path = ROOT) -> int | None:
    """Bytes that this process can have now without swapping, caches of files included.

    What the machine has left, or what is left of its groups' limits; ``None`` where Linux does not say.
    """
    lines = read_system_file(root / "proc/meminfo").splitlines()
    free = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    if not free:
        return None
    return min([*free, *(max(0, limit - used) for limit, used in _memory_limits(root))])


def read_system_file(path: Path) -> str:
    """A small file of the system without its final newline or NUL; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return ""


def _core_limits(root: Path) -> Iterator[int]:
    for group in _groups(root, "cpu"):
        if text := read_system_file(group / "cpu.max"):
            quota, _, period = text.partition(" ")
        else:
            quota = read_system_file(group / "cpu.cfs_quota_us")
            period = read_system_file(group / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):  # else "max", or -1: no limit
            yield -(-int(quota) // int(period))


def _memory_limits(root: Path) -> Iterator[tuple[int, int]]:
    """Of each group that has a limit: the limit, and what is used of it but for cached files."""
    for group in _groups(root, "memory"):
        for limit_file, usage_file, cache_key in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit = read_system_file(group / limit_file)
            if limit.isdigit():
                used = read_system_file(group / usage_file)
                cached = _cached_files(group, cache_key)
                yield int(limit), max(0, int(used) - cached) if used.isdigit() else 0


def _cached_files(group: Path, key: str) -> int:
    """Bytes of a group's files that the kernel drops first; they count as used, and are free to be had."""
    for line in read_system_file(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.isdigit():
            return int(value)
    return 0


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that this process is in, inner ones first: every one of them limits it.

    A container may see its own group as the root, whatever ``/proc/self/cgroup`` calls it; so folders
    that do not exist are no mistake, and the root is always among them.
    """
    places = {"": PurePosixPath("/"), controller: PurePosixPath("/")}  # "" is version 2, with all controllers in one
    for line in read_system_file(root / "proc/self/cgroup").splitlines():
        _, _, names_and_path = line.partition(":")
        names, _, path = names_and_path.partition(":")
        for name in names.split(","):
            if name in places:
                places[name] = PurePosixPath(path)
    for name, place in places.items():
        for folder in (place, *place.parents):
            yield root / "sys/fs/cgroup" / name / str(folder).lstrip("/")


def _total_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _windows_memory() if sys.platform == "win32" else None


def _windows_memory() -> int | None:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    kernel: ctypes.CDLL = getattr(ctypes, "windll").kernel32  # noqa: B009 (absent on other systems)
    found = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
    return kilobytes.value * 1024 if found else None
