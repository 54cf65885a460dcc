"""The processes of an emulated device, as this machine sees them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process of the device."""

    pid: int  # this machine's number for it, not the device's
    command: tuple[str, ...]  # without qemu in front
    state: str  # "R", "S", "T" (stopped), ...

    @property
    def is_sshd(self) -> bool:
        """Whether it serves a connection, and is no program that someone started."""
        return Path(self.command[0]).name.startswith("sshd")


def list_processes(init: int) -> list[Process]:
    """All processes that live in the same namespace as the process ``init``, without that one and without dead ones."""
    space = Path(f"/proc/{init}/ns/pid").readlink()
    return [
        process
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and folder.name != str(init) and (process := _read(folder, space)) is not None
    ]


def send(number: signal.Signals, processes: Iterable[Process]) -> None:
    """Sends a signal to each; those that ended meanwhile are passed over."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _read(folder: Path, space: Path) -> Process | None:
    try:
        if (folder / "ns" / "pid").readlink() != space:
            return None
        command = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        state = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:  # ended meanwhile, or a process of the kernel's
        return None
    if state in "ZX":
        return None
    if Path(command[0]).name.startswith("qemu-"):
        command = command[2:]  # qemu and the program's file; its own arguments follow
    return Process(int(folder.name), tuple(command), state)
