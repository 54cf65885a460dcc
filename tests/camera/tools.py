"""The stand-in for a Raspberry Pi's camera, ready to be found, and what is left of it."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

STAND_IN = Path(__file__).with_name("stand_in.py")


@dataclass(frozen=True)
class StandIn:
    """An executable ``rpicam-vid`` in a folder for ``PATH``.

    Attributes:
        program: its path.
        environment: what it needs, ``PATH`` included, in which no other camera program lies.
    """

    program: Path
    environment: Mapping[str, str]

    @property
    def pid(self) -> int:
        return int(Path(self.environment["STAND_IN_PID"]).read_text(encoding="ascii"))

    def runs(self) -> bool:
        """Whether its process is still there."""
        return process_exists(self.pid)


def make_stand_in(folder: Path, pictures: Path, name: str = "rpicam-vid") -> StandIn:
    """Writes the executable."""
    binaries = folder / "bin"
    binaries.mkdir()
    program = binaries / name
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{STAND_IN}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "STAND_IN_PID": str(folder / "pid"),
        "STAND_IN_PICTURES": str(pictures),
    }
    return StandIn(program, environment)


def process_exists(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ends(pid: int, seconds: float = 20.0) -> bool:
    """Whether a process ends; waits for it. The limit only keeps a failing test from waiting for ever."""
    deadline = time.monotonic() + seconds
    while process_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not process_exists(pid)


def jpeg(photo: Path, size: tuple[int, int] = (320, 240)) -> bytes:
    """A real photo as a camera would send it."""
    buffer = io.BytesIO()
    with Image.open(photo) as image:
        image.convert("RGB").resize(size).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
