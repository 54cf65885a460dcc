"""What goes over a connection, as :mod:`edgekit.remote.agent` describes it, from this machine's side.

A device may be broken or hostile: whatever it sends has a limit of size, and no control characters for a terminal.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from edgekit.remote.ssh import HELLO

CHUNK = 1 << 16
HEADER_LIMIT = 1 << 24
PAYLOAD_LIMIT = 1 << 30
_GREETING_LIMIT = 1 << 16

_CONTROL = {code: "?" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}

Json = dict[str, Any]


def pack_frame(header: Mapping[str, Any]) -> bytes:
    """A frame but for its raw bytes."""
    data = json.dumps(header).encode()
    return struct.pack(">I", len(data)) + data


def describe_payload(payload: Path | bytes) -> Json:
    """What a frame says about its raw bytes."""
    if isinstance(payload, bytes):
        return {"size": len(payload), "digest": hashlib.sha256(payload).hexdigest()}
    with payload.open("rb") as handle:
        return {"size": payload.stat().st_size, "digest": hashlib.file_digest(handle, "sha256").hexdigest()}


def split_payload(payload: Path | bytes) -> Iterator[bytes]:
    """In pieces that are sent one by one."""
    if isinstance(payload, bytes):
        yield from (payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK))
        return
    with payload.open("rb") as handle:
        while piece := handle.read(CHUNK):
            yield piece


def read_frame(pipe: IO[bytes]) -> tuple[Json, bytes]:
    """The next frame.

    Raises:
        EOFError: there is none.
        ValueError: that is no frame.
    """
    size = struct.unpack(">I", _exactly(pipe, 4, 4))[0]
    document = clean(json.loads(_exactly(pipe, size, HEADER_LIMIT)))
    if not isinstance(document, dict) or not isinstance(document.get("size", 0), int):
        raise ValueError("no frame")
    return document, _exactly(pipe, document.get("size", 0), PAYLOAD_LIMIT)


def read_greeting(pipe: IO[bytes]) -> tuple[int, int] | None:
    """The version of the device's Python. What a login script prints before is passed over."""
    seen = 0
    while seen < _GREETING_LIMIT:
        line = pipe.readline(_GREETING_LIMIT)
        if not line:
            return None
        seen += len(line)
        words = line.decode("ascii", "replace").split()
        if len(words) == 3 and words[0] == HELLO:
            return int(words[1]), int(words[2])
    return None


def clean(value: Any) -> Any:
    """The same JSON without characters that would steer a terminal."""
    if isinstance(value, str):
        return value.translate(_CONTROL)
    if isinstance(value, list):
        return [clean(part) for part in value]
    if isinstance(value, dict):
        return {clean(key): clean(part) for key, part in value.items()}
    return value


def _exactly(pipe: IO[bytes], size: int, limit: int) -> bytes:
    if not 0 <= size <= limit:
        raise ValueError("too long")
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
