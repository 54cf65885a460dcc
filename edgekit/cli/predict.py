"""``edgekit predict``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit predict dist/flowers.int8.tflite photo.jpg
  edgekit predict dist/flowers.fp32.tflite holiday/ --top 1
  edgekit predict flowers.keras photo.jpg --json

\b
Exit code 1 where a photo could not be read; the others are still answered.
"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many labels to show.")
@click.option("--threads", type=click.IntRange(1, 256), help="Of the interpreter.")
@console_options
def command(model: Path, photos: tuple[Path, ...], top: int, threads: int | None, console: Console) -> int:
    """Recognize PHOTOS (files, or folders of them) with MODEL (an exported file, or the .keras file)."""
    from edgekit.cli.paths import expand_photos, refuse_folder
    from edgekit.errors import ImageError
    from edgekit.report.predictions import predictions_text
    from edgekit.runtime import load
    from edgekit.runtime.engines import MODULES

    refuse_folder(model, MODULES)
    files = expand_photos(photos)
    answers: list[dict[str, Any]] = []
    texts = []
    failed = False
    with load(model, threads=threads) as predictor:
        for photo in files:
            try:
                predictions = predictor.classify(photo, top=top)
            except ImageError as error:
                failed = True
                console.progress.warn(str(error))
                answers.append({"photo": str(photo), "error": str(error)})
                continue
            answers.append({"photo": str(photo), "predictions": [dataclasses.asdict(one) for one in predictions]})
            texts.append(predictions_text(str(photo), predictions))
    console.show("\n\n".join(texts), {"model": str(model), "photos": answers})
    return 1 if failed else 0
