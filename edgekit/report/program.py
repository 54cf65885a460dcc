"""How a person calls EdgeKit here, for lines that are to be copied into a shell."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def program_name() -> str:
    """``edgekit``; where the shell would not find that, its path, or ``PYTHON -m edgekit``."""
    if shutil.which("edgekit"):
        return "edgekit"
    script = Path(sys.executable).with_name("edgekit")
    if script.exists():
        return shlex.quote(str(script))
    return f"{shlex.quote(sys.executable)} -m edgekit"
