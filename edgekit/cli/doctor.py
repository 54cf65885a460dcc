"""``edgekit doctor``."""

from __future__ import annotations

import sys

import click

from edgekit.cli.console import Console, console_options
from edgekit.errors import UsageError

EPILOG = """\b
Examples:
  edgekit doctor
  edgekit doctor --json > doctor.json
  edgekit doctor --on pi@pi@raspberrypi.local
  edgekit doctor --on pi@pi@raspberrypi.local --remove
  edgekit doctor --on edgetpu
  edgekit doctor --on android
  edgekit doctor --on edgetpu@pi@raspberrypi.local

\b
Each part that is installed is run on made-up data, in a process of its own. Nothing is downloaded.
Exit code 0 where all of it works, also without extras; 1 where a part does not.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--on", "target", metavar="TARGET", help="Look at a device behind ssh (pi@[user@]host[:port]), phone or Edge TPU."
)
@click.option("--remove", is_flag=True, help="With --on: remove all that EdgeKit keeps there.")
@console_options
def command(target: str | None, remove: bool, console: Console) -> int:
    """Say what is installed, what each extra would bring, and whether it works."""
    if target is not None:
        from edgekit.api.devices import look_at, remove_from

        if "," in target:
            raise UsageError(f"doctor looks at one device at a time: name one, without a comma. Got: {target!r}.")
        report = (remove_from if remove else look_at)(target, console.progress)
        console.show(report.to_text(), report.to_dict())
        return 0 if getattr(report, "passed", True) else 1
    if remove:
        raise UsageError(
            "--remove is for a device. Name it, as in: edgekit doctor --on pi@pi@raspberrypi.local --remove"
        )
    from edgekit.doctor import examine
    from edgekit.doctor.text import SIGNS, WORDS, examination_text

    found = examine(progress=console.progress)
    encoding = sys.stdout.encoding or "ascii"
    text = examination_text(found, SIGNS if SIGNS.fits(encoding) else WORDS)
    # Names of folders may have letters that the terminal lacks.
    console.show(text.encode(encoding, "replace").decode(encoding), found.to_dict())
    return 0 if found.passed else 1
