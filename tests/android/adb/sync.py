"""The service ``sync:``, which copies files: STAT, LST2, STA2, LIST, SEND, RECV, QUIT.

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
_ENTRY = struct.Struct("<4sIIII")
_CHUNK = 64 * 1024


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
            elif kind == b"LIST":
                _list(stream, sandbox.path(argument))
            elif kind == b"RECV":
                _receive(stream, sandbox.path(argument), argument)
            elif kind == b"SEND":
                name, _, mode = argument.rpartition(",")
                _send(stream, sandbox.path(name), int(mode))
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


def _list(stream: Stream, path: Path) -> None:
    entries = sorted(path.iterdir()) if path.is_dir() else []
    for entry in entries:
        found, name = entry.lstat(), os.fsencode(entry.name)
        stream.write(_ENTRY.pack(b"DENT", found.st_mode, found.st_size, int(found.st_mtime), len(name)) + name)
    stream.write(_ENTRY.pack(b"DONE", 0, 0, 0, 0))


def _receive(stream: Stream, path: Path, name: str) -> None:
    try:
        with path.open("rb") as file:
            while part := file.read(_CHUNK):
                stream.write(_REQUEST.pack(b"DATA", len(part)) + part)
    except OSError as error:
        _fail(stream, f"failed to open file '{name}': {os.strerror(error.errno or 5)}")
        return
    stream.write(_REQUEST.pack(b"DONE", 0))


def _send(stream: Stream, path: Path, mode: int) -> None:
    """Writes a file; after an error the rest is read and dropped, as adbd does, and the file removed."""
    problem: str | None = None
    file = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        file = path.open("wb")
    except OSError as error:
        problem = f"couldn't create file: {os.strerror(error.errno or 5)}"
        _fail(stream, problem)
    while True:
        kind, length = _REQUEST.unpack(stream.read(_REQUEST.size))
        if kind == b"DONE":
            break
        content = stream.read(length)
        if file is None or problem is not None:
            continue
        try:
            file.write(content)
            file.flush()
        except OSError as error:
            problem = f"write failed: {os.strerror(error.errno or 5)}"
            _fail(stream, problem)
    if file is not None:
        with contextlib.suppress(OSError):
            file.close()
        if problem is not None:
            path.unlink(missing_ok=True)
            return
        path.chmod(mode & 0o777)
        os.utime(path, (length, length))
        stream.write(_REQUEST.pack(b"OKAY", 0))
