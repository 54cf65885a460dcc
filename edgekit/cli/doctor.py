"""``edgekit doctor``."""

from __future__ import annotations

import sys

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit doctor
  edgekit doctor --json > doctor.json

\b
Each part that is installed is run on made-up data, in a process of its own. Nothing is downloaded.
Exit code 0 where all of it works, also without extras; 1 where a part does not.
"""


@click.command(epilog=EPILOG)
@console_options
def command(console: Console) -> int:
    """Say what is installed, what each extra would bring, and whether it works."""
    from edgekit.doctor import examine
    from edgekit.doctor.text import SIGNS, WORDS, examination_text

    found = examine(progress=console.progress)
    encoding = sys.stdout.encoding or "ascii"
    text = examination_text(found, SIGNS if SIGNS.fits(encoding) else WORDS)
    # Names of folders may have letters that the terminal lacks.
    console.show(text.encode(encoding, "replace").decode(encoding), found.to_dict())
    return 0 if found.passed else 1
