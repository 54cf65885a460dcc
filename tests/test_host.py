"""What a process may use, from the files of this system and of others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.host import available_memory, read_system_file, usable_cores, usable_memory

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's files")

MIB = 1 << 20
MEMINFO = "MemTotal:  4096 kB\nMemFree:  1024 kB\nMemAvailable:  204800 kB\nBuffers:  1 kB\n"

Root = Callable[[dict[str, str]], Path]


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """Writes the files of a system below a folder."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def version_1(quota: int) -> dict[str, str]:
    return {
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": f"{quota}\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }


@linux_only
@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 6),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, 6),
        ({"sys/fs/cgroup/cpu.max": "1000000 100000\n"}, 6),
        ({"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 3),
        ({"sys/fs/cgroup/cpu.max": "5000 100000\n"}, 1),
        ({"sys/fs/cgroup/cpu.max": "nonsense"}, 6),
        (version_1(-1), 6),
        (version_1(90_000), 1),
        (version_1(400_000), 4),
    ],
)
def test_processors_are_those_of_affinity_and_quota(
    root: Root, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 6, 7})
    assert usable_cores(root(files)) == cores


@linux_only
def test_this_process_may_use_what_its_affinity_says(root: Root) -> None:
    assert usable_cores(root({})) == len(os.sched_getaffinity(0))


def test_without_affinity_the_processors_are_counted(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert usable_cores(root({})) == 12
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores(root({})) == 1


@linux_only
@pytest.mark.parametrize(
    "files",
    [
        {"sys/fs/cgroup/memory.max": "67108864\n"},
        {"sys/fs/cgroup/memory/memory.limit_in_bytes": "67108864\n"},
        {
            "proc/self/cgroup": "0::/batch/job-7\n",
            "sys/fs/cgroup/batch/memory.max": "67108864\n",
            "sys/fs/cgroup/batch/job-7/memory.max": "max\n",
        },
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/batch/job-7\n1:name=systemd:/x\n0::/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/batch/job-7/memory.limit_in_bytes": "67108864\n",
        },
        # A container that sees its own group as the root, and the host's name for it.
        {"proc/self/cgroup": "0::/docker/0123abc\n", "sys/fs/cgroup/memory.max": "67108864\n"},
    ],
)
def test_the_tightest_limit_of_all_groups_counts(root: Root, files: dict[str, str]) -> None:
    assert usable_memory(root(files)) == 64 * MIB


@linux_only
@pytest.mark.parametrize("limit", ["max\n", "9223372036854771712\n", ""])
def test_without_a_limit_memory_is_the_machines(root: Root, limit: str) -> None:
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert usable_memory(root({"sys/fs/cgroup/memory.max": limit})) == machine


@pytest.mark.parametrize(
    ("files", "available"),
    [
        ({}, 200),
        ({"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": f"{500 * MIB}\n"}, 200),
        ({"sys/fs/cgroup/memory.max": f"{900 * MIB}\n", "sys/fs/cgroup/memory.current": f"{500 * MIB}\n"}, 200),
        ({"sys/fs/cgroup/memory.max": f"{600 * MIB}\n", "sys/fs/cgroup/memory.current": f"{500 * MIB}\n"}, 100),
        ({"sys/fs/cgroup/memory.max": f"{100 * MIB}\n", "sys/fs/cgroup/memory.current": f"{101 * MIB}\n"}, 0),
        (
            {
                "sys/fs/cgroup/memory.max": f"{600 * MIB}\n",
                "sys/fs/cgroup/memory.current": f"{500 * MIB}\n",
                "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {60 * MIB}\nactive_file 5\n",
            },
            160,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/job\n",
                "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{64 * MIB}\n",
                "sys/fs/cgroup/memory/job/memory.usage_in_bytes": f"{60 * MIB}\n",
                "sys/fs/cgroup/memory/job/memory.stat": f"inactive_file 0\ntotal_inactive_file {10 * MIB}\n",
            },
            14,
        ),
    ],
)
def test_available_is_what_machine_and_groups_have_left(root: Root, files: dict[str, str], available: int) -> None:
    assert available_memory(root({"proc/meminfo": MEMINFO, **files})) == available * MIB


def test_without_meminfo_nothing_is_guessed(root: Root) -> None:
    assert available_memory(root({"sys/fs/cgroup/memory.max": "67108864\n"})) is None


@linux_only
def test_no_more_is_available_here_than_usable() -> None:
    available, usable = available_memory(), usable_memory()
    assert available is not None
    assert usable is not None
    assert MIB < available <= usable


def test_a_system_file_is_read_without_its_end(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5\0\n")
    assert read_system_file(tmp_path / "model") == "Raspberry Pi 5"
    assert read_system_file(tmp_path / "absent") == ""
    assert read_system_file(tmp_path) == ""
