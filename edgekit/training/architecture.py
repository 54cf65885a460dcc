"""From a model's name to its network."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from edgekit.errors import UsageError
from edgekit.spec import ImageFormat
from edgekit.training.applications import find_application, known_applications
from edgekit.training.config import TrainingConfig
from edgekit.training.network import Network
from edgekit.training.simple_cnn import SimpleCnn


def find_network(name: str) -> Network:
    """The network of that name; case, hyphens and underscores do not matter.

    Raises:
        UsageError: there is none; the message names the most similar ones.
    """
    simple = SimpleCnn()
    plain = name.strip().casefold().replace("-", "_")
    if plain.replace("_", "") == simple.name.replace("_", ""):
        return simple
    network = find_application(name.strip())
    if network is not None:
        return network
    close = difflib.get_close_matches(plain, known_models(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(known_models())}."
    raise UsageError(f"There is no model {name!r}. {hint}")


def known_models() -> tuple[str, ...]:
    """The names of all models."""
    return (SimpleCnn().name, *known_applications())


def default_image_size(model: str) -> int:
    """Pixels of a side that a model takes where the user does not say.

    Raises:
        UsageError: no such model.
    """
    return find_network(model).default_size


def resolve_weights(network: Network, weights: str | os.PathLike[str] | None) -> str:
    """``imagenet``, ``none``, or the path of a file that exists.

    Raises:
        UsageError: no such file.
    """
    if weights is None:
        return network.default_weights
    text = os.fspath(weights)
    if text.casefold() in ("imagenet", "none"):
        return text.casefold()
    if not Path(text).is_file():
        raise UsageError(f"There is no file of weights {text}. Weights are imagenet, none, or a file.")
    return text


def check_model(config: TrainingConfig, image: ImageFormat) -> None:
    """Finds what is wrong with model, size and weights before any photo is read; imports no Keras.

    Raises:
        UsageError: see :func:`find_network`, :func:`resolve_weights` and ``Network.check``.
    """
    network = find_network(config.model)
    network.check(image, resolve_weights(network, config.weights))
