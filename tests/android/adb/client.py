"""The system's own ``adb``, with a server of its own, so that neither a user's server nor keys are touched."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from tests.android.adb.device import AdbDevice


class AdbClient:
    """Debian's real client and a server that it starts; a context manager.

    Args:
        home: an empty folder; keys are made in it.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.program = shutil.which("adb")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    @property
    def environment(self) -> dict[str, str]:
        """Variables for whoever calls adb."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANDROID_", "ADB_"))}
        return {
            **kept,
            "HOME": str(self.home),
            "ANDROID_SDK_HOME": str(self.home),
            "ANDROID_USER_HOME": str(self.home),
            "ANDROID_ADB_SERVER_PORT": str(self.port),
            "ADB_MDNS": "0",
            "TMPDIR": str(self.home),
        }

    def run(self, *words: str, check: bool = True) -> str:
        """What adb prints."""
        assert self.program is not None
        done = subprocess.run(
            [self.program, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def connect(self, device: AdbDevice) -> None:
        """Makes the server know a device."""
        self.run("connect", device.serial, check=False)

    def disconnect(self, device: AdbDevice) -> None:
        """Makes it forget it."""
        self.run("disconnect", device.serial, check=False)

    def close(self) -> None:
        """Ends the server."""
        self.run("kill-server", check=False)

    def __enter__(self) -> AdbClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
