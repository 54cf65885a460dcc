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
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[1])

_PARENT = "EDGEKIT_PARENT"
"""The variable that tells a child who started it."""

_LAST_WORDS_SECONDS = 1.0
"""For what a process wrote before it ended: it lies in a pipe already, unless another one still holds that."""

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, linux/prctl.h


LOG_BYTES = 64 * 1024
"""How much of the end of a child's log is kept: one that prints without end would fill this process's memory."""


@dataclass(frozen=True)
class ChildResult:
    """How a child ended.

    Attributes:
        reply: the JSON document that it wrote, or ``None``.
        exit_code: as :mod:`subprocess` gives it, so negative for a signal; ``None`` after a timeout.
        log: what it printed, both streams; the last :data:`LOG_BYTES` of it.
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
    patience: float = 1.0,
) -> ChildResult:
    """Runs ``python -m module`` with ``message`` on its standard input.

    Args:
        module: its ``__main__`` part answers with :func:`reply`.
        message: what it reads.
        seconds: after which it is killed.
        arguments: for its command line.
        environment: variables that are set on top of this process's own.
        patience: up to how many times ``seconds`` a process may take that is at work, or waits for a busy
            processor or disk: one that sleeps ends after ``seconds``. Only Linux tells them apart.

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
        assert process.stderr is not None
        log = _Log(process.stderr)
        process.stderr = None
        try:
            output = _communicate(process, message, seconds, patience)
            exit_code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output = _last_words(process)
            exit_code = None
        except BaseException:
            process.kill()  # and leaving the block waits for it and closes its pipes
            log.read()
            raise
    return ChildResult(parse_reply(output), exit_code, log.read().decode("utf-8", "replace"))


def child_command(module: str, *arguments: str) -> list[str]:
    """The command line of ``python -m module``.

    Raises:
        OSError: this Python does not know its own executable.
    """
    if not sys.executable:
        raise OSError("this Python does not know its own executable")
    if getattr(sys, "frozen", False):  # PyInstaller and its likes: it would start the whole program again
        raise OSError("this program is packed into one executable, which is no Python")
    # -P keeps the working directory, where anything may lie, out of the child's imports.
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, ``extra``, and what the child needs to find this very EdgeKit and its parent."""
    return {**os.environ, **_python_path(), "PYTHONIOENCODING": "utf-8", _PARENT: str(os.getpid()), **extra}


@contextlib.contextmanager
def spared_by_interrupts() -> Iterator[None]:
    """Processes that are started meanwhile never see Ctrl-C: a terminal sends it to all, and the parent decides.

    They are to be killed by whoever started them. Windows has no signals to hold back.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield  # a process inherits what its parent holds back
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(parent: int | None = None) -> None:
    """Has Linux end this process when its parent is killed: nobody would take its result.

    Elsewhere it goes on to its end, which is untidy and no more.

    Args:
        parent: its process id; ``None`` for the one in :func:`child_environment`. One that ended before
            this was called takes this process with it, too.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    known = parent or int(os.environ.get(_PARENT) or 0)
    if known and os.getppid() != known:
        os.kill(os.getpid(), signal.SIGKILL)


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


class _Log:
    """Reads a pipe in a thread of its own, and keeps the end of what comes."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = b""
        self._thread = threading.Thread(target=self._take, name="edgekit-child-log", daemon=True)
        self._thread.start()

    def read(self) -> bytes:
        """What is kept, once the process has ended. One that it started may still hold the pipe: not waited for."""
        self._thread.join(_LAST_WORDS_SECONDS)
        return self._kept

    def _take(self) -> None:
        with contextlib.suppress(OSError), self._pipe:
            while part := os.read(self._pipe.fileno(), LOG_BYTES):
                self._kept = (self._kept + part)[-LOG_BYTES:]


def _communicate(process: subprocess.Popen[bytes], message: bytes, seconds: float, patience: float) -> bytes:
    """What a process wrote to its standard output until its end.

    Raises:
        subprocess.TimeoutExpired: it takes longer than it may.
    """
    start = time.monotonic()
    # Not by communicate: called again after a timeout, it sends no more of the message.
    threading.Thread(target=_feed, args=(process.stdin, message), daemon=True).start()
    process.stdin = None
    limit, before = seconds, -1
    while True:
        try:
            return process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            ticks, at_work = _activity(process.pid)
            left = patience * seconds - (time.monotonic() - start)
            if left <= 0 or not (at_work or ticks > before):
                raise
            limit, before = min(1.0, left), ticks


def _feed(pipe: IO[bytes], message: bytes) -> None:
    with contextlib.suppress(OSError), pipe:  # the process may have ended, or want no more of it
        pipe.write(message)


def _activity(process_id: int) -> tuple[int, bool]:
    """Clock ticks that a process has computed, and whether it runs now or waits for its turn at a processor or disk.

    Both are from proc(5), behind the name in parentheses, which may hold anything; (-1, False) without such files.
    """
    ticks, at_work = 0, False
    try:
        for task in Path(f"/proc/{process_id}/task").iterdir():
            fields = (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            at_work = at_work or fields[0] in "RD"
    except (OSError, ValueError, IndexError):
        return -1, False
    return ticks, at_work


def _last_words(process: subprocess.Popen[bytes]) -> bytes:
    """What a killed process had written; nothing where one that it started still holds its pipes."""
    try:
        return process.communicate(timeout=_LAST_WORDS_SECONDS)[0]
    except subprocess.TimeoutExpired:
        return b""


def _python_path() -> dict[str, str]:
    """Lets the child import this very EdgeKit, where it is not installed but run from a checkout."""
    if sysconfig.get_path("purelib") == _PACKAGE_PARENT:
        return {}
    older = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([_PACKAGE_PARENT, older] if older else [_PACKAGE_PARENT])}


def parse_reply(output: bytes) -> dict[str, Any] | None:
    """The document of a :class:`Reply`; ``None`` where what was written is none."""
    try:
        document = json.loads(output)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
