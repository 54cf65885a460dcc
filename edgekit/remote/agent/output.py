"""Frames to the other side."""

from __future__ import annotations

import json
import os
import struct
import threading
from typing import Any


class Output:
    """Takes standard output for itself. Any thread may send."""

    def __init__(self) -> None:
        self._handle = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()
        os.dup2(2, 1)  # what anything prints from here on must not come between the frames

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        if payload:
            header = {**header, "size": len(payload)}
        data = json.dumps(header).encode()
        with self._lock:
            self._handle.write(struct.pack(">I", len(data)) + data + payload)
            self._handle.flush()
