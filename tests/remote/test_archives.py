"""What is sent to a device."""

from __future__ import annotations

import tarfile
import threading
from pathlib import Path

import pytest

from edgekit.errors import TargetError
from edgekit.remote.package import pack_edgekit
from edgekit.remote.platforms import DevicePlatform, RuntimePlan
from edgekit.remote.wheels import fetch_packages, write_archive


def test_the_same_files_make_the_same_bytes_whoever_packs_them_and_when(tmp_path: Path) -> None:
    """Nor does a device whose clock is wrong get files from the future."""
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    file = root / "a" / "b.py"
    file.write_text("1\n")
    archives = []
    for number, mode in enumerate((0o644, 0o600)):
        file.chmod(mode)
        file.touch()
        archives.append(tmp_path / f"{number}.tar.gz")
        write_archive(archives[-1], root, [file])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as tar:
        (entry,) = tar
    assert (entry.name, entry.mtime, entry.uid, entry.uname, entry.mode) == ("a/b.py", 0, 0, "", 0o644)


def test_edgekit_s_own_part_has_what_a_device_needs_and_no_more() -> None:
    archive = pack_edgekit()
    with tarfile.open(archive.path) as tar:
        names = set(tar.getnames())
    assert {"edgekit/measure/worker.py", "edgekit/runtime/loading.py", "edgekit/__init__.py"} <= names
    for left_out in ("remote", "cli", "training", "converters"):
        assert not any(name.startswith(f"edgekit/{left_out}/") for name in names)


def test_packages_that_there_are_not() -> None:
    platform = DevicePlatform("aarch64", (3, 11), (2, 36))
    with pytest.raises(TargetError, match=r"aarch64-python3.11-glibc2.36 cannot be fetched: .* needs the network"):
        fetch_packages(RuntimePlan(("edgekit-has-no-such-package",)), platform, threading.Event())


def test_fetching_stops_when_it_is_told_to() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TargetError, match="cannot be fetched"):
        fetch_packages(RuntimePlan(("pillow",)), DevicePlatform("aarch64", (3, 12), (2, 36)), stop)
