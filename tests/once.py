"""What tests make once, and keep until all of them are done."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def kept_folder() -> Path:
    """A fresh folder, which is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="edgekit-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
