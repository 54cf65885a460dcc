"""The devices that adb lists, and which of them is meant. Pure functions over the text of ``adb devices -l``.

The states are those of adb's ``ConnectionState`` (``packages/modules/adb/adb.cpp``, ``connection_state_name``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.errors import TargetError

READY = "device"

_LINE = re.compile(r"(?P<serial>\S*[^\s:])\s+(?P<state>no permissions(?: \([^)]*\))?|\S+)(?P<rest>.*)")

_STATES = {
    "unauthorized": "it has not allowed this computer to debug it. Unlock it, and tap Allow on its question "
    "(Allow USB debugging?); if it does not ask, pull the cable and plug it in again",
    "authorizing": "it is being asked whether this computer may debug it. Unlock it, and tap Allow",
    "offline": "it does not answer (offline). Pull the cable and plug it in again, or over the network: "
    "adb disconnect {serial}; adb connect {serial}",
    "connecting": "it is not connected yet. Try again in a moment",
    "no permissions": "this user may not open it on USB (no permissions). On Debian or Ubuntu: "
    "sudo apt install android-sdk-platform-tools-common, then plug it in again",
    "recovery": "it is in recovery mode, where no app runs. Restart it: adb -s {serial} reboot",
    "rescue": "it is in rescue mode, where no app runs. Restart it: adb -s {serial} reboot",
    "sideload": "it waits for an update (sideload). Restart it on its own screen",
    "bootloader": "it is in its bootloader. Restart it: fastboot reboot",
    "host": "it is no device, but a computer that acts as one",
}


@dataclass(frozen=True)
class Listed:
    """One line of the list.

    Attributes:
        serial: by which adb knows it, as in ``R58M123ABC`` or ``192.168.1.20:5555``.
        state: ``device`` for one that can be used.
        model: as it calls itself; ``None`` where it has not said so.
    """

    serial: str
    state: str
    model: str | None = None

    @property
    def ready(self) -> bool:
        """Whether commands can be run on it."""
        return self.state == READY

    @property
    def problem(self) -> str:
        """Why it cannot be used and what to do, a clause."""
        return _STATES.get(self.state, f"its state is {self.state!r}").replace("{serial}", self.serial)

    def __str__(self) -> str:
        model = f" ({self.model})" if self.model else ""
        return f"{self.serial}{model}" + ("" if self.ready else f", {self.state}")


def parse_devices(text: str) -> tuple[Listed, ...]:
    """Reads what ``adb devices -l`` prints; lines about its server, and its warnings (``adb: …``), are passed over."""
    _, found, lines = text.partition("List of devices attached")
    devices = []
    for line in lines.splitlines() if found else []:
        match = _LINE.fullmatch(line.strip())
        if match is None or line.startswith("*"):
            continue
        model = re.search(r"\bmodel:(\S+)", match["rest"])
        state = "no permissions" if match["state"].startswith("no permissions") else match["state"]
        devices.append(Listed(match["serial"], state, model[1].replace("_", " ") if model else None))
    return tuple(devices)


def choose_device(devices: Sequence[Listed], serial: str | None) -> Listed:
    """The device that is meant.

    Args:
        devices: all that adb lists.
        serial: that the user named; ``None`` for the only one that is ready.

    Raises:
        TargetError: there is none, it cannot be used, or there are several; the message says which.
    """
    if serial is not None:
        for device in devices:
            if device.serial == serial:
                return _usable(device)
        raise TargetError(f"adb lists no device {serial!r}. {_those(devices)}{_connect(serial)}")
    ready = [device for device in devices if device.ready]
    if len(ready) == 1:
        return ready[0]
    if len(ready) > 1:
        raise TargetError(
            f"adb lists {len(ready)} devices: {_names(ready)}. Say which, as in --on android@{ready[0].serial}"
        )
    if len(devices) == 1:
        return _usable(devices[0])
    if devices:
        raise TargetError(f"None of adb's devices can be used: {_names(devices)}. {_first_upper(devices[0].problem)}.")
    raise TargetError(
        "adb lists no device. Plug the phone in with a cable that carries data, and switch on USB debugging in its "
        "developer options (docs/android.md)."
    )


def _usable(device: Listed) -> Listed:
    if not device.ready:
        model = f" ({device.model})" if device.model else ""
        raise TargetError(f"The device {device.serial}{model} cannot be used: {device.problem}.")
    return device


def _those(devices: Sequence[Listed]) -> str:
    return f"Those that it lists: {_names(devices)}." if devices else "It lists none at all."


def _connect(serial: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.\-]+:\d+|\[[0-9A-Fa-f:]+\]:\d+", serial):
        return f" Over the network it is connected first: adb connect {serial}"
    return " Is it plugged in, and USB debugging switched on?"


def _names(devices: Sequence[Listed]) -> str:
    return "; ".join(map(str, devices))


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
