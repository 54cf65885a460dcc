"""``edgekit`` as a user runs it, in a process of its own, against emulated devices."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.conftest import heed_interrupts
from tests.pi.device import Pi

QUICK = ("--runs", "6", "--seconds", "0", "--warmup", "0")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    log: str

    @property
    def json(self) -> Any:
        """Its document."""
        return json.loads(self.output)


def command(*words: str | Path) -> list[str]:
    """The command line; this Python's own EdgeKit."""
    return [sys.executable, "-m", "edgekit", *map(str, words)]


def start(pi: Pi, *words: str | Path, **variables: str) -> subprocess.Popen[str]:
    """Starts it with the device's ssh in front of the path."""
    return subprocess.Popen(
        command(*words),
        env={**pi.login.environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> Ended:
    """Waits for its end."""
    try:
        output, log = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"still running after {seconds} s: {process.communicate()}") from None
    return Ended(process.returncode, output, log)


def edgekit(pi: Pi, *words: str | Path, seconds: float = 120, **variables: str) -> Ended:
    """Runs a command to its end."""
    ended = finish(start(pi, *words, **variables), seconds)
    print(ended.log, ended.output)
    return ended


def bench(pi: Pi, *words: str | Path, seconds: float = 120, **variables: str) -> Ended:
    """A short ``edgekit bench --json`` on the device; ``--on`` may be given anew."""
    target = () if "--on" in words else ("--on", pi.target)
    return edgekit(pi, "bench", *words, *target, *QUICK, "--json", seconds=seconds, **variables)


def work_folders(pi: Pi, home: str = "/root") -> list[str]:
    """What connections left on the device; nothing, unless one is at work."""
    return [str(path) for path in pi.path(f"{home}/.cache/edgekit/work").glob("*")]
