"""This machine's side of a connection: requests to the agent, one at a time, each with a time limit."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from edgekit.errors import TargetError
from edgekit.remote.address import SshAddress
from edgekit.remote.agent_source import agent_source
from edgekit.remote.answers import Answer, RefusedError
from edgekit.remote.frames import (
    Json,
    clean,
    describe_payload,
    pack_frame,
    read_frame,
    read_greeting,
    split_payload,
)
from edgekit.remote.ssh import CONNECT_SECONDS, Ending, explain_ending, ssh_command

LEAST_PYTHON = (3, 11)
PING_SECONDS = 5.0
SILENCE_SECONDS = 30.0
"""The agent gives a sign of life every 5 s. ssh itself notices a dead network sooner; this is for a device that hangs,
and for a connection that is shared (``ControlPath``), over which ssh does not look."""

GREETING_SECONDS = CONNECT_SECONDS + 30.0
"""For the login and the start of Python there: on a busy or emulated device several seconds."""

ANSWER_SECONDS = 60.0
GOODBYE_SECONDS = 3.0

LOG_LINES, LOG_LINE_BYTES = 100, 2000
"""How much is kept of what ssh and the device print on the error stream; a longer line counts as several."""

Listener = Callable[[Json], object]


class Connection:
    """An agent at work on a device, from :meth:`open` or the begin of a ``with`` block to :meth:`close`.

    Its end, in whichever way, ends all that runs on the device and removes what this connection wrote there,
    but for what was meant to be kept. One that failed stays so: every later call raises the same error.

    Args:
        address: of the device.
    """

    def __init__(self, address: SshAddress) -> None:
        self.address = address
        self._process: subprocess.Popen[bytes] | None = None
        self._greeting: queue.Queue[tuple[int, int] | None] = queue.Queue()
        self._answers: queue.Queue[tuple[Json, bytes] | None] = queue.Queue()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._starting = threading.Lock()
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._readers: list[threading.Thread] = []
        self._problem: str | None = None
        self._greeted = False
        self._number = 0
        self._heard = self._deadline = self._waited = 0.0

    def open(self) -> Connection:
        """Connects, where that was not done yet.

        Raises:
            TargetError: there is no ssh here, the device cannot be reached, or it has no fitting Python.
        """
        if self._problem is not None:
            raise TargetError(self._problem)
        if self._process is None:
            try:
                self._start()
            except TargetError as error:
                self._problem = str(error)
                self.close()
                raise
            except BaseException:
                self.close()
                raise
        return self

    def request(
        self,
        do: str,
        fields: Mapping[str, Any] | None = None,
        payload: Path | bytes | None = None,
        *,
        seconds: float = ANSWER_SECONDS,
        listen: Listener | None = None,
    ) -> Answer:
        """Asks the agent for one thing.

        Args:
            do: what.
            fields: the request's own.
            payload: raw bytes that belong to it, or the file that holds them.
            seconds: for the request's way there and the answer; later the connection is given up.
            listen: is given what the agent tells on the way.

        Raises:
            RefusedError: the device cannot do it; the message says why.
            TargetError: the connection is lost, or there is no answer in time.
        """
        self.open()
        self._number += 1
        self._deadline = time.monotonic() + seconds
        self._send({**(fields or {}), "id": self._number, "do": do}, payload)
        while True:
            try:
                received = self._answers.get(timeout=max(self._deadline - time.monotonic(), 0.01))
            except queue.Empty:
                self._give_up(f"{self.address} did not answer within {seconds:.0f} s.")
                received = None
            if received is None:
                raise self._lost()
            document, data = received
            if document.get("id") != self._number:
                continue
            if not document.get("done"):
                if listen is not None:
                    listen(document)
                continue
            if self._closing.is_set():  # what it was killed for
                raise self._lost()
            if "refused" in document:
                raise RefusedError(document, self.address)
            return Answer(document, data)

    def close(self) -> None:
        """Says goodbye: the agent ends what it runs and cleans up. Any thread may; a second call does nothing."""
        self._closing.set()
        with self._starting:
            process = self._process
        if process is None:
            return
        # A thread that is sending may be stuck in it.
        if self._sending.acquire(timeout=1):
            with contextlib.suppress(OSError, ValueError):
                _pipe(process.stdin).close()
            self._sending.release()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GOODBYE_SECONDS)
        _kill(process)
        process.wait()
        self._end_waiting()  # a program that ssh has started may hold its pipes open
        for thread in self._readers:
            thread.join(timeout=1)

    def __enter__(self) -> Connection:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        with self._starting:
            if self._closing.is_set():
                raise TargetError(f"The connection to {self.address} was closed.")
            try:
                process = self._process = subprocess.Popen(
                    ssh_command(self.address),
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
        begin = time.monotonic()
        self._begin(self._read_log, _pipe(process.stderr))
        self._begin(self._read_answers, _pipe(process.stdout))
        try:
            version = self._greeting.get(timeout=GREETING_SECONDS)
        except queue.Empty:
            raise TargetError(
                f"{self.address} did not answer within {GREETING_SECONDS:.0f} s: its ssh hangs, or python3 does not "
                f"start there. Try by hand: ssh {self.address.login} python3 --version"
            ) from None
        if version is None:
            self._waited = time.monotonic() - begin
            raise self._lost()
        self._greeted = True
        if version < LEAST_PYTHON:
            raise TargetError(
                f"{self.address} has Python {version[0]}.{version[1]}; EdgeKit needs {LEAST_PYTHON[0]}."
                f"{LEAST_PYTHON[1]} or later there. Raspberry Pi OS has it since Bookworm (2023)."
            )
        self._heard = time.monotonic()
        self._deadline = self._heard + ANSWER_SECONDS
        self._begin(self._watch)
        source = agent_source()
        with self._sending:
            self._write(str(len(source)).encode() + b"\n" + source)
        self._begin(self._ping)

    def _begin(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        if arguments:
            self._readers.append(thread)

    def _send(self, header: Json, payload: Path | bytes | None) -> None:
        # No ping may come between the pieces; they are a sign of life themselves.
        with self._sending:
            if payload is None:
                self._write(pack_frame(header))
                return
            self._write(pack_frame({**header, **describe_payload(payload)}))
            for piece in split_payload(payload):
                self._write(piece)

    def _write(self, data: bytes) -> None:
        assert self._process is not None
        pipe = _pipe(self._process.stdin)
        try:
            pipe.write(data)
            pipe.flush()
        except (OSError, ValueError) as error:
            raise self._lost() from error

    def _ping(self) -> None:
        while not self._closing.wait(PING_SECONDS):
            try:
                with self._sending:
                    self._write(pack_frame({}))
            except TargetError:
                return

    def _watch(self) -> None:
        """Ends a connection that hangs, so that no other thread waits for it, be it in reading or in writing."""
        while not self._closing.wait(0.5) and self._problem is None:
            now = time.monotonic()
            if now - self._heard > SILENCE_SECONDS:
                self._give_up(
                    f"{self.address} has not been heard of for {SILENCE_SECONDS:.0f} s. Is it still switched on? "
                    "Then try again."
                )
            elif self._sending.locked() and now > self._deadline:
                self._give_up(f"{self.address} did not take what was sent to it in time. Try again.")

    def _give_up(self, problem: str) -> None:
        self._problem = self._problem or problem
        if self._process is not None:
            _kill(self._process)
        self._end_waiting()  # as in close

    def _read_answers(self, pipe: IO[bytes]) -> None:
        with pipe, contextlib.suppress(OSError, ValueError, EOFError):
            version = read_greeting(pipe)
            self._greeting.put(version)
            while version is not None:
                document, payload = read_frame(pipe)
                self._heard = time.monotonic()
                if "alive" not in document:
                    self._answers.put((document, payload))
        self._end_waiting()

    def _end_waiting(self) -> None:
        self._greeting.put(None)
        self._answers.put(None)

    def _read_log(self, pipe: IO[bytes]) -> None:
        with pipe, contextlib.suppress(OSError, ValueError):
            while line := pipe.readline(LOG_LINE_BYTES):
                self._log.append(clean(line.decode("utf-8", "replace").rstrip()))

    def _lost(self) -> TargetError:
        """Why there is no connection (any more)."""
        assert self._process is not None
        try:
            code: int | None = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            code = None
        self._readers[0].join(timeout=1)  # its last words
        if self._problem is None and self._closing.is_set():
            self._problem = f"The connection to {self.address} was closed."
        if self._problem is None:
            ending = Ending(code, "\n".join(self._log), self._greeted, self._waited)
            self._problem = explain_ending(ending, self.address)
        return TargetError(self._problem)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends ssh, and what it has started, which would keep its pipes open, and a thread that writes into one waiting."""
    if os.name == "posix" and process.returncode is None:  # until then its number is no other process's
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
