"""A program that writes a stream of frames into a pipe."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO

from edgekit.child import describe_crash
from edgekit.errors import CameraError

_CHUNK = 1 << 18
_LOG_PIECES = 64
"""How many of the last pieces of standard error are kept: a program may write a line for each frame, for days."""

_END_SECONDS = 1.0
"""For a program to end, and for what follows from it."""


class PipedProcess:
    """One running program, without a shell. It reads nothing, and never sees the terminal's Ctrl-C.

    Args:
        command: program and arguments.
        on_log: is told each piece of standard error, in a thread of its own.
        grace_seconds: for the program to end when it is asked to, before it is made to.

    Raises:
        CameraError: it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], on_log: Callable[[bytes], None] | None = None, grace_seconds: float = _END_SECONDS
    ) -> None:
        self._command = tuple(command)
        # A group of its own: Ctrl-C on the terminal reaches this program only, which then ends the other one; and
        # what that may have started ends with it.
        options = {"process_group": 0} if os.name == "posix" else {}
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                **options,  # type: ignore[call-overload]
            )
        except OSError as error:
            raise CameraError(f"{command[0]} cannot be started: {(error.strerror or str(error)).lower()}.") from error
        self._end = weakref.finalize(self, _end, self._process, grace_seconds)  # at the end of this program, too
        self._log: deque[bytes] = deque(maxlen=_LOG_PIECES)
        self._reading = threading.Lock()
        self._logger = threading.Thread(
            target=_collect, args=(self._process.stderr, self._log, on_log), name="edgekit-log", daemon=True
        )
        self._logger.start()

    @property
    def pid(self) -> int:
        pid: int = self._process.pid
        return pid

    def read(self, seconds: float) -> bytes:
        """The next piece of the stream; empty at its end.

        Raises:
            TimeoutError: nothing came for so long. (Windows cannot wait for a pipe with a limit, and waits.)
        """
        with self._reading:
            pipe = self._process.stdout
            if pipe.closed:
                return b""
            if os.name == "posix" and not select.select([pipe], [], [], seconds)[0]:
                raise TimeoutError(f"nothing came for {seconds:g} s")
            data: bytes = pipe.read(_CHUNK)
            return data

    def close(self) -> None:
        """Ends the program. What reads from it meanwhile gets the end of the stream. A second call does nothing."""
        self._end()
        if self._reading.acquire(timeout=_END_SECONDS):
            self._process.stdout.close()
            self._reading.release()

    def ending(self) -> tuple[str, str]:
        """What the program said last on standard error, and how it ended (``exit code 1``), after it has been closed.

        It is given a moment to end by itself, so that the exit code is its own.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self.close()
        self._logger.join(_END_SECONDS)
        code = self._process.returncode
        return b"".join(self._log).decode("utf-8", "replace"), describe_crash(code) or f"exit code {code}"


def _collect(pipe: IO[bytes], log: deque[bytes], on_log: Callable[[bytes], None] | None) -> None:
    """Empties standard error, which would stop the program if it were full."""
    with pipe, contextlib.suppress(OSError, ValueError):
        while piece := pipe.read(1024):
            log.append(piece)
            if on_log is not None:
                on_log(piece)


def _end(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    if process.poll() is None and grace_seconds > 0:
        _send(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    # What it has started may have outlived it.
    _send(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        elif process.poll() is None:
            process.terminate()
