"""Python programs that run for the other side."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, Any

from edgekit.remote.agent.output import Output
from edgekit.remote.agent.storage import WorkFolder
from edgekit.remote.agent.system import read_all

KEPT_LINES = 200
AGENT = os.getpid()

try:
    PRCTL: Any = ctypes.CDLL(None).prctl
except (OSError, AttributeError):
    PRCTL = None


class Children:
    """Runs one at a time."""

    def __init__(self, output: Output, folder: WorkFolder) -> None:
        self._output = output
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, request: dict[str, Any], spool: Path | None) -> tuple[dict[str, Any], bytes]:
        """Runs Python with the given arguments; tells its error stream line by line, then how it ended."""
        environment = {**os.environ, **request["environment"]}
        environment["PYTHONPATH"] = os.pathsep.join(str(self._folder.use(name)) for name in request["python_path"])
        folder = self._folder.path
        with open(spool or os.devnull, "rb") as message, tempfile.TemporaryFile(dir=folder) as output:
            child = self._child = subprocess.Popen(
                [sys.executable, *request["arguments"]],
                stdin=message,
                stdout=output,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=folder,
                start_new_session=True,
                preexec_fn=settle,
            )
            log: deque[str] = deque(maxlen=KEPT_LINES)
            teller = threading.Thread(target=self._tell_lines, args=(child.stderr, request["id"], log), daemon=True)
            teller.start()
            timed_out = self._watch(child, request)
            end_group(child)
            teller.join(5)
            self._child = None
            output.seek(0)
            return {"exit_code": None if timed_out else child.returncode, "log": list(log)}, output.read()

    def end(self) -> None:
        """Kills what runs."""
        child = self._child
        if child is not None:
            end_group(child)

    def _watch(self, child: subprocess.Popen[bytes], request: dict[str, Any]) -> bool:
        """Waits for the child's end, with a look at the device now and then; whether it was out of time."""
        deadline = time.monotonic() + request["seconds"]
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=request["interval"])
                return False
            if time.monotonic() > deadline:
                end_group(child)
                child.wait()
                return True
            readings = read_all(request["files"], request["commands"])
            self._output.send({"id": request["id"], "readings": readings})

    def _tell_lines(self, stream: IO[bytes], number: int, log: deque[str]) -> None:
        for line in stream:
            log.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            self._output.send({"id": number, "line": log[-1]})


def end_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)


def settle() -> None:
    """In a new child: it ends with the agent, and is the first to go where memory runs out."""
    if PRCTL is not None:
        PRCTL(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != AGENT:
        os._exit(1)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as handle:
        handle.write("1000")
