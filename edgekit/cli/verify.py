"""``edgekit verify``."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit verify dist --reference flowers.keras --data flowers/
  edgekit verify dist --reference flowers.keras --data flowers/val --json

\b
Exit code 1 where a file does not pass. The limits:
  fp32          the same top-1 on every photo, no probability off by more than 1e-4
  fp16          the same top-1 on 99.5 % of the photos
  int8          top-1 accuracy within 1.0 point of the Keras model's
  int8-dynamic  within 2.0 points: its activations are quantized without calibration
"""


@click.command(epilog=EPILOG)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--reference", type=click.Path(path_type=Path), required=True, help="The .keras file it was made from.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Class folders, or a source with val/.")
@console_options
def command(folder: Path, reference: Path, data: Path, console: Console) -> int:
    """Compare the files of the export folder FOLDER with the Keras model on labelled photos."""
    from edgekit.api.verifying import verify

    report = verify(folder, reference=reference, data=data, progress=console.progress)
    console.show(report.to_text(), report.to_dict())
    return 0 if report.passed else 1
