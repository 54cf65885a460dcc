"""The command line: one file a command; each parses, calls the API and prints."""

from __future__ import annotations


def main() -> None:
    """The entry point of ``edgekit``."""
    from edgekit.cli.main import cli

    cli()
