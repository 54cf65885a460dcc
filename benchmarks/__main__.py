"""``make bench``: runs every benchmark, or those that are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Runs the scripts one after the other; returns how many failed."""
    scripts = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("_"))
    failed = 0
    for script in scripts:
        if names and script.stem not in names:
            continue
        print(f"\n== {script.stem} ==", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{script.stem}"]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
