"""An emulated Raspberry Pi: an ARM userland under qemu with a real ``sshd`` on a loopback port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.pi.board import CPUS, cpuinfo, sysfs
from tests.pi.boot import Init
from tests.pi.login import make_login
from tests.pi.processes import Process, list_processes, send
from tests.pi.userland import USERS, Userland, UserlandError

HOST = "127.0.0.1"
DISK = 2 << 30  # bytes; in memory, and only what is written takes any


class Pi:
    """A device that is switched on. Every method leaves it usable for the next test, or says otherwise.

    Attributes:
        port: the loopback port of its sshd; the same until ``close``.
        login: the key, known_hosts, config and programs to log in with, as ``root`` or as ``pi``.
        log: what the device's sshd said.
    """

    host = HOST

    def __init__(
        self, userland: Userland, folder: Path, *, disk: int = DISK, sys_files: Mapping[str, str] | None = None
    ) -> None:
        """Switches the device on, with an empty home; ``folder`` is an empty one outside for its keys and log.

        Args:
            disk: what can be written to it, in bytes.
            sys_files: files below ``/sys`` instead of, or beside, those of ``board.sysfs``.

        Raises:
            UserlandError: this machine cannot run it; the message says what is missing.
        """
        self.userland = userland
        self.folder = folder.resolve()
        self.log = folder / "sshd.log"
        if os.geteuid() != 0:
            raise UserlandError("the emulated Raspberry Pi needs root: it mounts file systems")
        with _listening(0) as listener:
            self.port = int(listener.getsockname()[1])
            self.login = make_login(folder, HOST, self.port)
            self._init = self._boot(disk, {**sysfs(), **(sys_files or {})})
            self._init.order("listen", listener)

    @property
    def address(self) -> str:
        """The user, host and port, as after ``pi@``."""
        return f"root@{self.host}:{self.port}"

    @property
    def target(self) -> str:
        """What ``--on`` takes."""
        return f"pi@{self.address}"

    def run(
        self,
        command: str,
        *,
        user: str = "root",
        input: bytes | None = None,
        options: Sequence[str] = (),
        check: bool = True,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a shell command on the device over ssh; what it wrote is decoded as UTF-8.

        Raises:
            AssertionError: it ended with a status other than 0, and ``check`` is on.
        """
        ssh = [str(self.login.bin / "ssh"), *options, "-p", str(self.port), f"{user}@{self.host}", command]
        raw = subprocess.run(ssh, input=input or b"", capture_output=True, timeout=timeout, check=False)
        stdout, stderr = (text.decode(errors="replace") for text in (raw.stdout, raw.stderr))
        done = subprocess.CompletedProcess(ssh, raw.returncode, stdout, stderr)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def path(self, inside: str) -> Path:
        """Where a file of the device lies for this process, to read, write or remove it without ssh.

        An absolute link of the device would be followed on this machine: do not go through one.
        """
        return Path(f"/proc/{self._init.pid}/root{self.folder}/stage/root/{inside.lstrip('/')}")

    def processes(self, *, sshd: bool = False) -> list[Process]:
        """What runs on the device, without its first process; ``sshd``: with those that serve connections."""
        return [process for process in list_processes(self._init.pid) if sshd or not process.is_sshd]

    def left_over(self, within: float = 10) -> list[Process]:
        """What still runs after ``within`` seconds, connections included; returns as soon as nothing does."""
        end = time.monotonic() + within
        while (found := self.processes(sshd=True)) and time.monotonic() < end:
            time.sleep(0.05)
        return found

    @contextmanager
    def disk(self, free: int) -> Iterator[None]:
        """The device has ``free`` bytes of disk left inside the block."""
        disk = os.statvfs(self.path("/"))
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        self._init.order("resize", size=used + free)
        try:
            yield
        finally:
            self._init.order("resize", size=disk.f_blocks * disk.f_frsize)

    @contextmanager
    def without(self, inside: str) -> Iterator[None]:
        """The device lacks a file or folder inside the block."""
        path = self.path(inside)
        hidden = path.with_name(f".{path.name}.hidden")
        path.rename(hidden)
        try:
            yield
        finally:
            hidden.rename(path)

    @contextmanager
    def replaced(self, inside: str, text: str, mode: int | None = None) -> Iterator[Path]:
        """A file of the device has other text inside the block, or is there at all; ``mode``: 0o755 for a program."""
        path = self.path(inside)
        before = path.read_bytes() if path.exists() else None
        before_mode = path.stat().st_mode if before is not None else None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if mode is not None:
            path.chmod(mode)
        try:
            yield path
        finally:
            if before is None or before_mode is None:
                path.unlink()
            else:
                path.write_bytes(before)
                path.chmod(before_mode)

    def stop(self) -> None:
        """Stops sshd: connections are refused; those that are open stay."""
        self._init.order("deafen")

    def start(self) -> None:
        """Starts sshd again, on the same port."""
        with _listening(self.port) as listener:
            self._init.order("listen", listener)

    def drop_connections(self) -> None:
        """Ends all connections as a lost network that says so does. Programs are not killed, but lose their pipes."""
        send(signal.SIGKILL, [process for process in self.processes(sshd=True) if process.is_sshd])

    def kill_all(self) -> None:
        """Kills all programs and connections at once."""
        send(signal.SIGKILL, self.processes(sshd=True))

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        """The power is cut: nothing answers any more, and no connection says so. After the block it has booted again.

        Open connections stay silent until the end of the block. New ones get no answer, either.
        """
        self.stop()
        with _listening(self.port, backlog=0):  # accepts nothing: a client waits as for a host that is not there
            send(signal.SIGSTOP, self.processes(sshd=True))
            try:
                yield
            finally:
                self.kill_all()
        self.start()

    def close(self) -> None:
        """Switches the device off for good; all that was written to it is gone."""
        self._init.close()

    def __enter__(self) -> Pi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _boot(self, disk: int, sys_files: dict[str, str]) -> Init:
        stage = self.folder / "stage"
        stage.mkdir()
        cpus = self.folder / "cpuinfo"
        cpus.write_text(cpuinfo(), encoding="utf-8")
        public = self.login.identity.with_suffix(".pub").read_text(encoding="utf-8")
        files = {f"{home[1:]}/.ssh/authorized_keys": public for _, home in USERS.values()}
        files["etc/ssh/ssh_host_ed25519_key"] = self.login.host_key.read_text(encoding="utf-8")
        return Init(
            {
                "root": str(self.userland.root),
                "stage": str(stage),
                "disk": disk,
                "cpus": CPUS,
                "cpuinfo": str(cpus),
                "sys": sys_files,
                "files": files,
                "log": str(self.log),
            }
        )


def _listening(port: int, backlog: int = 64) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(backlog)
    return listener
