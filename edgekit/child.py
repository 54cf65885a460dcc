"""Running a module of EdgeKit in a clean process: bytes in, one JSON document out.

A child process is what keeps a crash of native code, or an honest figure for memory and start-up,
apart from the program that asks.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class ChildResult:
    """How a child ended.

    Attributes:
        reply: the JSON document that it wrote, or ``None``.
        exit_code: as :mod:`subprocess` gives it, so negative for a signal; ``None`` after a timeout.
        log: what it printed, both streams.
    """

    reply: dict[str, Any] | None
    exit_code: int | None
    log: str

    @property
    def timed_out(self) -> bool:
        return self.exit_code is None

    @property
    def crash(self) -> str | None:
        """How it died, as in ``signal 11, SIGSEGV``, or ``None`` for one that ended by itself."""
        return None if self.exit_code is None else describe_crash(self.exit_code)

    @property
    def ending(self) -> str:
        """Why there is no reply, in a few words: the crash, else the last line printed, else the exit code."""
        if self.timed_out:
            return "out of time"
        lines = self.log.strip().splitlines()
        return self.crash or (lines[-1] if lines else f"exit code {self.exit_code}")


def describe_crash(exit_code: int) -> str | None:
    """In words what killed a process, or ``None`` for an exit code that it chose itself."""
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {-exit_code}, {signal.Signals(-exit_code).name}"
        return f"signal {-exit_code}"
    if exit_code >= 0x80000000:  # Windows: an NTSTATUS of severity "error", as in 0xC0000005
        return f"exception 0x{exit_code:08X}"
    return None


def run_child(
    module: str,
    message: bytes,
    seconds: float,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> ChildResult:
    """Runs ``python -m module`` with ``message`` on its standard input.

    Args:
        module: its ``__main__`` part answers with :func:`reply`.
        message: what it reads.
        seconds: after which it is killed.
        arguments: for its command line.
        environment: variables that are set on top of this process's own.

    Raises:
        OSError: the process cannot be started.
    """
    with subprocess.Popen(
        child_command(module, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(environment or {}),
    ) as process:
        try:
            output, log = process.communicate(message, timeout=seconds)
            exit_code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, log = process.communicate()
            exit_code = None
        except BaseException:
            process.kill()  # and leaving the block waits for it and closes its pipes
            raise
    return ChildResult(_parse(output), exit_code, log.decode("utf-8", "replace"))


def child_command(module: str, *arguments: str) -> list[str]:
    """The command line of ``python -m module``.

    Raises:
        OSError: this Python does not know its own executable.
    """
    if not sys.executable:
        raise OSError("this Python does not know its own executable")
    # -P keeps the working directory, where anything may lie, out of the child's imports.
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, ``extra``, and what the child needs to find this very EdgeKit."""
    return {**os.environ, **_python_path(), "PYTHONIOENCODING": "utf-8", **extra}


class Reply:
    """The child's side: keeps standard output for the one document.

    Whatever else is printed, by native code too, goes to standard error from here on.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._handle = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def send(self, document: Mapping[str, Any]) -> None:
        self._handle.write(json.dumps(document).encode())
        self._handle.close()


def _python_path() -> dict[str, str]:
    """Lets the child import this very EdgeKit, where it is not installed but run from a checkout."""
    if sysconfig.get_path("purelib") == _PACKAGE_PARENT:
        return {}
    older = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([_PACKAGE_PARENT, older] if older else [_PACKAGE_PARENT])}


def _parse(output: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(output)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
