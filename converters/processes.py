"""The processes of converters: watched, limited in time, and ended with whoever started them."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Workers:
    """The processes that run now, so that none outlives its parent's interest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        on_line: Callable[[str], object],
        seconds: float,
    ) -> int | None:
        """Runs one process to its end.

        Args:
            command: what to run.
            environment: of the process.
            log: what it says on standard error is added there.
            on_line: called with each line of its standard output while it runs.
            seconds: after which it is killed, counted anew from each line.

        Returns:
            The exit code; ``None`` for one that was not started or ran out of time.
        """
        with self._lock:
            if self._closed:
                return None
            with log.open("ab") as output:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    env=dict(environment),
                    text=True,
                    errors="replace",
                )
            self._running.add(process)
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(process)

        timer = _start_timer(seconds, stop)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                timer.cancel()
                timer = _start_timer(seconds, stop)
                on_line(line.rstrip("\n"))
            code = process.wait()
            return None if late.is_set() else code
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            with self._lock:
                self._running.discard(process)

    @property
    def closed(self) -> bool:
        """Whether no more are started."""
        return self._closed

    def kill_all(self) -> None:
        """Ends all that run, and starts no more."""
        with self._lock:
            self._closed = True
            for process in self._running:
                _kill(process)


def _start_timer(seconds: float, stop: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    return timer


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        process.kill()
