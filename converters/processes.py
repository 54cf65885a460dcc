"""The processes of converters: watched, limited in time, and ended with whoever started them."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from edgekit.child import spared_by_interrupts


class Running(Protocol):
    """A process that runs."""

    def lines(self) -> Iterator[str]:
        """What it reports, line by line as it comes, until it has no more to say."""

    def wait(self) -> int:
        """Waits for its end, after the last line; its exit code as :mod:`subprocess` gives it."""

    def kill(self) -> None:
        """Ends it; nothing where it has ended. From any thread."""


class Program:
    """A command as :class:`Running`. Ctrl-C does not reach it.

    Args:
        command: what to run.
        environment: all variables that it has.
        log: what it says on standard error is added there; its standard output is what it reports.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as output, spared_by_interrupts():
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                env=dict(environment),
                text=True,
                errors="replace",
            )

    def lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                yield line.rstrip("\n")

    def wait(self) -> int:
        return self._process.wait()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()


class Workers:
    """The processes that run now, so that none outlives its parent's interest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Running] = set()
        self._closed = False

    def run(self, start: Callable[[], Running], on_line: Callable[[str], object], seconds: float) -> int | None:
        """Runs one process to its end.

        Args:
            start: starts it; what it raises goes on.
            on_line: called with each line that it reports, while it runs.
            seconds: after which it is killed, counted anew from each line.

        Returns:
            The exit code; ``None`` for one that was not started or ran out of time.
        """
        with self._lock:
            if self._closed:
                return None
            process = start()
            self._running.add(process)
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = _start_timer(seconds, stop)
        try:
            for line in process.lines():
                timer.cancel()
                timer = _start_timer(seconds, stop)
                on_line(line)
            code = process.wait()
            return None if late.is_set() else code
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
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
                process.kill()


def _start_timer(seconds: float, stop: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    return timer
