"""The system's ``adb``: how it is found and called, and what its failures mean."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from edgekit.errors import TargetError, first_line
from edgekit.remote.android.devices import Listed, parse_devices

VARIABLE = "EDGEKIT_ADB"
"""Names another ``adb`` than the one on the path."""

SERIAL_VARIABLE = "ANDROID_SERIAL"
"""adb's own: the device that is meant where none is named."""

LIST_SECONDS = 30.0
"""The first call starts adb's server, which looks for devices."""

MOST_BYTES = 16 << 20
"""What a command prints; a device may say anything, and without end."""

_LAST_WORDS_SECONDS = 1.0
"""For what a killed adb had written; a server that it started may still hold its pipes."""

_GONE = (
    r"device '[^']*' not found",
    r"device offline",
    r"device still (?:authorizing|connecting)",
    r"device unauthorized",
    r"no devices/emulators found",
    r"protocol fault",
    r"failed to get feature set",
    r"connect failed: closed",
    r"failed to read copy response",
    r"^(?:adb: )?error: closed$",
    r"Broken pipe",
    r"Connection reset by peer",
    r"unexpected EOF|couldn't read from device",
)
_SERVER = (
    "cannot connect to daemon",
    "failed to start daemon",
    "could not read ok from ADB Server",
    "failed to check server version",
    "daemon still not running",
    "Address already in use",
)


@dataclass(frozen=True)
class Ended:
    """How a call of adb ended.

    Attributes:
        code: its exit code; ``None`` where its time was up.
        output: what it printed.
        log: what it printed on its error stream.
    """

    code: int | None
    output: bytes
    log: str

    @property
    def text(self) -> str:
        """What it printed."""
        return self.output.decode("utf-8", "replace")


class DeviceGoneError(TargetError):
    """The device cannot be reached any more."""


class TooSlowError(TargetError):
    """A command on the device did not end in its time."""


def find_adb(environment: Mapping[str, str] = os.environ) -> str:
    """The program.

    Raises:
        TargetError: there is none.
    """
    named = environment.get(VARIABLE)
    found = shutil.which(named or "adb", path=environment.get("PATH"))
    if found is not None:
        return found
    if named:
        raise TargetError(f"{VARIABLE} names {named!r}, which is no program. Give the path of adb.")
    raise TargetError(
        "adb was not found on this machine. Install it (on Debian or Ubuntu: sudo apt install adb; elsewhere: "
        f"Android's SDK Platform Tools), or name it with {VARIABLE}=/path/to/adb"
    )


class Adb:
    """Calls of adb, one or more at a time, which another thread can end.

    Args:
        environment: as ``os.environ``.

    Raises:
        TargetError: there is no adb.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.program = find_adb(environment)
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def devices(self) -> tuple[Listed, ...]:
        """All devices that adb lists; starts its server where none runs.

        Raises:
            TargetError: the server does not start, or does not answer.
        """
        ended = self.call(["devices", "-l"], LIST_SECONDS)
        if ended.code != 0 or "List of devices attached" not in ended.text:
            raise TargetError(explain_server(ended))
        return parse_devices(ended.text)

    def version(self) -> str:
        """As it says itself, in one line: ``Android Debug Bridge version 1.0.41, Version 29.0.6-debian``.

        Raises:
            TargetError: it does not run.
        """
        ended = self.call(["version"], LIST_SECONDS)
        lines = [line.strip() for line in ended.text.splitlines() if "ersion" in line]
        if ended.code != 0 or not lines:
            raise TargetError(f"{self.program} does not run ({first_line(ended.log or ended.text)}). Install it anew.")
        return ", ".join(lines)

    def call(self, words: Sequence[str], seconds: float, most: int = MOST_BYTES) -> Ended:
        """Runs ``adb`` with these words, nothing on its standard input.

        Args:
            words: of its command line.
            seconds: after which it is killed.
            most: bytes that it may print.

        Raises:
            TargetError: it cannot be started, it prints more, or :meth:`stop` was called.
        """
        end = time.monotonic() + seconds
        with self._lock:
            if self._stopped:
                raise TargetError("The measurement was ended.")
            try:
                process = subprocess.Popen(
                    [self.program, *words],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    # Ctrl-C is for EdgeKit, which then has adb clean up; nor must a server that adb starts see it.
                    start_new_session=True,
                )
            except OSError as error:
                raise TargetError(f"{self.program} cannot be started ({error.strerror}). Install it anew.") from error
            self._running.add(process)
        output, log = _Pipe(process, process.stdout, most), _Pipe(process, process.stderr, MOST_BYTES)
        try:
            in_time = output.wait(end) and log.wait(end)
            if in_time:
                process.wait()
        finally:
            process.kill()
            output.wait(time.monotonic() + _LAST_WORDS_SECONDS)
            log.wait(time.monotonic() + _LAST_WORDS_SECONDS)
            process.wait()
            with self._lock:
                self._running.discard(process)
        if output.overflows or log.overflows:
            raise TargetError("The device sends far more than it was asked for. Restart it, and try again.")
        return Ended(process.returncode if in_time else None, output.content, log.content.decode("utf-8", "replace"))

    def stop(self) -> None:
        """Ends the calls that run, and lets none begin. Any thread may call it."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def another(self) -> Adb:
        """One of its own that :meth:`stop` does not end, for tidying up."""
        return Adb(self._environment)


def means_gone(log: str) -> bool:
    """Whether adb's own message says that the device is not there (any more)."""
    return any(re.search(pattern, log, re.MULTILINE) for pattern in _GONE)


def explain_server(ended: Ended) -> str:
    """Why there is no list of devices."""
    if ended.code is None:
        return f"adb did not answer within {LIST_SECONDS:.0f} s. End its server, and try again: adb kill-server"
    said = [line.strip() for line in (ended.log + ended.text).splitlines() if line.strip(" *\n")]
    reason = next((line for line in said if any(words in line for words in _SERVER)), said[-1] if said else "no reason")
    return (
        f"adb's server does not work ({first_line(reason)}). Does something else use its port (5037, or "
        "ANDROID_ADB_SERVER_PORT)? Try by hand: adb kill-server; adb devices"
    )


class _Pipe:
    """Reads a pipe in a thread of its own; a program that writes more than it may is killed."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: IO[bytes] | None, most: int) -> None:
        assert pipe is not None
        self._process, self._pipe, self._most = process, pipe, most
        self._found = bytearray()
        self._thread = threading.Thread(target=self._take, name="edgekit-adb", daemon=True)
        self._thread.start()

    @property
    def overflows(self) -> bool:
        return len(self._found) > self._most

    @property
    def content(self) -> bytes:
        return bytes(self._found)

    def wait(self, end: float) -> bool:
        """Whether all was read before that time of the monotonic clock."""
        self._thread.join(max(end - time.monotonic(), 0))
        return not self._thread.is_alive()

    def _take(self) -> None:
        with contextlib.suppress(OSError), self._pipe:
            while not self.overflows and (part := os.read(self._pipe.fileno(), 1 << 16)):
                self._found += part
        if self.overflows:
            self._process.kill()
