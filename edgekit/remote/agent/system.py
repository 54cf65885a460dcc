"""What the device is and how it does."""

from __future__ import annotations

import contextlib
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgekit.remote.agent.storage import ROOT, find_kept, size_of

LIMIT = 1 << 16
COMMAND_SECONDS = 5


def probe() -> dict[str, Any]:
    """What decides what can run here."""
    return {
        "python": list(sys.version_info[:3]),
        "machine": platform.machine(),
        "bits": struct.calcsize("P") * 8,
        "libc": list(platform.libc_ver()),
        "kept": find_kept(),
    }


def measure_storage() -> dict[str, Any]:
    return {"free_bytes": shutil.disk_usage(Path.home()).free, "folder": str(ROOT), "kept_bytes": size_of(ROOT)}


def read_all(files: Iterable[str], commands: Iterable[list[str]]) -> dict[str, Any]:
    """The contents of these files and the answers of these commands; what is not there is left out."""
    contents, answers = {}, {}
    for name in files:
        with contextlib.suppress(OSError), open(name, "rb") as handle:
            contents[name] = handle.read(LIMIT).decode("utf-8", "replace")
    for words in commands:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS)
            if done.returncode == 0:
                answers[" ".join(words)] = done.stdout.decode("utf-8", "replace").strip()
    return {"files": contents, "commands": answers}
