"""From a model's name, or the user's own model, to its network."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import cast, get_args

from edgekit.applications import known_applications
from edgekit.errors import UsageError
from edgekit.spec import Color, ImageFormat, ResizeMode
from edgekit.training.applications import application_network
from edgekit.training.checks import check_choice
from edgekit.training.config import TrainingConfig
from edgekit.training.ds_cnn import DS_CNN
from edgekit.training.network import IMAGENET, NO_WEIGHTS, OWN_WEIGHTS, Network, Shape, Size
from edgekit.training.own import OwnNetwork, find_source
from edgekit.training.resnet8 import RESNET8
from edgekit.training.simple_cnn import SIMPLE_CNN
from edgekit.training.tiny_cnn import TINY_CNN

SMALL_NETWORKS = (SIMPLE_CNN, TINY_CNN, RESNET8, DS_CNN)

_LEAST_SIDE = 8
_LARGEST_SIDE = 4096
"""Pixels of a side; a batch of 32 such photos takes 6 GB."""


def find_network(model: object) -> Network:
    """The network of a name, or of a model of the user's own; imports Keras only for the latter.

    Args:
        model: a name, in which case, hyphens and underscores do not matter; a ``.keras`` file;
            ``FILE.py:FUNCTION``; a function that returns a ``keras.Model``; or a ``keras.Model``.

    Raises:
        UsageError: there is none; the message names the most similar ones.
    """
    source = find_source(model)
    if source is not None:
        return OwnNetwork(source)
    name = os.fspath(cast("str | os.PathLike[str]", model)).strip()
    plain = name.casefold().replace("-", "_")
    for small in SMALL_NETWORKS:
        if plain.replace("_", "") == small.name.replace("_", ""):
            return small
    network = application_network(name)
    if network is not None:
        return network
    close = difflib.get_close_matches(plain, known_models(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(known_models())}."
    raise UsageError(f"There is no model {name!r}. {hint}")


def known_models() -> tuple[str, ...]:
    """The names of all models."""
    return (*(small.name for small in SMALL_NETWORKS), *known_applications())


def default_image_size(model: object) -> Size:
    """Pixels of a side, or (height, width), that a model takes where the user does not say.

    Raises:
        UsageError: no such model.
    """
    return find_network(model).default_size


def default_image_format(
    model: object, size: int | tuple[int, int] | None, color: Color = "rgb", resize: ResizeMode = "crop"
) -> ImageFormat | None:
    """What photos become for a model; ``None`` for a model of the user's own that takes no photos.

    Args:
        model: see :func:`find_network`.
        size: pixels, one number or (height, width); the model's own by default.
        color: of the photos; a model of the user's own with one channel gets grayscale.
        resize: how photos become that size.

    Raises:
        UsageError: no such model, or an impossible size.
    """
    check_choice(color, "color", get_args(Color))
    check_choice(resize, "resize", get_args(ResizeMode))
    network = find_network(model)
    shape = network.input_shape
    if shape is not None and (len(shape) != 3 or shape[2] not in (None, 1, 3)):
        if size is not None:
            raise UsageError(f"{network.name} takes samples of the shape {shape}, no photos. Leave the image size out.")
        return None
    height, width = _pair(network.default_size if size is None else size)
    return ImageFormat(width, height, "grayscale" if shape is not None and shape[2] == 1 else color, resize)


def resolve_weights(network: Network, weights: str | os.PathLike[str] | None) -> str:
    """``imagenet``, ``none``, ``own``, or the path of a file that exists.

    Raises:
        UsageError: no such file.
    """
    if weights is None:
        return network.default_weights
    if not isinstance(weights, str | os.PathLike):
        raise UsageError(f"Weights are imagenet, none, or a file. Got: {type(weights).__name__}.")
    text = os.fspath(weights)
    word = text.casefold()
    if word in (IMAGENET, NO_WEIGHTS) or (word == OWN_WEIGHTS == network.default_weights):
        return word
    if not Path(text).is_file():
        raise UsageError(f"There is no file of weights {text}. Weights are imagenet, none, or a file.")
    return text


def check_model(config: TrainingConfig, image: ImageFormat | Shape) -> None:
    """Finds what is wrong with model, size, weights and cut before any photo is read.

    Imports Keras only for a cut and for a model of the user's own.

    Args:
        config: the settings.
        image: of the photos, or the shape of one sample.

    Raises:
        UsageError: see :func:`find_network`, :func:`resolve_weights` and ``Network.check``.
    """
    network = find_network(config.model)
    shape = image.shape if isinstance(image, ImageFormat) else tuple(image)
    network.check(shape, resolve_weights(network, config.weights), config.cut_at)


def _pair(size: object) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or not all(
        isinstance(side, int) and not isinstance(side, bool) and _LEAST_SIDE <= side <= _LARGEST_SIDE for side in sides
    ):
        raise UsageError(
            f"An image size is {_LEAST_SIDE} to {_LARGEST_SIDE} pixels, or (height, width). Got: {size!r}."
        )
    return cast("tuple[int, int]", sides)
