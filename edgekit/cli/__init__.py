"""The command line: one file a command; each parses, calls the API and prints."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """The entry point of ``edgekit``."""
    from edgekit.cli.main import cli

    # As Ctrl-C: children are ended and temporary folders removed on the way out.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), lambda number, frame: sys.exit(128 + number))
    cli()
