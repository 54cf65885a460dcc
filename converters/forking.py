"""Workers that a nursery forks, for its parent: see :mod:`edgekit.converters.nursery`."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.child import child_command, child_environment, spared_by_interrupts
from edgekit.converters.base import MODULES, get_converter

_MODULE = "edgekit.converters.nursery"

_FAREWELL_SECONDS = 5.0
"""For killing its workers and ending itself; it does nothing else by then."""

_LOST = None
"""Comes instead of an exit code from a nursery that is gone."""


class NurseryGoneError(Exception):
    """The nursery has ended, and its workers with it. None of them is to blame."""


def can_fork() -> bool:
    """Whether this system has processes that can be forked after native libraries were loaded.

    Those of macOS break in a fork, Windows has none, and only Linux says what threads there are.
    """
    return sys.platform == "linux"


@contextlib.contextmanager
def open_nursery(formats: Sequence[str], environment: Mapping[str, str]) -> Iterator[Nursery | None]:
    """A nursery for workers of some formats, which ends with the block; ``None`` where there can be none.

    It imports while its parent does other things, so it pays to open it early.

    Args:
        formats: known ones.
        environment: variables for it and its workers, on top of this process's own.
    """
    nursery = None
    if can_fork():
        modules = [get_converter(format).module for format in formats] + [MODULES[format] for format in formats]
        with contextlib.suppress(OSError):  # no memory or no handle for one more process: there may be later
            nursery = Nursery(["tensorflow", "edgekit.converters.worker", *dict.fromkeys(modules)], environment)
    try:
        yield nursery
    finally:
        if nursery is not None:
            nursery.close()


class Nursery:
    """The process, and who waits for which of its workers. Safe from several threads.

    Args:
        modules: to import before the first fork.
        environment: variables that are set on top of this process's own.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        with spared_by_interrupts():
            self._process = subprocess.Popen(
                child_command(_MODULE, *modules),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what fails here is tried again by a worker that has a log
                env=child_environment(environment),
            )
        self._lock = threading.Lock()
        self._workers: dict[int, ForkedWorker] = {}
        self._count = 0
        self._ready = False
        self._gone = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    def fork(self, folders: Sequence[Path], log: Path) -> ForkedWorker:
        """Starts a worker for the jobs in some folders; what it says before the first goes to ``log``.

        Raises:
            NurseryGoneError: there is none any more, or there never was one that may fork.
        """
        with self._lock:
            self._count += 1
            worker = ForkedWorker(self, self._count)
            self._send({"fork": self._count, "folders": [str(folder) for folder in folders], "log": str(log)})
            self._workers[self._count] = worker
        return worker

    def kill(self, number: int) -> None:
        """Ends a worker; the nursery itself where it still imports and does not listen."""
        if not self._ready:
            self._process.kill()
        with self._lock, contextlib.suppress(NurseryGoneError):
            self._send({"kill": number})

    def close(self) -> None:
        """Ends it and all its workers."""
        if not self._ready:
            self._process.kill()
        with self._lock, contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        if self._gone:
            raise NurseryGoneError
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # a broken pipe, or one that is closed
            raise NurseryGoneError from error

    def _listen(self) -> None:
        """Hands each message to whom it is for; when there are no more, tells all who wait."""
        assert self._process.stdout is not None
        with self._process.stdout as messages:
            for line in messages:
                with contextlib.suppress(ValueError, KeyError):  # the last may be cut short
                    self._hand_on(json.loads(line))
        with self._lock:
            self._gone = True
            for worker in self._workers.values():
                worker.messages.put(_LOST)

    def _hand_on(self, message: Mapping[str, Any]) -> None:
        if "ready" in message:
            self._ready = True
            return
        with self._lock:
            worker = self._workers[message["worker"]]
            if "line" not in message:
                del self._workers[message["worker"]]
        if "errno" in message:
            worker.messages.put(OSError(message["errno"], os.strerror(message["errno"])))
        else:
            worker.messages.put(message.get("line", message.get("code")))


class ForkedWorker:
    """One fork, as :class:`~edgekit.converters.processes.Running`."""

    def __init__(self, nursery: Nursery, number: int) -> None:
        self.messages: queue.SimpleQueue[str | int | OSError | None] = queue.SimpleQueue()
        """Lines, then the exit code; or why it was not started, or :data:`_LOST`."""
        self._nursery = nursery
        self._number = number
        self._code: int | None = None

    def lines(self) -> Iterator[str]:
        """See :class:`~edgekit.converters.processes.Running`.

        Raises:
            NurseryGoneError: the nursery has ended.
            OSError: it cannot be started.
        """
        while isinstance(message := self.messages.get(), str):
            yield message
        if message is _LOST:
            raise NurseryGoneError
        if isinstance(message, OSError):
            raise message
        self._code = message

    def wait(self) -> int:
        assert self._code is not None, "all lines come before the end"
        return self._code

    def kill(self) -> None:
        self._nursery.kill(self._number)
