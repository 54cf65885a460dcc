"""``edgekit train``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from edgekit.cli.console import Console, console_options, force_option
from edgekit.cli.parameters import CHOICES_COLOR, CHOICES_RESIZE, ByteSize, ClassWeights, ImageSize, TableColumns
from edgekit.cli.shown import complain
from edgekit.errors import MissingExtraError
from edgekit.extras import require_training

if TYPE_CHECKING:
    from edgekit.api.model import Model

EPILOG = """\b
Examples:
  edgekit train flowers/ -o flowers.keras
  edgekit train flowers/ --augmentation standard --fine-tune 8 --schedule cosine
  edgekit train flowers/ --model simple_cnn --image-size 96 --stop-at val_accuracy=0.9
  edgekit train pets.csv --columns image=file,label=breed --labels breeds.csv
  edgekit train tags.csv --task multi-label      edgekit train cats_and_dogs.zip --task binary
  edgekit train flowers/ --model my_model.py:build      edgekit train flowers/ --resume

\b
SOURCE is a folder with one folder of photos per class, or with train/ and val/ (and test/) folders of
that form; a .zip or .tar of these; or a CSV file of paths and labels.
Beside the model, NAME.training/ gets report.html with curves, mistakes and figures, the pictures, the
history, and the photos that quantization will calibrate with.
"""


_GROUPS = {
    "Data": ["output", "validation", "test", "classes", "columns", "labels", "image_size", "color", "resize",
             "skip_unreadable", "cache_limit", "no_cache"],
    "Model": ["task", "model", "weights", "cut_at", "freeze", "units", "dropout", "hidden_dropout", "l2"],
    "Training": ["epochs", "fine_tune_epochs", "fine_tune_learning_rate", "unfreeze", "batch_size", "optimizer",
                 "learning_rate", "momentum", "nesterov", "weight_decay", "schedule", "warmup_epochs", "augmentation",
                 "label_smoothing", "class_weights", "stop_at", "patience", "seed", "resume"],
    "Devices": ["precision", "xla", "distribute", "processes", "process_id", "coordinator"],
    "Output": ["tensorboard", "force", "as_json", "progress", "quiet"],
}  # fmt: skip
"""Heading to the options under it."""


class _Grouped(click.Command):
    """Shows options in groups, since there are too many for one list, and what is missing."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                group = next((name for name, members in _GROUPS.items() if param.name in members), "General")
                shown.setdefault(group, []).append(record)
        for name in (*_GROUPS, "General"):
            if name in shown:
                with formatter.section(name):
                    formatter.write_dl(shown[name])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        try:
            require_training()
        except MissingExtraError as error:
            formatter.write_paragraph()
            formatter.write_text(str(error))


@click.command(epilog=EPILOG, cls=_Grouped)
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The .keras file to write. [default: SOURCE.keras]"
)
@click.option(
    "--validation",
    metavar="SHARE|SOURCE",
    help="Share of the photos kept for validation, or another source. [default: 0.2, or SOURCE/val]",
)
@click.option("--test", type=click.Path(path_type=Path), help="Another source, kept apart for a test.")
@click.option("--classes", help="Only these classes, in this order, with commas.")
@click.option("--columns", type=TableColumns(), help="Of a CSV file: image=NAME,label=NAME,split=NAME.")
@click.option("--labels", type=click.Path(path_type=Path), help="CSV file of class names and descriptions.")
@click.option("--image-size", type=ImageSize(), help="Pixels: 224, or HEIGHTxWIDTH. [default: the model's own]")
@click.option("--color", type=click.Choice(CHOICES_COLOR), default="rgb", show_default=True)
@click.option(
    "--resize",
    type=click.Choice(CHOICES_RESIZE),
    default="crop",
    show_default=True,
    help="How photos become that size.",
)
@click.option("--skip-unreadable", is_flag=True, help="Leave unreadable photos out.")
@click.option(
    "--cache-limit", type=ByteSize(), default="20GB", show_default=True, help="For all decoded photos together."
)
@click.option("--no-cache", is_flag=True, help="Decode photos whenever they are needed; write no cache.")
@click.option(
    "--task",
    type=click.Choice(["auto", "multi-class", "binary", "multi-label"]),
    help="auto: multi-label where photos have several labels, else multi-class. binary: one output, the "
    "probability of the second class.",
)
@click.option(
    "--model",
    help="A name as mobilenet_v2_0.35, simple_cnn or efficientnet_b0; FILE.py:FUNCTION; or a .keras file to go "
    "on from. [default: mobilenet_v2_0.35]",
)
@click.option("--weights", help="imagenet, none, or a file of weights. [default: the model's own]")
@click.option("--cut-at", metavar="LAYER", help="Use the backbone up to this layer.")
@click.option(
    "--freeze/--no-freeze", default=True, help="Keep a pre-trained backbone as it is, at first. [default: freeze]"
)
@click.option("--units", type=click.IntRange(0), help="Of the head's hidden layer; 0 for none.")
@click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Of the features.")
@click.option("--hidden-dropout", type=click.FloatRange(0, 1, max_open=True), help="Behind the hidden layer.")
@click.option("--l2", type=click.FloatRange(0), help="Penalty on the head's weights.")
@click.option("--epochs", type=click.IntRange(1), help="[default: 30]")
@click.option(
    "--fine-tune",
    "fine_tune_epochs",
    type=click.IntRange(0),
    help="Epochs in which the backbone is trained, too, after the others. [default: 0]",
)
@click.option(
    "--fine-tune-rate",
    "fine_tune_learning_rate",
    type=click.FloatRange(0, min_open=True),
    help="Learning rate of these. [default: 0.0001]",
)
@click.option(
    "--unfreeze", metavar="all|gradual|N|LAYER", help="What of the backbone fine-tuning trains. [default: all]"
)
@click.option("--batch-size", type=click.IntRange(1), help="Over all devices. [default: 32]")
@click.option("--optimizer", type=click.Choice(["adam", "adamw", "rmsprop", "sgd"]), help="[default: adam]")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="[default: 0.001]")
@click.option("--momentum", type=click.FloatRange(0, 1, max_open=True), help="Of sgd and rmsprop.")
@click.option("--nesterov", is_flag=True, default=None, help="Of sgd.")
@click.option("--weight-decay", type=click.FloatRange(0), help="Decoupled. [default: 0.004 for adamw, else 0]")
@click.option(
    "--schedule",
    type=click.Choice(["auto", "constant", "cosine", "exponential", "plateau"]),
    help="Of the learning rate. [default: cosine in fine-tuning, else constant]",
)
@click.option("--warmup", "warmup_epochs", type=click.FloatRange(0), help="Epochs in which the rate rises from 0.")
@click.option(
    "--augmentation",
    metavar="PRESET[,NAME=VALUE...]",
    help="none, light, standard or strong, with changes as in standard,rotation=30,mixup=0.2. [default: none on a "
    "frozen backbone, whose features are computed once, else light]",
)
@click.option("--label-smoothing", type=click.FloatRange(0, 1, max_open=True))
@click.option(
    "--class-weights", type=ClassWeights(), metavar="balanced|CLASS=WEIGHT,...", help="How much each class counts."
)
@click.option("--stop-at", metavar="METRIC=VALUE", help="Stop when it is reached, as in val_accuracy=0.9.")
@click.option("--patience", type=click.IntRange(1), help="Stop a stage after so many epochs without a better one.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Of split, initialization, order and augmentation. [default: 0]"
)
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    help="Of the computation. [default: 16 bits where the accelerator gains from them]",
)
@click.option("--xla", type=click.Choice(["auto", "on", "off"]), help="Compile with XLA. [default: where it helps]")
@click.option(
    "--distribute",
    type=click.Choice(["none", "mirrored", "tpu", "data", "model"]),
    help="Over several devices: mirrored, tpu (TensorFlow); data, model (JAX). [default: none]",
)
@click.option("--processes", type=click.IntRange(1), help="How many share a JAX training.")
@click.option("--process-id", type=click.IntRange(0), help="Which of them this is, from 0.")
@click.option("--coordinator", metavar="HOST:PORT", help="Where process 0 listens.")
@click.option("--tensorboard", type=click.Path(path_type=Path), help="A folder for TensorBoard's logs.")
@force_option
@console_options
def command(
    source: Path,
    output: Path | None,
    validation: str | None,
    test: Path | None,
    classes: str | None,
    columns: Any,
    labels: Path | None,
    image_size: tuple[int, int] | None,
    color: str,
    resize: str,
    skip_unreadable: bool,
    cache_limit: int,
    no_cache: bool,
    processes: int | None,
    process_id: int | None,
    coordinator: str | None,
    resume: bool,
    force: bool,
    console: Console,
    **settings: Any,
) -> int:
    """Train a classifier on the photos in SOURCE."""
    require_training()
    from edgekit.api.training import train
    from edgekit.data import CachePolicy, source_name
    from edgekit.errors import TrainingStoppedError
    from edgekit.report.training import training_document, training_text
    from edgekit.training.distribution import ProcessOptions

    failure = None
    model: Model
    try:
        model = train(
            source,
            output=output or Path(f"{source_name(source)}.keras"),
            image_size=image_size,
            color=color,  # type: ignore[arg-type]  # one of CHOICES_COLOR
            resize=resize,  # type: ignore[arg-type]  # one of CHOICES_RESIZE
            validation=_share_or_source(validation),
            test=test,
            classes=None if classes is None else _class_names(classes),
            columns=columns,
            labels=labels,
            skip_unreadable=skip_unreadable,
            cache=CachePolicy(enabled=not no_cache, limit_bytes=cache_limit),
            processes=ProcessOptions(processes, process_id, coordinator),
            resume=resume,
            force=force,
            progress=console.progress,
            command=shlex.join(["edgekit", *sys.argv[1:]]),
            **{name: value for name, value in settings.items() if value is not None},
        )
    except TrainingStoppedError as error:
        failure, model = str(error), cast("Model", error.model)
    if model.result is None or model.path is None or model.data is None:  # not the process that writes
        return 0
    console.show(
        training_text(model.result, model.data, model.path, model.pictures),
        training_document(model.result, model.data, model.path, model.pictures),
    )
    if failure:
        complain(f"Error: {failure}")
    return 1 if failure else 0


def _class_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise click.UsageError(f"--classes takes names with commas between them, as in cat,dog. Got: {text!r}")
    return names


def _share_or_source(text: str | None) -> float | str | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text
