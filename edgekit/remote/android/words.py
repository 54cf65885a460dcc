"""Words for a device's shell, and sentences of its files' failures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from edgekit.errors import first_line


def quote(words: Sequence[str]) -> str:
    """Words for a POSIX shell, which Android's is, each taken as it is."""
    return shlex.join(words)


def no_room(name: str, size: int | None, free: int | None) -> str:
    """A sentence for a device that is full."""
    needs = f" for {size / 1e6:.1f} MB" if size is not None else ""
    has = f" ({free / 1e6:.1f} MB are free)" if free is not None else ""
    return f"{name} has no space left{needs}{has}. Make room there, and try again."


def adb_reason(said: str) -> str:
    """What adb says, without its copy of the names."""
    line = next((line for line in said.splitlines() if "error" in line), said.strip().splitlines()[0] if said else "")
    match = re.search(r"(?:remote )?((?:couldn't|write|failed to (?:open|stat)|secure_mkdirs|Permission).*)", line)
    return first_line(match[1] if match else line or "no reason")
