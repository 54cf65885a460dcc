"""Where a test device's commands run: this machine's programs, with an Android's folders beside them.

A mount and process namespace of its own: its root has this machine's folders, and ``/data``, ``/sdcard`` and
``/system`` of the device, on a small disk of its own that can really be full. It takes root, or a user namespace.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
"""What the device has in ``/system/bin``."""

REPOSITORY = Path(__file__).resolve().parents[3]

_VARIABLES = {"PATH": "/system/bin:/usr/bin:/bin", "HOME": "/data/local/tmp", "TMPDIR": "/data/local/tmp"}
"""Of the environment of its commands."""

START_SECONDS = 20.0

# $1 the new root, $2 the disk's size. Every folder of this machine but those that an Android has of its own.
_SETUP = """
set -e
root=$1
mount -t tmpfs -o size="$2" edgekit-device "$root"
for path in /*; do
    name=${path#/}
    case "$name" in data|sdcard|system|proc|dev|mnt|sys) continue;; esac
    if [ -L "$path" ]; then ln -s "$(readlink "$path")" "$root/$name"
    elif [ -d "$path" ]; then
        mkdir "$root/$name"
        mount --rbind "$path" "$root/$name"
        mount -o remount,bind,ro "$root/$name" || true  # where a user namespace does not allow it, it stays
    fi
done
mkdir "$root/proc" "$root/dev" "$root/system" "$root/data" "$root/sdcard"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root/data/local/tmp" "$root/data/system" "$root/data/app" "$root/sdcard/Android/data" "$root/system/bin"
mkdir -p "$root/sys/devices/system/cpu"
echo 0-7 > "$root/sys/devices/system/cpu/present"
# What ends there leaves no zombie, as under a real init.
exec chroot "$root" /usr/bin/env --ignore-signal=CHLD /usr/bin/sleep infinity
"""


class SandboxError(Exception):
    """This machine does not let namespaces be made; the message is a clause."""


class Sandbox:
    """A device's files and processes; a context manager.

    Args:
        folder: an empty one; the device's root is mounted there, seen by its own processes only.
        size: of its disk, bytes.

    Raises:
        SandboxError: it cannot be made here.
    """

    def __init__(self, folder: Path, size: int = 256 << 20) -> None:
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        if os.geteuid() != 0:
            words.insert(1, "--map-root-user")
        for program in ("unshare", "nsenter", "chroot"):
            if shutil.which(program) is None:
                raise SandboxError(f"there is no {program}")
        self._holder = subprocess.Popen(
            [*words, "/bin/sh", "-c", _SETUP, "setup", str(folder), str(size)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._init = self._wait_for_init()
        self.root = Path(f"/proc/{self._init}/root")
        for program in (path for path in PROGRAMS.iterdir() if path.is_file()):
            target = self.root / "system/bin" / program.name.removesuffix(".py")
            shutil.copy(program, target)
            target.chmod(0o755)
        python = self.root / "system/bin/edgekit-python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -P "$@"\n')
        python.chmod(0o755)

    def path(self, inside: str) -> Path:
        """A path of the device's, as this process opens it."""
        return self.root / inside.lstrip("/")

    def popen(self, words: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Starts a command on the device."""
        user = ["--user", "--preserve-credentials"] if os.geteuid() != 0 else []
        enter = ["nsenter", "--target", str(self._init), *user, "--mount", "--pid", "--root", "--wd"]
        return subprocess.Popen([*enter, *words], env=_VARIABLES, start_new_session=True, **options)

    def run(self, command: str) -> str:
        """What a command prints.

        Raises:
            AssertionError: it fails.
        """
        with self.popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            output = process.communicate(timeout=60)[0].decode()
        assert process.returncode == 0, output
        return output

    def files(self) -> list[str]:
        """All that lies in the folders that may be written to, but for what the device's own programs need."""
        found = []
        for folder in ("data/local/tmp", "sdcard"):
            base = self.root / folder
            found += [f"/{folder}/{path.relative_to(base)}" for path in base.rglob("*") if not path.is_dir()]
        return sorted(found)

    def commands(self) -> list[str]:
        """The command lines of the processes that run there, without the one that keeps it."""
        found = []
        for path in (self.root / "proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue
            if line and path.parent.name != "1":
                found.append(line)
        return found

    @contextmanager
    def full(self, free: int) -> Iterator[None]:
        """A disk with so many bytes free."""
        filler = self.path("/data/filler")
        room = shutil.disk_usage(self.root)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(room.free - free, 1))
        try:
            yield
        finally:
            filler.unlink()

    def close(self) -> None:
        """Ends it with all of its processes."""
        self._holder.send_signal(signal.SIGKILL)
        self._holder.wait()
        assert self._holder.stderr is not None
        self._holder.stderr.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_for_init(self) -> int:
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._holder.poll() is not None:
                assert self._holder.stderr is not None
                said = self._holder.stderr.read().decode().strip()
                raise SandboxError(f"no namespaces can be made here ({said.splitlines()[-1] if said else 'no reason'})")
            for word in children.read_text().split():
                try:
                    line = Path(f"/proc/{word}/cmdline").read_bytes()
                except OSError:
                    continue
                if line.startswith(b"/usr/bin/sleep"):
                    return int(word)
            time.sleep(0.01)
        raise SandboxError("it takes too long")
