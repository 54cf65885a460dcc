"""``edgekit train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options, force_option
from edgekit.cli.parameters import CHOICES_RESIZE, ByteSize, ImageSize

EPILOG = """\b
Examples:
  edgekit train flowers/ -o flowers.keras
  edgekit train flowers/ -o flowers.keras --model mobilenet_v2_0.35 --weights my_weights.h5
  edgekit train flowers/ -o tiny.keras --model simple_cnn --image-size 96 --augmentation light
  edgekit train photos/ -o pets.keras --classes cat,dog --validation more_photos/

\b
SOURCE holds one folder of photos per class, or train/ and val/ (and test/) folders of that form.
Beside the model, NAME.training/ gets the learning curves, a sample grid, the confusion matrix,
the history, and the photos that quantization will calibrate with.
"""


@click.command(epilog=EPILOG)
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The .keras file to write. [default: SOURCE.keras]"
)
@click.option(
    "--model",
    default="mobilenet_v2_0.35",
    show_default=True,
    help="simple_cnn, or any keras.applications model, as in mobilenet_v2_0.35 or efficientnet_b0.",
)
@click.option("--weights", help="imagenet, none, or a file of weights. [default: imagenet; none for simple_cnn]")
@click.option("--image-size", type=ImageSize(), help="Pixels: 224, or HEIGHTxWIDTH. [default: the model's own]")
@click.option(
    "--resize",
    type=click.Choice(CHOICES_RESIZE),
    default="crop",
    show_default=True,
    help="How photos become that size.",
)
@click.option(
    "--validation",
    default=None,
    metavar="SHARE|DIR",
    help="Share of the photos kept for validation, or a folder. [default: 0.2, or SOURCE/val]",
)
@click.option("--classes", help="Only these class folders, in this order, with commas.")
@click.option("--epochs", type=click.IntRange(1), help="[default: 30]")
@click.option(
    "--fine-tune",
    "fine_tune_epochs",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Epochs in which the backbone is trained, too, after the others.",
)
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="[default: 0.001]")
@click.option(
    "--augmentation",
    type=click.Choice(["auto", "none", "light"]),
    default="auto",
    show_default=True,
    help="auto: none on a frozen backbone (its features are computed once), else light.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of split, initialization and order.",
)
@click.option("--skip-unreadable", is_flag=True, help="Leave unreadable photos out.")
@click.option(
    "--cache-limit", type=ByteSize(), default="20GB", show_default=True, help="For all decoded photos together."
)
@click.option("--no-cache", is_flag=True, help="Decode photos whenever they are needed; write no cache.")
@force_option
@console_options
def command(
    source: Path,
    output: Path | None,
    validation: str | None,
    classes: str | None,
    image_size: tuple[int, int] | None,
    resize: str,
    skip_unreadable: bool,
    cache_limit: int,
    no_cache: bool,
    force: bool,
    console: Console,
    **settings: Any,
) -> None:
    """Train an image classifier on the photos in SOURCE."""
    from edgekit.api.training import train
    from edgekit.data import CachePolicy
    from edgekit.report.training import training_document, training_text

    model = train(
        source,
        output=output or Path(f"{source.resolve().name}.keras"),
        image_size=image_size,
        resize=resize,  # type: ignore[arg-type]  # one of CHOICES_RESIZE
        validation=_share_or_folder(validation),
        classes=None if classes is None else _class_names(classes),
        skip_unreadable=skip_unreadable,
        cache=CachePolicy(enabled=not no_cache, limit_bytes=cache_limit),
        force=force,
        progress=console.progress,
        **{name: value for name, value in settings.items() if value is not None},
    )
    assert model.result is not None
    assert model.data is not None
    assert model.path is not None
    console.show(
        training_text(model.result, model.data, model.path, model.pictures),
        training_document(model.result, model.data, model.path, model.pictures),
    )


def _class_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise click.UsageError(f"--classes takes names with commas between them, as in cat,dog. Got: {text!r}")
    return names


def _share_or_folder(text: str | None) -> float | str | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text
