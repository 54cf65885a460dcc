"""The real ARM wheels of what EdgeKit needs on a device, fetched once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.pi.userland import UserlandError

NEEDED = ("numpy", "pillow", "ai-edge-litert")
PLATFORM = "aarch64-manylinux_2_34"


def fetch_wheels(cache: Path, pins: Path, python: str) -> Path:
    """A folder to import from on a device with that Python ("3.11"), with the versions that are pinned.

    Raises:
        UserlandError: they cannot be fetched.
    """
    recipe = hashlib.sha256(Path(__file__).read_bytes() + pins.read_bytes()).hexdigest()[:12]
    folder = cache.resolve() / f"wheels-{PLATFORM}-{python}-{recipe}"
    if folder.is_dir():
        return folder
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.prefix, "bin")), os.environ.get("PATH", "")]))
    if uv is None:
        raise UserlandError("the ARM wheels cannot be fetched: there is no uv")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    command = [uv, "pip", "install", "--quiet", "--python-platform", PLATFORM, "--python-version", python]
    command += ["--only-binary", ":all:", "--target", str(unfinished), "--constraint", str(pins), *NEEDED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    try:
        if done.returncode != 0:
            raise UserlandError(f"the ARM wheels cannot be fetched: {done.stderr.strip()}")
        unfinished.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another run was faster
            raise UserlandError(f"the ARM wheels cannot be kept: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder
