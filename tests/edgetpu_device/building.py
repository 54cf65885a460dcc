"""Compiles the simulated Edge TPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import missing

SOURCE = Path(__file__).with_name("simulator.c")

PI = "aarch64-linux-gnu.2.28"
"""zig's name for a 64-bit Raspberry Pi OS, with a C library older than all of its releases."""


def compile_simulator(folder: Path, state: str = "", registration: int = 4, target: str | None = None) -> Path:
    """A library with the name that libedgetpu has.

    Args:
        folder: to write it into.
        state: ``STATE`` in its source: what is wrong with it.
        registration: of which age its structs are, likewise.
        target: zig's name of another machine.
    """
    path = folder / "libedgetpu.so.1"
    words = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    words += ["-Wno-missing-field-initializers", f"-DREGISTRATION={registration}", f'-DSTATE="{state}"']
    words += [f"--target={target}"] if target else []
    done = subprocess.run([*words, "-o", path, SOURCE], capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"zig cannot compile the simulated Edge TPU: {done.stderr}")
    return path
