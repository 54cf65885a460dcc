"""``edgekit export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options, force_option
from edgekit.cli.source_options import about_source, source_options

EPILOG = """\b
Examples:
  edgekit export flowers.keras
  edgekit export flowers.keras --to tflite:fp32,tflite:fp16,tflite:int8,tflite:int8-dynamic -o dist
  edgekit export flowers.keras --to tflite:int8 --calibration flowers/train -o dist --force
  edgekit export flowers.keras --confidence-threshold 0.6 -o dist
  edgekit export theirs.h5 --labels labels.txt --scale 1/255 -o dist
  edgekit export saved_model/ --input-shape 1,49,10,1 -o dist
  edgekit export flowers.keras --to browser -o site
  edgekit export flowers.keras --to android -o app

\b
Formats:
  tflite:fp32          32-bit floating point
  tflite:fp16          weights in 16 bits, half the size
  tflite:int8          full integer, uint8 in and out; needs calibration photos
  tflite:int8-dynamic  weights in 8 bits, no calibration
  edgetpu:int8         for Google's Edge TPU compiler, and compiled where that is; needs calibration photos
  coreml:fp16          Core ML for iPhone and Mac; also fp32, int8, int6, int4 (weights)
  tfjs:fp32            TensorFlow.js graph model; also fp16, uint16, uint8 (weights)
  onnx:fp32            ONNX; also fp16, int8 (QDQ, needs calibration), int8-dynamic
  savedmodel:fp32      for TensorFlow Serving: pixels, or encoded photos
  browser              a site: a web page with tfjs and tflite models, fp32 and int8,
                       for any static host; browser:fp16 and so on for others
  android              a project for Android Studio: an app with tflite models, fp32 and int8,
                       and the library that it uses; android:fp16 and so on for others

\b
Each file is converted in a process of its own, then run and compared with the Keras model.
A format alone means its first precision.
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
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="FORMAT.NAME=VALUE",
    help="Of one format, as in coreml.author='Ada'. [repeatable]",
)
@source_options
@force_option
@console_options
def command(
    model: Path,
    requests: tuple[str, ...],
    output: Path,
    calibration: Path | None,
    confidence_threshold: float | None,
    options: tuple[str, ...],
    force: bool,
    console: Console,
    **about: Any,
) -> int:
    """Write MODEL (a .keras or .h5 file, or a SavedModel folder) in the formats of your devices."""
    from edgekit.api.exporting import export
    from edgekit.converters.options import parse_options
    from edgekit.report.export import export_text

    result = export(
        model,
        requests,
        output,
        calibration=calibration,
        confidence_threshold=confidence_threshold,
        options=parse_options(options),
        force=force,
        progress=console.progress,
        **about_source(**about),
    )
    text = export_text(result.folder, result.entries, result.failures)
    if result.next_step is not None:
        text += f"\n{result.next_step}"
    console.show(text, result.to_dict())
    return 1 if result.failures else 0
