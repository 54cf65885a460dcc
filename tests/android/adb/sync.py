"""The service ``sync:``, which copies files to a device: STAT, LST2, STA2, SEND, QUIT.

From the Android Open Source Project's ``packages/modules/adb/SYNC.TXT`` and ``file_sync_protocol.h``.
"""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

from tests.android.adb.sandbox import Sandbox
from tests.android.adb.streams import Stream, StreamClosedError

_REQUEST = struct.Struct("<4sI")
_STAT = struct.Struct("<4sIII")
_STAT_2 = struct.Struct("<4sIQQIIIIQqqq")

APP_FOLDERS = "/sdcard/Android/data/"


def run_sync(stream: Stream, sandbox: Sandbox) -> None:
    """Answers requests until the host is done."""
    try:
        while True:
            kind, length = _REQUEST.unpack(stream.read(_REQUEST.size))
            if kind == b"QUIT":
                break
            argument = os.fsdecode(stream.read(length))
            if kind == b"STAT":
                _stat(stream, sandbox.path(argument))
            elif kind in (b"STA2", b"LST2"):
                _stat_2(stream, sandbox.path(argument), kind)
            elif kind == b"SEND":
                name, _, mode = argument.rpartition(",")
                problem = "fchown failed: Operation not permitted" if name.startswith(APP_FOLDERS) else None
                _send(stream, sandbox.path(name), int(mode), problem)
            else:
                _fail(stream, f"unknown command {kind!r}")
                break
        stream.close()
    except StreamClosedError:
        pass


def _fail(stream: Stream, text: str) -> None:
    content = text.encode()
    stream.write(_REQUEST.pack(b"FAIL", len(content)) + content)


def _stat(stream: Stream, path: Path) -> None:
    try:
        found = path.lstat()
        stream.write(_STAT.pack(b"STAT", found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime)))
    except OSError:
        stream.write(_STAT.pack(b"STAT", 0, 0, 0))


def _stat_2(stream: Stream, path: Path, kind: bytes) -> None:
    try:
        found = path.stat() if kind == b"STA2" else path.lstat()
    except OSError as error:
        stream.write(_STAT_2.pack(kind, error.errno or 5, *([0] * 10)))
        return
    sizes = (found.st_mode, found.st_nlink, found.st_uid, found.st_gid, found.st_size)
    times = (int(found.st_atime), int(found.st_mtime), int(found.st_ctime))
    stream.write(_STAT_2.pack(kind, 0, found.st_dev, found.st_ino, *sizes, *times))


def _send(stream: Stream, path: Path, mode: int, problem: str | None) -> None:
    """Writes a file; after an error the rest is read and dropped, as adbd does, and the file removed."""
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            file = stack.enter_context(path.open("wb"))
        except OSError as error:
            problem = f"couldn't create file: {os.strerror(error.errno or 5)}"
        if problem is not None:
            _fail(stream, problem)
        while True:
            kind, length = _REQUEST.unpack(stream.read(_REQUEST.size))
            if kind == b"DONE":
                break
            content = stream.read(length)
            if problem is not None:
                continue
            try:
                file.write(content)
                file.flush()
            except OSError as error:
                problem = f"write failed: {os.strerror(error.errno or 5)}"
                _fail(stream, problem)
    if problem is not None:
        with contextlib.suppress(OSError):
            path.unlink()
        return
    path.chmod(mode & 0o777)
    os.utime(path, (length, length))
    stream.write(_REQUEST.pack(b"OKAY", 0))
