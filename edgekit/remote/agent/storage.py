"""What is kept on the device, and each connection's working folder, both below ``~/.cache/edgekit``.

Several agents may be at work at once, for several people. Each holds a lock on its own working folder, which the
kernel lets go of when it dies, in whichever way: that is how the others know what is in use.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.remote.agent.refused import Refused

ROOT = Path.home() / ".cache" / "edgekit"
KINDS = ("edgekit", "runtime")

KEPT = 3
"""Of each kind, the latest that were used: more than one laptop, or a version before and after an update."""

MARK = ".whole"
"""In a kept folder: how many files and bytes it was unpacked to. Its time is that of the last use."""

USES = "uses"


class WorkFolder:
    """This connection's own folder, made at first use; those of agents that died are removed then."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._handle = -1
        self._lock = threading.Lock()
        self.leaving = False

    @property
    def path(self) -> Path:
        with self._lock:
            if self._path is None:
                parent = ROOT / "work"
                parent.mkdir(parents=True, exist_ok=True)
                with locked(parent):
                    for other in parent.iterdir():
                        if not is_locked(other):
                            shutil.rmtree(other, ignore_errors=True)
                    self._path = Path(tempfile.mkdtemp(dir=parent))
                    self._handle = os.open(self._path, os.O_RDONLY)
                    fcntl.flock(self._handle, fcntl.LOCK_EX)
            return self._path

    def unpack(self, spool: Path) -> Path:
        """A fresh folder with the contents of a tar archive."""
        fresh = Path(tempfile.mkdtemp(dir=self.path))
        with tarfile.open(spool) as archive:
            for member in archive:
                if not (member.isfile() or member.isdir()) or not is_plain(member.name):
                    raise Refused("request", f"{member.name!r} does not belong into an archive")
                while self.leaving:  # what is removed just now must not grow again
                    time.sleep(1)
                archive.extract(member, fresh)
        return fresh

    def keep(self, fresh: Path, name: str) -> Path:
        """Has a folder of :meth:`unpack` stay under a name, whole or not at all."""
        target = inside(name)
        (fresh / MARK).write_text(json.dumps(count(fresh)), encoding="ascii")
        # Else a name may outlive a loss of power, and the data behind it not.
        os.sync()
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(ROOT):
            if not is_whole(target):  # else another connection was first
                if target.exists():
                    target.rename(Path(tempfile.mkdtemp(dir=self.path), "damaged"))
                fresh.rename(target)
            self.use(name)
            forget_old(target.parent)
        return target

    def use(self, name: str) -> Path:
        """A kept folder that this connection needs from now on."""
        folder = inside(name)
        with contextlib.suppress(OSError):
            os.utime(folder / MARK)
            with open(self.path / USES, "a", encoding="utf-8") as handle:
                handle.write(f"{name}\n")
        return folder

    def remove(self) -> None:
        """Removes it, also while another thread still writes into it."""
        self.leaving = True
        for _ in range(20):
            if self._path is None or not self._path.exists():
                break
            shutil.rmtree(self._path, ignore_errors=True)
            time.sleep(0.02)
        self._path = None


def find_kept() -> list[str]:
    """The names of what is kept and whole."""
    return [f"{kind}/{path.name}" for kind in KINDS for path in (ROOT / kind).glob("*") if is_whole(path)]


def is_whole(folder: Path) -> bool:
    """Whether all that was unpacked is still there, by the number and the sizes of the files."""
    try:
        return bool(json.loads((folder / MARK).read_text(encoding="ascii")) == count(folder))
    except (OSError, ValueError):
        return False


def count(folder: Path) -> list[int]:
    """Files and bytes in it, without the byte code that Python adds."""
    files = size = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            if name != MARK:
                files += 1
                size += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
    return [files, size]


def forget_old(parent: Path) -> None:
    """Removes what was not used for the longest time, but for what another connection uses now."""
    used = {name for folder in live_folders() for name in read_uses(folder)}
    latest = sorted(parent.iterdir(), key=last_use, reverse=True)
    for folder in latest[KEPT:]:
        if f"{parent.name}/{folder.name}" not in used:
            shutil.rmtree(folder, ignore_errors=True)


def last_use(folder: Path) -> float:
    try:
        return (folder / MARK).stat().st_mtime
    except OSError:
        return 0.0


def live_folders() -> list[Path]:
    return [folder for folder in (ROOT / "work").glob("*") if is_locked(folder)]


def read_uses(folder: Path) -> list[str]:
    try:
        return (folder / USES).read_text(encoding="utf-8").split("\n")
    except OSError:
        return []


def remove_all(own: WorkFolder) -> dict[str, Any]:
    """Everything that was ever sent."""
    own.remove()
    own.leaving = False
    if live_folders():
        raise Refused("busy", "another connection of EdgeKit's is at work there")
    size = size_of(ROOT)
    if ROOT.is_dir():
        shutil.rmtree(ROOT)
    return {"bytes": size, "path": str(ROOT)}


def size_of(folder: Path) -> int:
    size = 0
    for place, _, names in os.walk(folder):  # not rglob, which raises where another connection cleans up just now
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
    return size


def is_plain(name: str) -> bool:
    return all(part not in ("", ".", "..") and "\0" not in part for part in name.split("/"))


def inside(name: str) -> Path:
    """A path below the cache folder."""
    if not is_plain(name):
        raise Refused("request", f"{name!r} is no path")
    return ROOT / name


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits for its turn."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Whether a live agent works in it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)
