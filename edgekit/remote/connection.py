"""This machine's side of a connection: requests to the agent, one at a time, each with a time limit."""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from edgekit.errors import TargetError
from edgekit.remote.address import SshAddress
from edgekit.remote.ssh import CONNECT_SECONDS, HELLO, Ending, explain_ending, ssh_command

LEAST_PYTHON = (3, 11)
PING_SECONDS = 5.0
GREETING_SECONDS = CONNECT_SECONDS + 30.0
"""For the login and the start of Python there: on a busy or emulated device several seconds."""

ANSWER_SECONDS = 60.0
CHUNK = 1 << 18
_GREETING_LIMIT = 1 << 16

Json = dict[str, Any]
Listener = Callable[[Json], object]


@dataclass(frozen=True)
class Answer:
    """What the agent says to a request."""

    fields: Mapping[str, Any]
    payload: bytes = b""


class RefusedError(TargetError):
    """The device did not do what it was asked for; :attr:`reason` is the agent's word for why."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Connection:
    """An agent at work on a device, for as long as the ``with`` block lasts.

    Leaving the block, in whichever way, ends all that runs on the device and removes what this
    connection wrote there, but for what was meant to be kept.

    Args:
        address: of the device.

    Raises:
        TargetError: there is no ssh here, the device cannot be reached, or it has no fitting Python.
    """

    def __init__(self, address: SshAddress) -> None:
        self.address = address
        self._answers: queue.Queue[tuple[Json, bytes] | None] = queue.Queue()
        self._log: deque[str] = deque(maxlen=100)
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._greeted = False
        self._number = 0
        try:
            self._process = subprocess.Popen(
                ssh_command(address),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,  # Ctrl-C is for this process, which then says goodbye
            )
        except OSError as error:
            raise TargetError(
                f"The system's ssh cannot be started ({error.strerror}: {error.filename}). "
                "Install it with: sudo apt install openssh-client"
            ) from error
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def request(
        self,
        do: str,
        fields: Mapping[str, Any] | None = None,
        payload: Path | bytes | None = None,
        *,
        seconds: float = ANSWER_SECONDS,
        listen: Listener | None = None,
        sent: Callable[[int], object] | None = None,
    ) -> Answer:
        """Asks the agent for one thing.

        Args:
            do: what, one of the agent's ``REQUESTS``.
            fields: the request's own.
            payload: raw bytes that belong to it, or the file that holds them.
            seconds: for the answer, from when the request is sent.
            listen: is given what the agent tells on the way.
            sent: is told the bytes of each piece of the payload that was sent.

        Raises:
            RefusedError: the device cannot do it; the message says why.
            TargetError: the connection is lost, or there is no answer in time.
        """
        self._number += 1
        header: Json = {**(fields or {}), "id": self._number, "do": do}
        self._send(header, payload, sent)
        deadline = time.monotonic() + seconds
        while True:
            try:
                received = self._answers.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                raise TargetError(f"{self.address} did not answer within {seconds:.0f} s.") from None
            if received is None:
                raise TargetError(self._why_lost())
            document, data = received
            if document.get("id") != self._number:
                continue
            if not document.get("done"):
                if listen is not None:
                    listen(document)
                continue
            if "refused" in document:
                raise RefusedError(_refusal(document, self.address), str(document["refused"]))
            return Answer(document, data)

    def close(self) -> None:
        """Says goodbye: the agent ends what it runs and cleans up. A second call does nothing."""
        self._closing.set()
        with contextlib.suppress(OSError, ValueError):
            self._pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        threading.Thread(target=self._read_log, daemon=True).start()
        greeting: queue.Queue[tuple[int, int] | None] = queue.Queue()
        threading.Thread(target=self._read_answers, args=(greeting,), daemon=True).start()
        try:
            version = greeting.get(timeout=GREETING_SECONDS)
        except queue.Empty:
            raise TargetError(
                f"{self.address} let ssh in, but did not start python3 within {GREETING_SECONDS:.0f} s."
            ) from None
        if version is None:
            raise TargetError(self._why_lost())
        self._greeted = True
        if version < LEAST_PYTHON:
            raise TargetError(
                f"{self.address} has Python {version[0]}.{version[1]}; EdgeKit needs {LEAST_PYTHON[0]}."
                f"{LEAST_PYTHON[1]} or later there. Raspberry Pi OS has it since Bookworm (2023)."
            )
        source = Path(__file__).with_name("agent.py").read_bytes()
        with self._sending:
            self._write(str(len(source)).encode() + b"\n" + source)
        threading.Thread(target=self._ping, daemon=True).start()

    def _send(self, header: Json, payload: Path | bytes | None, sent: Callable[[int], object] | None) -> None:
        if payload is None:
            with self._sending:
                self._write(_frame(header))
            return
        if isinstance(payload, Path):
            size, digest = payload.stat().st_size, _file_digest(payload)
        else:
            size, digest = len(payload), hashlib.sha256(payload).hexdigest()
        # No ping may come between the pieces; they are a sign of life themselves.
        with self._sending:
            self._write(_frame({**header, "size": size, "digest": digest}))
            for piece in _pieces(payload):
                self._write(piece)
                if sent is not None:
                    sent(len(piece))

    def _write(self, data: bytes) -> None:
        pipe = self._pipe(self._process.stdin)
        try:
            pipe.write(data)
            pipe.flush()
        except (OSError, ValueError) as error:
            raise TargetError(self._why_lost()) from error

    def _ping(self) -> None:
        while not self._closing.wait(PING_SECONDS):
            try:
                with self._sending:
                    self._write(_frame({}))
            except TargetError:
                return

    def _read_answers(self, greeting: queue.Queue[tuple[int, int] | None]) -> None:
        pipe = self._pipe(self._process.stdout)
        try:
            version = _read_greeting(pipe)
            greeting.put(version)
            while version is not None:
                document = json.loads(_exactly(pipe, struct.unpack(">I", _exactly(pipe, 4))[0]))
                self._answers.put((document, _exactly(pipe, document.get("size", 0))))
        except (OSError, ValueError, EOFError):
            pass
        greeting.put(None)
        self._answers.put(None)

    def _read_log(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._pipe(self._process.stderr):
                self._log.append(line.decode("utf-8", "replace").rstrip())

    def _why_lost(self) -> str:
        try:
            code: int | None = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            code = None
        time.sleep(0.05)  # its last words
        return explain_ending(Ending(code, "\n".join(self._log), self._greeted), self.address)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


def _frame(header: Json) -> bytes:
    data = json.dumps(header).encode()
    return struct.pack(">I", len(data)) + data


def _pieces(payload: Path | bytes) -> Any:
    if isinstance(payload, bytes):
        yield from (payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK))
        return
    with payload.open("rb") as handle:
        while piece := handle.read(CHUNK):
            yield piece


def _file_digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _read_greeting(pipe: IO[bytes]) -> tuple[int, int] | None:
    """The version of the device's Python. What a login script prints before is passed over."""
    seen = 0
    while seen < _GREETING_LIMIT:
        line = pipe.readline(_GREETING_LIMIT)
        if not line:
            return None
        seen += len(line)
        words = line.decode("ascii", "replace").split()
        if len(words) == 3 and words[0] == HELLO:
            return int(words[1]), int(words[2])
    return None


_REFUSALS = {
    "no-space": "{address} has no space left ({text}). Make room there, or remove what EdgeKit keeps with: "
    "edgekit doctor --on pi@{address} --remove",
    "permission": "{address} does not let this user write ({text}). EdgeKit needs ~/.cache/edgekit there.",
    "damaged": "{address}: {text}. Try again; if it stays so, the device's card may be worn out.",
}


def _refusal(document: Mapping[str, Any], address: SshAddress) -> str:
    pattern = _REFUSALS.get(str(document["refused"]), "{address} could not do it: {text}.")
    return pattern.format(address=address, text=document["text"])
