"""A process with a time and a memory limit, that of memory for all that it starts as well."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.child import describe_crash

_EVERY_SECONDS = 0.1
_PARENT = 1  # of the fields behind the name in /proc/<pid>/stat (proc_pid_stat(5))


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        problem: what stopped it, as a sentence, or ``None`` where it ended by itself.
        code: its exit code.
        log: what it printed, both streams.
        peak_bytes: the most memory that was seen in use at one time; 0 where the system does not tell.
    """

    problem: str | None
    code: int
    log: str
    peak_bytes: int

    def to_sentence(self) -> str:
        """Why there is no result, without a path of this machine."""
        if self.problem is not None:
            return self.problem
        lines = [line.strip() for line in self.log.splitlines() if line.strip()]
        how = describe_crash(self.code) or f"exit code {self.code}"
        return without_folders(f"It ended with {how}: {lines[-1][:300] if lines else 'no message'}")


def run_limited(
    command: Sequence[str], environment: Mapping[str, str], log: Path, seconds: float, size_bytes: int
) -> Ending:
    """Runs a command, and kills it and its children where it takes too long or too much.

    Memory is what is in physical use (resident), looked at ten times a second: address space, which ``ulimit``
    counts, is reserved by the gigabyte and never touched. Only Linux tells; elsewhere there is no such limit.
    """
    problem, peak = None, 0
    ends = time.monotonic() + seconds
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        ) as process,
    ):
        try:
            while process.poll() is None and problem is None:
                time.sleep(_EVERY_SECONDS)
                peak = max(peak, resident_memory(process.pid))
                if peak > size_bytes:
                    problem = f"It needed more than {size_bytes / 1e9:g} GB of memory."
                elif time.monotonic() > ends:
                    problem = f"It did not finish within {seconds / 60:g} minutes."
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return Ending(problem, process.returncode, log.read_text(encoding="utf-8", errors="replace"), peak)


def resident_memory(process: int) -> int:
    """Bytes that a process and its descendants have in use; 0 where the system does not tell."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if fields := _read(path / "stat").rpartition(")")[2].split():
            parents[int(path.name)] = int(fields[_PARENT])
    members = [process]
    for member in members:  # grows on the way
        members += [child for child, parent in parents.items() if parent == member]
    pages = [_read(Path(f"/proc/{member}/statm")).split() for member in members]
    return sum(int(fields[1]) for fields in pages if fields) * os.sysconf("SC_PAGE_SIZE")


def without_folders(text: str) -> str:
    """A message with the names of files, not where they lie on this machine."""
    return re.sub(r"(?<![\w/:.])(?:/[\w.+@-]+)+/([\w.+@-]+)", r"\1", text)


def _read(path: Path) -> str:
    """Empty for a process that has just ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
