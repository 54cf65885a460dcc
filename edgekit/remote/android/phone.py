"""One Android device: commands, files, and leaving nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import TargetError, first_line
from edgekit.remote.android.adb import MOST_BYTES, Adb, DeviceGoneError, TooSlowError, means_gone
from edgekit.remote.android.devices import Listed, choose_device
from edgekit.remote.android.words import adb_reason, no_room, quote

SHELL_SECONDS = 30.0
SLOWEST_PUSH = 0.5e6
"""Bytes a second, of a slow radio link; and :data:`SHELL_SECONDS` on top."""

TIDY_SECONDS = 15.0

FOLDER = "/data/local/tmp"
"""Where adb's shell may write, and run what it has written."""

ROOM_TO_SPARE = 8 << 20
"""Bytes that stay free: a phone without any misbehaves."""


@dataclass(frozen=True)
class Said:
    """How a command ended on the device.

    Attributes:
        code: its exit code.
        output: what it printed.
        log: what it printed on its error stream; on Android 6 and older that is in ``output``.
    """

    code: int
    output: str
    log: str

    @property
    def reason(self) -> str:
        """The last line that it printed, errors first, for a sentence."""
        lines = [line.strip() for line in (self.output + "\n" + self.log).splitlines() if line.strip()]
        return first_line(lines[-1]) if lines else f"exit code {self.code}"


class Phone:
    """A device that adb lists. Every method raises :class:`TargetError` where it cannot be reached (any more).

    Args:
        adb: the program.
        device: the line of its list.
    """

    def __init__(self, adb: Adb, device: Listed) -> None:
        self._adb = adb
        self.serial = device.serial
        self.name = device.serial + (f" ({device.model})" if device.model else "")
        self._left: dict[str, None] = {}
        self._undo: dict[str, None] = {}
        self._lock = threading.Lock()

    def shell(self, words: Sequence[str], seconds: float = SHELL_SECONDS) -> Said:
        """Runs a command there, each word as it is."""
        return self.script(quote(words), seconds)

    def script(self, text: str, seconds: float = SHELL_SECONDS) -> Said:
        """Runs a text by the device's shell.

        Args:
            text: whatever is not EdgeKit's own in it must have gone through :func:`quote`.
            seconds: after which it is given up; what runs there is not ended by that.

        Raises:
            DeviceGoneError: the connection was lost before it ended.
            TooSlowError: it took too long.
        """
        code, output, log = self._run("shell", text, seconds, MOST_BYTES)
        return Said(code, output.decode("utf-8", "replace"), log)

    def push(self, source: Path, target: str) -> None:
        """Copies a file there; it is removed by :meth:`tidy`.

        Raises:
            TargetError: there is no room for it, or it cannot be written.
        """
        size = source.stat().st_size
        free = self.free_bytes(_parent(target))
        if free is not None and free < size + ROOM_TO_SPARE:
            raise TargetError(no_room(self.name, size, free))
        self.will_leave(target)
        seconds = SHELL_SECONDS + size / SLOWEST_PUSH
        # adb takes a name with a dash in front for an option.
        ended = self._adb.call(["-s", self.serial, "push", os.path.abspath(source), target], seconds)  # noqa: PTH100
        if ended.code == 0:
            return
        said = ended.log + ended.text
        if "No space left" in said:
            raise TargetError(no_room(self.name, size, free))
        if ended.code is None:
            raise TargetError(f"{self.name} did not take {source.name} within {seconds:.0f} s. Try another cable.")
        if means_gone(said) or not self._reachable():
            raise self._gone()
        raise TargetError(f"{self.name} did not take {source.name} ({adb_reason(said)}).")

    def pull(self, source: str, most: int, seconds: float = 300.0) -> bytes:
        """What is in a file there, of at most so many bytes.

        Raises:
            TargetError: it cannot be read, or is larger.
        """
        code, content, _ = self._run("exec-out", quote(["cat", source]), seconds, most)
        if code != 0:
            reason = Said(code, content[-1000:].decode("utf-8", "replace"), "").reason
            raise TargetError(f"{source} cannot be read on {self.name} ({reason}).")
        return content

    def free_bytes(self, folder: str) -> int | None:
        """The room of the disk that a folder is on; ``None`` where the device does not tell."""
        said = self.shell(["df", "-k", folder])
        lines = said.output.strip().splitlines()
        fields = lines[-1].split() if said.code == 0 and len(lines) > 1 else []
        return int(fields[3]) * 1024 if len(fields) > 3 and re.fullmatch("[0-9]{1,15}", fields[3]) else None

    def make_folder(self, folder: str) -> None:
        """Makes a folder for EdgeKit alone; it is removed by :meth:`tidy`.

        Raises:
            TargetError: it cannot be made.
        """
        self.will_leave(folder)
        said = self.shell(["mkdir", "-p", folder])
        if said.code != 0:
            if "No space left" in said.log + said.output:
                raise TargetError(no_room(self.name, None, 0))
            raise TargetError(f"{self.name} does not let {folder} be made ({said.reason}).")

    def will_leave(self, path: str, any_end: bool = False) -> None:
        """Has a file or a folder removed at the end, or whatever begins so."""
        with self._lock:
            self._left[quote([path]) + ("*" if any_end else "")] = None

    def removed(self, path: str) -> None:
        """It is not there any more."""
        with self._lock:
            self._left.pop(quote([path]), None)

    def will_undo(self, text: str) -> None:
        """Has a text run by the device's shell at the end, in silence and before anything is removed."""
        with self._lock:
            self._undo[f"{{ {text}; }} >/dev/null 2>&1"] = None

    def tidy(self) -> str | None:
        """Removes all that was sent; what is left there, a sentence, where the device is gone.

        It works after ``adb`` was stopped, too.
        """
        adb, self._adb = self._adb, self._adb.another()
        try:
            return self._tidy()
        finally:
            self._adb = adb

    def _tidy(self) -> str | None:
        with self._lock:
            # The newest first: what lies in a folder before the folder.
            left = [*self._undo, *(f"rm -rf {path}" for path in reversed(self._left))]
        if not left:
            return None
        text = "; ".join(left)
        with contextlib.suppress(TargetError):
            if self.script(text, TIDY_SECONDS).code == 0:
                with self._lock:
                    self._undo, self._left = {}, {}
                return None
        by_hand = quote(["adb", "-s", self.serial, "shell", text])
        return f"What was sent may still be on {self.name}. Once it is back, remove it: {by_hand}"

    def _run(self, way: str, text: str, seconds: float, most: int) -> tuple[int, bytes, str]:
        """Exit code, output and errors of a text for the device's shell; see :meth:`script`."""
        # adb's own exit code is 0 where the cable was pulled in the middle, so the shell says that it came to the end.
        mark = secrets.token_hex(8)
        words = ["-s", self.serial, way, f"({text}\n); printf '\\n%s %s\\n' {mark} $?"]
        ended = self._adb.call(words, seconds, most + 100)
        output = ended.output.replace(b"\r\n", b"\n") if way == "shell" else ended.output
        output, found, code = output.rpartition(f"\n{mark} ".encode())
        if found and re.fullmatch(rb"[0-9]{1,3}\n", code):
            return int(code), output, ended.log
        if ended.code is None:
            raise TooSlowError(f"{self.name} did not answer within {seconds:.0f} s. Unlock it, and try again.")
        raise self._gone()

    def _reachable(self) -> bool:
        ended = self._adb.call(["-s", self.serial, "get-state"], SHELL_SECONDS)
        return ended.code == 0 and ended.text.strip() == "device"

    def _gone(self) -> DeviceGoneError:
        """What the state of a device that is lost means; its list may know more than the message."""
        try:
            listed = [device for device in self._adb.devices() if device.serial == self.serial]
        except TargetError as error:
            return DeviceGoneError(str(error))
        if listed and not listed[0].ready and listed[0].state != "offline":
            return DeviceGoneError(f"{self.name} cannot be used: {listed[0].problem}.")
        return DeviceGoneError(
            f"The connection to {self.name} was lost. Is the cable still plugged in, and the phone on? Then try again."
        )


def open_phone(adb: Adb, serial: str | None) -> Phone:
    """The device that is meant; see :func:`~edgekit.remote.android.devices.choose_device`.

    Raises:
        TargetError: there is none, it cannot be used, or there are several.
    """
    return Phone(adb, choose_device(adb.devices(), serial))


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
