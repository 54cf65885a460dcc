"""``edgekit predict``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgekit.cli.camera_options import CameraOptions, camera_options
from edgekit.cli.console import Console, console_options

if TYPE_CHECKING:
    from edgekit.cli.inputs import Input
    from edgekit.runtime import Predictor

EPILOG = """\b
Examples:
  edgekit predict dist/flowers.int8.tflite photo.jpg
  edgekit predict dist/flowers.fp32.tflite holiday/ --top 1
  edgekit predict dist/flowers.int8.tflite --camera 0
  edgekit predict dist/flowers.int8.tflite clip.mp4 --json
  edgekit predict flowers.keras photo.jpg --json
  edgekit predict dist/flowers.fp32.tflite photo.jpg --language de

\b
A camera runs until Ctrl-C; that ends it with a summary and exit code 0. In a video it does, too, with
exit code 130. Exit code 1 where a photo or video could not be read; the others are still answered.
With a camera or a video, --json prints one document a line.
"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@camera_options
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many labels to show.")
@click.option(
    "--language",
    metavar="LOCALE",
    help="Of names and descriptions, as in de or pt-BR; where the model has none in it: English. [default: en]",
)
@click.option("--threads", type=click.IntRange(1, 256), help="Of the interpreter.")
@console_options
def command(
    model: Path,
    photos: tuple[Path, ...],
    camera: CameraOptions,
    top: int,
    language: str | None,
    threads: int | None,
    console: Console,
) -> int:
    """Recognize PHOTOS (files, folders, videos) or a camera's frames with MODEL (an exported file, or .keras)."""
    from edgekit.cli.inputs import expand_inputs
    from edgekit.cli.paths import refuse_folder
    from edgekit.cli.predict_frames import FrameShow, show_camera, show_files
    from edgekit.errors import UsageError
    from edgekit.runtime import load
    from edgekit.runtime.engines import MODULES, is_model

    if bool(photos) == (camera.camera is not None):
        raise UsageError(
            "Name photos, folders or videos to recognize, or a camera with --camera 0."
            if not photos
            else "Photos and --camera do not go together. Leave one of them out."
        )
    if not is_model(model):
        refuse_folder(model, MODULES)
    inputs, notes = expand_inputs(photos)
    for note in notes:
        console.progress.say(note)
    with load(model, threads=threads) as predictor:
        _refuse_what_takes_no_photos(model, predictor)
        for assumption in predictor.assumptions:
            console.progress.say(assumption)
        frames = FrameShow(predictor, top, language, camera.frames, console, str(model))
        if camera.camera is not None:
            show_camera(camera, frames)
            return 0
        if any(one.video for one in inputs):
            return show_files(inputs, frames)
        return _show_photos(inputs, model, predictor, top, language, console)


def _show_photos(
    inputs: Sequence[Input], model: Path, predictor: Predictor, top: int, language: str | None, console: Console
) -> int:
    """All photos as one result; of many, the next are decoded while one is recognized."""
    from edgekit.errors import ImageError
    from edgekit.report.predictions import predictions_text

    answers: list[dict[str, Any]] = []
    texts = []
    width = shutil.get_terminal_size().columns
    failed = False
    recognized = predictor.classify_many((one.path for one in inputs), top, language, workers=_workers(len(inputs)))
    for one, predictions in zip(inputs, recognized, strict=True):
        if isinstance(predictions, ImageError):
            failed = True
            console.progress.warn(str(predictions))
            answers.append({"photo": str(one.path), "error": str(predictions)})
            continue
        answers.append({"photo": str(one.path), "predictions": [each.to_dict() for each in predictions]})
        texts.append(predictions_text(str(one.path), predictions, width))
    console.show("\n\n".join(texts), {"model": str(model), "photos": answers})
    return 1 if failed else 0


def _workers(photos: int) -> int | None:
    """Threads that decode: no more than there are photos, ``None`` for as many as are good for many of them."""
    return 1 if photos == 1 else None


def _refuse_what_takes_no_photos(model: Path, predictor: Predictor) -> None:
    """Says what a model takes instead, and how it would recognize photos.

    Raises:
        UsageError: it is no classifier of photos.
    """
    from edgekit.errors import UsageError
    from edgekit.runtime.engines.base import listing
    from edgekit.runtime.foreign_result import RAW_TENSORS

    spec, engine = predictor.spec, predictor.engine
    if spec is not None and spec.is_classifier and spec.image is not None:
        return
    takes = f"it takes {listing(engine.inputs)} and answers {listing(engine.outputs)}"
    if spec is not None and spec.is_classifier:
        raise UsageError(f"{model} recognizes samples, not photos: {takes}. A program can give it such arrays.")
    reason = "it was exported without labels" if spec else "nothing in it says what its numbers mean"
    if spec is None and predictor.assumptions:
        reason = predictor.assumptions[0].removeprefix(RAW_TENSORS).rstrip(".")
    own = model.suffix.lower() == ".keras" or (model / "saved_model.pb").exists()
    export = f"edgekit export {model if own else 'MODEL'} --labels labels.txt"
    which = "it" if own else "the model that it was made from"
    raise UsageError(
        f"{model} cannot recognize photos, since {reason}: {takes}. Export {which} with a list of its labels, and "
        f"recognize photos with what comes out: {export}"
    )
