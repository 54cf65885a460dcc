"""MediaPipe Tasks for the web, in a folder of its own beside EdgeKit's environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from edgekit.web.building import find_tools

REPOSITORY = Path(__file__).resolve().parents[1]
PINS = REPOSITORY / "requirements" / "tasks-vision"
PACKAGE = "node_modules/@mediapipe/tasks-vision"


def install_tasks_vision() -> Path:
    """The package's folder; fetched with npm where it is not there yet (39 MB)."""
    files = [PINS / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    folder = REPOSITORY / ".cache" / f"tasks-vision-{digest}"
    if not folder.is_dir():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        for file in files:
            shutil.copy(file, unfinished)
        _fetch(unfinished)
        unfinished.rename(folder)
    return folder / PACKAGE


def _fetch(folder: Path) -> None:
    _, npm = find_tools()
    # Only what the lock file names by its digest, and none of its scripts.
    command = [*npm, "ci", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit(f"MediaPipe Tasks cannot be fetched:\n{(done.stdout + done.stderr)[-2000:]}")
