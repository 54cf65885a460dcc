"""What there is of adb and of a device, for a person who asks."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgekit.measure.phone import PhoneState
from edgekit.remote.android.adb import Adb
from edgekit.remote.android.devices import Listed

PORT_VARIABLE, PORT = "ANDROID_ADB_SERVER_PORT", 5037
"""adb's own: where its server listens."""


@dataclass(frozen=True)
class PhoneLook:
    """A device that was looked at.

    Attributes:
        serial: by which adb knows it.
        adb: its version.
        state: heat and battery, at rest.
        apps: the EdgeKit apps on it, by their ids.
        tool: where ``benchmark_model`` is, here or on the device; ``None`` for nowhere.
        free_bytes: of the disk that models are sent to; ``None`` where that is not told.
    """

    serial: str
    adb: str
    state: PhoneState
    apps: tuple[str, ...]
    tool: str | None
    free_bytes: int | None

    @property
    def measurable(self) -> bool:
        """Whether a model can be measured on it."""
        return bool(self.apps) or self.tool is not None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "apps": list(self.apps)}


def running_server(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether adb's server runs here; asking adb itself would start one."""
    port = environment.get(PORT_VARIABLE, "")
    try:
        with socket.create_connection(("127.0.0.1", int(port) if port.isdigit() else PORT), timeout=1):
            return True
    except OSError:
        return False


def known_devices(adb: Adb, environment: Mapping[str, str] = os.environ) -> tuple[Listed, ...] | None:
    """The devices that adb's server lists; ``None`` where none runs.

    Raises:
        TargetError: it does not answer.
    """
    return adb.devices() if running_server(environment) else None
