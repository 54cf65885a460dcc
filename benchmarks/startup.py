"""How long the command line takes to answer, as a multiple of an empty Python.

Compares ``edgekit --help`` and ``import edgekit`` with ``python -c pass``, in turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 31

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import edgekit": [sys.executable, "-c", "import edgekit"],
    "import click": [sys.executable, "-c", "import click"],
    "edgekit --help": [str(Path(sys.executable).with_name("edgekit")), "--help"],
}


def main() -> None:
    """Prints medians and ratios."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            times[name].append(time.perf_counter() - start)
    floor = statistics.median(times["python -c pass"])
    print(f"{'command':<16} {'median':>9} {'ratio':>7}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<16} {1000 * median:>6.1f} ms {median / floor:>6.2f}x")


if __name__ == "__main__":
    main()
