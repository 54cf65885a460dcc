"""The other end of ``init.py``: starts the first process of a device and gives it orders."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.pi.userland import UserlandError


class Init:
    """The first process of a device, as this machine sees it.

    Attributes:
        pid: this machine's number for it.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        """Starts it; ``config``: what ``init.py`` reads, without qemu.

        Raises:
            UserlandError: this machine cannot run it; the message says why.
        """
        message = json.dumps({**config, "qemu": _find_qemu()}).encode()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).with_name("init.py")), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the tests, which then switch it off
            )
        self._control.settimeout(60)
        self._control.send(message)
        try:
            self._wait()
        except UserlandError:
            self.close()
            raise
        outer = self._process.pid
        self.pid = int(Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="utf-8"))

    def order(self, what: str, listener: socket.socket | None = None, **arguments: int) -> None:
        """Has it do what its method of that name does, with a socket of this machine's.

        Raises:
            UserlandError: it could not.
        """
        message = json.dumps({"do": what, **arguments}).encode()
        socket.send_fds(self._control, [message], [listener.fileno()] if listener else [])
        self._wait()

    def close(self) -> None:
        """Ends it and with it all of the device."""
        self._control.close()
        if self._process.returncode is None:
            self._process.communicate(timeout=30)

    def _wait(self) -> None:
        answer = self._control.recv(1 << 16)
        if not answer:
            said = self._process.communicate(timeout=30)[1].decode(errors="replace").strip()
            raise UserlandError(f"the emulated device ended: {said.splitlines()[-1] if said else 'it said nothing'}")
        if error := json.loads(answer)["error"]:
            raise UserlandError(f"the emulated device: {error}")


def _find_qemu() -> str:
    for name in ("qemu-aarch64-static", "qemu-aarch64"):
        if found := shutil.which(name):
            return found
    raise UserlandError("there is no qemu-aarch64-static; run scripts/system-deps.sh")
