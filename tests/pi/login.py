"""Throw-away keys for one emulated device, and an ``ssh`` that knows them and nothing of the user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.pi.userland import UserlandError

TOOLS = ("ssh", "scp", "sftp")


@dataclass(frozen=True)
class Login:
    """The files of one device's login, outside of it.

    Attributes:
        identity: the private key that logs in; beside it the public one.
        host_key: the private key by which the device is known.
        known_hosts: the device's true public key.
        config: for ``ssh -F``: only the above, no agent, no question.
        bin: a folder with ``ssh``, ``scp`` and ``sftp`` that use ``config``.
    """

    identity: Path
    host_key: Path
    known_hosts: Path
    config: Path
    bin: Path

    def environment(self) -> dict[str, str]:
        """This process's environment with ``bin`` in front."""
        return {**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def make_login(folder: Path, host: str, port: int) -> Login:
    """Makes keys and settings in a folder.

    Raises:
        UserlandError: there is no OpenSSH client.
    """
    programs = {name: shutil.which(name) for name in (*TOOLS, "ssh-keygen")}
    for name, program in programs.items():
        if program is None:
            raise UserlandError(f"there is no {name}; run scripts/system-deps.sh")
    login = Login(*(folder / name for name in ("id_ed25519", "host_ed25519", "known_hosts", "config", "bin")))
    for key in (login.identity, login.host_key):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "edgekit", "-f", str(key)], check=True)
    public = login.host_key.with_suffix(".pub").read_text(encoding="utf-8")
    login.known_hosts.write_text(f"[{host}]:{port} {public}", encoding="utf-8")
    settings = {
        "IdentityFile": login.identity,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "UserKnownHostsFile": login.known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
    }
    lines = (f"  {name} {value}\n" for name, value in settings.items())
    login.config.write_text("Host *\n" + "".join(lines), encoding="utf-8")
    login.bin.mkdir()
    for name in TOOLS:
        shim = login.bin / name
        shim.write_text(f'#!/bin/sh\nexec "{programs[name]}" -F "{login.config}" "$@"\n', encoding="utf-8")
        shim.chmod(0o755)
    return login
