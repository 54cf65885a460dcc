"""The packages that a device needs, fetched and unpacked here for its platform, as one archive to send.

So one way serves devices that are online, offline or without pip. What was fetched once stays in
this machine's cache.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from edgekit.errors import TargetError, first_line
from edgekit.files import atomic_write, cache_directory
from edgekit.remote.platforms import DevicePlatform, RuntimePlan

FETCH_SECONDS = 600

# Parts of the packages that no classification needs; they are two thirds of the bytes.
_LEFT_OUT_FOLDERS = {"tests", "__pycache__", "bin", "include"}
_LEFT_OUT_SUFFIXES = (".pyi", ".pyx", ".pxd", ".a", ".h", "Accelerator.so")

_UV_GLIBC = (17, 28, *range(31, 41))
"""Minor versions of glibc 2 that uv knows as platforms."""


_fetching = threading.Lock()


@dataclass(frozen=True)
class Archive:
    """A tar archive to be unpacked on a device.

    Attributes:
        path: of the file.
        digest: SHA-256 (hex) that stands for the contents; the folder on the device is called so.
    """

    path: Path
    digest: str


def fetch_packages(plan: RuntimePlan, platform: DevicePlatform, stop: threading.Event) -> Archive:
    """An archive with the plan's packages, and what they depend on but for what the device has itself.

    The versions are those that are installed here, so that both machines compute with the same code;
    where there is none for the device, its latest one.

    Args:
        plan: of the device.
        platform: of the device.
        stop: set by another thread where they are not wanted any more.

    Raises:
        TargetError: they cannot be fetched.
    """
    with _fetching:  # several devices of one kind, at the same time
        return _fetch(plan, platform, stop)


def _fetch(plan: RuntimePlan, platform: DevicePlatform, stop: threading.Event) -> Archive:
    pinned = tuple(_pin(name) for name in plan.packages)
    options = ["--no-deps"] if plan.system_packages else []
    key = hashlib.sha256("\n".join((str(platform), *sorted(pinned))).encode()).hexdigest()[:32]
    path = cache_directory() / "devices" / f"{platform}-{key}.tar.gz"
    if not path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            problem = _install([*options, *pinned], platform, Path(folder), stop)
            if problem and not stop.is_set() and pinned != plan.packages:
                shutil.rmtree(folder, ignore_errors=True)
                problem = _install([*options, *plan.packages], platform, Path(folder), stop)
            if problem:
                raise TargetError(
                    f"The packages for {platform} cannot be fetched: {first_line(problem)} "
                    "This machine needs the network for that, once for each kind of device."
                )
            with atomic_write(path) as temporary:
                write_archive(temporary, Path(folder), _wanted(Path(folder)))
    return Archive(path, key)


def write_archive(target: Path, root: Path, files: Sequence[Path]) -> None:
    """A compressed tar archive of ``files``, by their places below ``root``; the same bytes for the same contents."""
    with (
        target.open("wb") as handle,
        gzip.GzipFile("", "wb", 6, handle, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for file in sorted(files):
            entry = archive.gettarinfo(file, str(file.relative_to(root)))
            # The same whoever packs it and when; and a device whose clock is wrong sees no file from the future.
            entry.uid = entry.gid = entry.mtime = 0
            entry.mode = 0o644
            entry.uname = entry.gname = ""
            with file.open("rb") as content:
                archive.addfile(entry, content)


def _wanted(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not _LEFT_OUT_FOLDERS.intersection(path.relative_to(folder).parts)
        and not path.name.endswith(_LEFT_OUT_SUFFIXES)
    ]


def _pin(name: str) -> str:
    try:
        return f"{name}=={metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return name


def _install(requirements: Sequence[str], platform: DevicePlatform, folder: Path, stop: threading.Event) -> str | None:
    """Installs for another platform into a folder; why it failed, or ``None``."""
    problems = []
    for command in _installers(platform):
        words = [*command, "--target", str(folder), "--only-binary", ":all:", "--quiet", *requirements]
        problem = _call(words, stop)
        if problem is None:
            return None
        if stop.is_set():
            return "it was stopped"
        problems.append(problem)
        shutil.rmtree(folder, ignore_errors=True)
    return problems[0] if problems else "neither uv nor pip is installed here. Install one: python -m ensurepip"


def _call(words: list[str], stop: threading.Event) -> str | None:
    """Runs an installer to its end, or to ours; why it failed, or ``None``."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        except OSError as error:
            return str(error)
        end = time.monotonic() + FETCH_SECONDS
        try:
            while process.poll() is None:
                if stop.wait(0.1) or time.monotonic() > end:
                    return f"it was given up after {FETCH_SECONDS} s"
        finally:
            process.kill()
            process.wait()
        if process.returncode == 0:
            return None
        log.seek(0)
        lines = [line.strip(" ×╰─▶\n") for line in log if line.strip()]
        return " ".join(lines[:3]) or f"{words[0]} ended with {process.returncode}"


def _installers(platform: DevicePlatform) -> Iterator[list[str]]:
    python = f"{platform.python[0]}.{platform.python[1]}"
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv and platform.architecture in ("aarch64", "x86_64"):
        tag = f"{platform.architecture}-manylinux_2_{max(n for n in _UV_GLIBC if n <= platform.glibc[1])}"
        yield [uv, "pip", "install", "--python-platform", tag, "--python-version", python]
    if util.find_spec("pip"):
        # pip takes the tags one by one, and knows of older ones only what it is told.
        tags = [f"manylinux_2_{minor}_{platform.architecture}" for minor in range(platform.glibc[1], 4, -1)]
        tags.append(f"manylinux2014_{platform.architecture}")
        words = [word for tag in tags for word in ("--platform", tag)]
        yield [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--python-version",
            python,
            *words,
        ]
