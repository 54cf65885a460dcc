"""``edgekit export``."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli.console import Console, console_options, force_option

EPILOG = """\b
Examples:
  edgekit export flowers.keras
  edgekit export flowers.keras --to tflite:fp32,tflite:fp16,tflite:int8,tflite:int8-dynamic -o dist
  edgekit export flowers.keras --to tflite:int8 --calibration flowers/train -o dist --force
  edgekit export flowers.keras --confidence-threshold 0.6 -o dist

\b
Formats:
  tflite:fp32          32-bit floating point
  tflite:fp16          weights in 16 bits, half the size
  tflite:int8          full integer, uint8 in and out; needs calibration photos
  tflite:int8-dynamic  weights in 8 bits, no calibration

\b
Each file is converted in a process of its own, then run and compared with the Keras model.
"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "requests",
    multiple=True,
    default=["tflite:fp32,tflite:int8"],
    show_default=True,
    metavar="FORMAT[:PRECISION]",
    help="What to write; several with commas.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="The export folder.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Class folders to calibrate with. [default: the sample that training kept]",
)
@click.option(
    "--confidence-threshold",
    type=click.FloatRange(0, 1),
    help="Below it the answer is 'none of these'. [default: as trained, none]",
)
@force_option
@console_options
def command(
    model: Path,
    requests: tuple[str, ...],
    output: Path,
    calibration: Path | None,
    confidence_threshold: float | None,
    force: bool,
    console: Console,
) -> int:
    """Write MODEL (a .keras file) in the formats of your devices."""
    from edgekit.api.exporting import export
    from edgekit.report.export import export_text

    result = export(
        model,
        requests,
        output,
        calibration=calibration,
        confidence_threshold=confidence_threshold,
        force=force,
        progress=console.progress,
    )
    console.show(export_text(result.folder, result.entries, result.failures), result.to_dict())
    return 1 if result.failures else 0
