"""The options about a model that says too little about itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgekit.cli.parameters import CHOICES_RESIZE

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--labels",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What the outputs mean, which makes the model a classifier: one label a line, JSON or CSV.",
    ),
    click.option(
        "--preprocessing",
        metavar="NAME",
        help="What training did to pixels 0..255, put into the graph: none, tf (-1..1), torch, caffe, or a model of "
        "keras.applications.",
    ),
    click.option("--scale", metavar="NUMBERS", help="Instead: (x - mean) * scale, as in 1/255; one, or one a channel."),
    click.option("--mean", metavar="NUMBERS", help="See --scale; in pixels 0..255. [default: 0]"),
    click.option("--bgr", is_flag=True, help="The model takes blue first; --mean and --scale are then in this order."),
    click.option(
        "--input-shape",
        multiple=True,
        metavar="[NAME=]SIZES",
        help="For inputs of any size, the batch first: 1,224,224,3. [repeatable]",
    ),
    click.option(
        "--resize",
        type=click.Choice(CHOICES_RESIZE),
        help="How photos are made to fit a classifier of --labels. [default: stretch]",
    ),
    click.option(
        "--task",
        type=click.Choice(["image-classification", "multi-label-classification", "tensors"]),
        help="What the labels are of: photos, photos with several, or other samples. [default: by the shapes]",
    ),
    click.option(
        "--activation",
        type=click.Choice(["softmax", "sigmoid", "none"]),
        help="What the outputs went through; behind none one is added. [default: what the model ends in]",
    ),
    click.option("--signature", metavar="NAME", help="Of a SavedModel with several. [default: serving_default]"),
    click.option(
        "--custom",
        type=click.Path(path_type=Path),
        metavar="FILE.py",
        help="Your Python file with the model's own layers. It is run.",
    ),
)


def source_options(command: Command) -> Command:
    """Adds the options; the command gets them as keywords for :func:`about_source`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def about_source(custom: Path | None, input_shape: tuple[str, ...], **about: Any) -> dict[str, Any]:
    """The keywords of :func:`edgekit.export` from the options; those that were not given are left out."""
    from edgekit.sourcemodel.custom import load_custom_objects

    keywords = {name: value for name, value in about.items() if value not in (None, False)}
    if input_shape:
        keywords["input_shape"] = list(input_shape)
    if custom is not None:
        keywords["custom_objects"] = load_custom_objects(custom)
    return keywords
