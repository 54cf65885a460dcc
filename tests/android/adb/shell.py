"""The services that run commands: ``shell:``, ``shell,v2,…:`` with exit codes and two streams, ``exec:``.

The packets of version 2 are those of adb's ``shell_protocol.h``: a number for the kind, a length, the bytes.
"""

from __future__ import annotations

import struct
import subprocess
import threading
from typing import IO

from tests.android.adb.sandbox import Sandbox
from tests.android.adb.streams import Stream, StreamClosedError

STDOUT, STDERR, EXIT = 1, 2, 3

_HEADER = struct.Struct("<BI")


def run_shell(stream: Stream, sandbox: Sandbox, command: str, version: int) -> None:
    """Runs a command by ``/bin/sh``, and closes the stream at its end."""
    errors = subprocess.PIPE if version == 2 else subprocess.STDOUT
    process = sandbox.popen(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
    assert process.stdout is not None
    threading.Thread(target=_ignore, args=(stream,), daemon=True).start()
    lock = threading.Lock()
    readers = [threading.Thread(target=_copy, args=(stream, process.stdout, STDOUT, version, lock), daemon=True)]
    if process.stderr is not None:
        readers.append(
            threading.Thread(target=_copy, args=(stream, process.stderr, STDERR, version, lock), daemon=True)
        )
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    code = process.wait()
    try:
        if version == 2:
            stream.write(_HEADER.pack(EXIT, 1) + bytes([code if code >= 0 else 128 - code]))
        stream.close()
    except StreamClosedError:
        pass


def _copy(stream: Stream, pipe: IO[bytes], kind: int, version: int, lock: threading.Lock) -> None:
    """What a command prints, to the host; dropped once nobody listens, as by a closed pipe."""
    with pipe:
        while part := pipe.read1(16384):  # type: ignore[attr-defined]
            try:
                with lock:
                    stream.write(_HEADER.pack(kind, len(part)) + part if version == 2 else part)
            except StreamClosedError:
                return


def _ignore(stream: Stream) -> None:
    """What comes for the command's standard input, if only that there is none."""
    while stream.read_some():
        pass
