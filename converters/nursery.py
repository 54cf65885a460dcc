"""A process that has imported what converters need, and forks for each: ``python -m edgekit.converters.nursery``.

TensorFlow takes seconds to import, for every process again. The nursery does it once, while its parent is still
loading the model; a worker that is forked from it starts in milliseconds and shares its memory.

Forking is sound where a process has no threads, since none of them would be there in the fork, but the locks that
they hold. Nothing of TensorFlow is run here, so it has started none. OpenBLAS, which comes with NumPy and SciPy, stops
and restarts its own around a fork. If anything else has threads by the end of the imports, the nursery gives up, and
its parent does without.

Messages are JSON, one a line. To the nursery: ``{"fork": 3, "folders": [...], "log": "..."}`` and ``{"kill": 3}``;
the end of its input, or of its parent, ends it with all workers. From it: ``{"ready": true}``, then of each worker
``{"worker": 3, "line": "..."}`` for what it reports and ``{"worker": 3, "code": 0}`` at its end, as
:mod:`subprocess` gives exit codes; ``{"worker": 3, "errno": 11}`` of one that could not be forked.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from edgekit.child import end_with_parent

_WITH_OPENBLAS = ("numpy", "scipy.linalg")
"""What has threads that may be there; other packages may or may not import it."""

_UNWANTED = "cv2"
"""Keras imports OpenCV, for drawing, where it is installed; that has threads of its own, and no converter draws."""

_CHUNK = 1 << 16


@dataclass
class _Worker:
    """A fork: its process, the end of its pipe, and what has come of a line."""

    process: int
    pipe: int
    rest: bytes = b""


class _Nursery:
    def __init__(self, requests: int, replies: int) -> None:
        self._requests = requests
        self._replies = replies
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._rest = b""

    def serve(self) -> None:
        """Forks and tells of the forks until there is nobody left to ask for it."""
        self._selector.register(self._requests, selectors.EVENT_READ)
        self._send({"ready": True})
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._hear(key.data)
                elif not self._obey():
                    return

    def end_all(self) -> None:
        for worker in self._workers.values():
            os.kill(worker.process, signal.SIGKILL)
        for worker in self._workers.values():
            os.waitpid(worker.process, 0)

    def _obey(self) -> bool:
        """Reads what is asked for; whether there may be more."""
        data = os.read(self._requests, _CHUNK)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "fork" in request:
                self._fork(request["fork"], request["folders"], request["log"])
            elif request["kill"] in self._workers:
                os.kill(self._workers[request["kill"]].process, signal.SIGKILL)
        return bool(data)

    def _fork(self, number: int, folders: Sequence[str], log: str) -> None:
        reading, writing = os.pipe()
        nursery = os.getpid()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of OpenBLAS' threads
                process = os.fork()
        except OSError as error:
            os.close(reading)
            os.close(writing)
            self._send({"worker": number, "errno": error.errno})
            return
        if process == 0:
            os.close(reading)
            self._close()
            _work(nursery, folders, log, writing)
        os.close(writing)
        self._workers[number] = _Worker(process, reading)
        self._selector.register(reading, selectors.EVENT_READ, number)

    def _hear(self, number: int) -> None:
        """Passes on what a worker reports; the end of its pipe is its own."""
        worker = self._workers[number]
        data = os.read(worker.pipe, _CHUNK)
        *lines, worker.rest = (worker.rest + data).split(b"\n")
        for line in lines:
            self._send({"worker": number, "line": line.decode("utf-8", "replace")})
        if data:
            return
        self._selector.unregister(worker.pipe)
        os.close(worker.pipe)
        _, status = os.waitpid(worker.process, 0)
        del self._workers[number]
        self._send({"worker": number, "code": os.waitstatus_to_exitcode(status)})

    def _send(self, message: dict[str, Any]) -> None:
        os.write(self._replies, json.dumps(message).encode() + b"\n")

    def _close(self) -> None:
        """In a fork: what is the nursery's alone."""
        self._selector.close()
        for descriptor in (self._requests, self._replies, *(worker.pipe for worker in self._workers.values())):
            os.close(descriptor)


def _work(nursery: int, folders: Sequence[str], log: str, pipe: int) -> NoReturn:
    """The life of a fork. It ends here: what is on the stack above it is the nursery's."""
    code = 1
    try:
        end_with_parent(nursery)
        with open(log, "ab") as output:
            for descriptor in (1, 2):
                os.dup2(output.fileno(), descriptor)
        from edgekit.converters.worker import run_folders

        with os.fdopen(pipe, "w") as control:
            run_folders([Path(folder) for folder in folders], control)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def count_threads() -> int:
    """Of this process."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _prepare(modules: Sequence[str]) -> bool:
    """Imports everything; whether it is sound to fork then."""
    for name in _WITH_OPENBLAS:
        with contextlib.suppress(ImportError):
            import_module(name)
    known = count_threads()
    sys.modules.setdefault(_UNWANTED, None)  # type: ignore[arg-type]  # an import of it then fails as a missing one
    for name in modules:
        import_module(name)
    # What is there now is there for good: no fork needs to look at it for garbage, and so copy it.
    gc.collect()
    gc.freeze()
    return count_threads() <= known


def main(modules: Sequence[str]) -> int:
    """Imports ``modules``, then forks for whoever has the other ends of the standard input and output."""
    end_with_parent()
    requests, replies = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what is printed is no message
    if not _prepare(modules):
        return 1
    nursery = _Nursery(requests, replies)
    try:
        nursery.serve()
    finally:
        nursery.end_all()
    sys.stderr.flush()
    os._exit(0)  # TensorFlow takes its time to leave, with nothing to do


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
