"""``edgekit verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options
from edgekit.cli.parameters import TableColumns

EPILOG = """\b
Examples:
  edgekit verify dist --reference flowers.keras --data flowers/
  edgekit verify dist --reference flowers.keras --data flowers/val --json
  edgekit verify dist --reference saved_model/ --signature classify --data flowers/val

\b
Exit code 1 where a file does not pass. The limits:
  fp32          no probability off by more than 1e-4, and the same top-1 on every
                photo that Keras is sure of (its best class leads by 2e-4 or more)
  fp16          the same top-1 on 99.5 % of the photos that Keras is sure of (by 0.02)
  int8, uint8   top-1 accuracy at most 1.0 point below the Keras model's
  int8-dynamic  at most 2.0 points: its activations are quantized without calibration
  uint16, and int8 of Core ML (weights alone)
                the same top-1 on 98 % of the photos that Keras is sure of (by 0.02)
On fewer than 500 photos an 8-bit file may lose more where that is within chance and the
photos that Keras is sure of (by 0.1) agree in 90 %. Of a multi-label model a photo is right,
or agrees, where all its labels do.
"""


@click.command(epilog=EPILOG)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--reference", type=click.Path(path_type=Path), required=True, help="The model file that it was made from."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Class folders, a source with val/, an archive or a CSV file of labelled photos.",
)
@click.option("--columns", type=TableColumns(), help="Of a CSV file: image=NAME,label=NAME,split=NAME.")
@click.option("--signature", metavar="NAME", help="Of a reference that is a SavedModel with several, as exported.")
@click.option(
    "--custom",
    type=click.Path(path_type=Path),
    metavar="FILE.py",
    help="Your Python file with the reference's own layers. It is run.",
)
@console_options
def command(
    folder: Path,
    reference: Path,
    data: Path,
    columns: Any,
    signature: str | None,
    custom: Path | None,
    console: Console,
) -> int:
    """Compare the files of the export folder FOLDER with the Keras model on labelled photos."""
    from edgekit.api.verifying import verify
    from edgekit.sourcemodel.custom import load_custom_objects

    report = verify(
        folder,
        reference=reference,
        data=data,
        columns=columns,
        signature=signature,
        custom_objects=None if custom is None else load_custom_objects(custom),
        progress=console.progress,
    )
    console.show(report.to_text(), report.to_dict())
    return 0 if report.passed else 1
