"""``edgekit predict``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit predict dist/flowers.int8.tflite photo.jpg
  edgekit predict dist/flowers.fp32.tflite holiday/ --top 1
  edgekit predict flowers.keras photo.jpg --json
  edgekit predict dist/flowers.fp32.tflite photo.jpg --language de

\b
Exit code 1 where a photo could not be read; the others are still answered.
"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many labels to show.")
@click.option(
    "--language",
    metavar="LOCALE",
    help="Of names and descriptions, as in de or pt-BR; where the model has none in it: English. [default: en]",
)
@click.option("--threads", type=click.IntRange(1, 256), help="Of the interpreter.")
@console_options
def command(
    model: Path, photos: tuple[Path, ...], top: int, language: str | None, threads: int | None, console: Console
) -> int:
    """Recognize PHOTOS (files, or folders of them) with MODEL (an exported file, or the .keras file)."""
    from edgekit.cli.paths import expand_photos, refuse_folder
    from edgekit.errors import ImageError
    from edgekit.report.predictions import predictions_text
    from edgekit.runtime import load
    from edgekit.runtime.engines import MODULES, is_model

    if not is_model(model):
        refuse_folder(model, MODULES)
    files = expand_photos(photos)
    answers: list[dict[str, Any]] = []
    texts = []
    width = shutil.get_terminal_size().columns
    failed = False
    with load(model, threads=threads) as predictor:
        for photo in files:
            try:
                predictions = predictor.classify(photo, top=top, language=language)
            except ImageError as error:
                failed = True
                console.progress.warn(str(error))
                answers.append({"photo": str(photo), "error": str(error)})
                continue
            answers.append({"photo": str(photo), "predictions": [one.to_dict() for one in predictions]})
            texts.append(predictions_text(str(photo), predictions, width))
    console.show("\n\n".join(texts), {"model": str(model), "photos": answers})
    return 1 if failed else 0
