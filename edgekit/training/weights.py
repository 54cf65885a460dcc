"""Pre-trained weights: downloaded by Keras, or from a file."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.errors import ModelFileError, TrainingError, first_line
from edgekit.kerasfile import load_model
from edgekit.progress import Progress
from edgekit.training.graph import leaf_layers

_IMAGENET_STD = np.array([0.229, 0.224, 0.225], "float32")
_NAMED = 3


def models_folder() -> Path:
    """Where Keras looks for downloaded weights, by the rules of ``keras.utils.get_file``."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = Path("~").expanduser()
        home = str((user if os.access(user, os.W_OK) else Path("/tmp")) / ".keras")
    folder = Path(home).expanduser()
    if folder.exists() and not os.access(folder, os.W_OK):
        folder = Path("/tmp/.keras")
    return folder / "models"


def load_imagenet(build: Callable[[], Any], name: str, file: str, progress: Progress) -> Any:
    """Builds a network with its ImageNet weights, which Keras downloads unless it has them.

    Args:
        build: makes the network.
        name: of the network, for messages.
        file: the name of the weights in Keras' folder.
        progress: told about a download.

    Raises:
        TrainingError: the weights cannot be downloaded; the message says where they could be put.
    """
    place = models_folder() / file
    if not place.exists():
        progress.say(f"Downloading the ImageNet weights of {name} to {place}.")
    try:
        # Keras draws the download on standard output, which belongs to --json.
        with contextlib.redirect_stdout(sys.stderr):
            return build()
    except Exception as error:  # get_file raises a bare Exception with this text
        if "URL fetch failure" not in str(error) and not isinstance(error, OSError):
            raise
        raise TrainingError(
            f"The ImageNet weights of {name} cannot be downloaded ({first_line(error)}). "
            f"Keras looks for them at {place}: put the file {file} there, or pass a file with --weights PATH, "
            "or train from scratch with --weights none."
        ) from error


def load_weights(keras: Any, backbone: Any, path: str, name: str) -> None:
    """Fills a network without top from a file.

    Args:
        keras: the module.
        backbone: the network.
        path: weights that Keras saved (``.weights.h5``), also as an older Keras did (``.h5``), or a
            whole model (``.keras``), whose layers are found by their names.
        name: of the network, for messages.

    Raises:
        ModelFileError: no such file of weights, or it does not fit; the message names what does not.
    """
    if Path(path).suffix == ".keras":
        _copy_layers(keras, load_model(path)[0], backbone, path, name)
    else:
        with _named_by_content(path) as file:
            try:
                _load(backbone, file)
            except (ValueError, KeyError, OSError, TypeError) as error:
                raise ModelFileError(
                    f"{path} does not fit {name} without its top: {_explain(error)}. "
                    "Pass the weights of this very model, saved without its classification layers (no_top)."
                ) from error
    _match_efficientnet_scale(keras, backbone)


def _load(backbone: Any, file: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backbone.load_weights(file)
    # Keras only warns where a part of the network stays random.
    partial = [str(warning.message) for warning in caught if "freshly-initialized" in str(warning.message)]
    if partial:
        raise ValueError(partial[0])


def _copy_layers(keras: Any, source: Any, backbone: Any, path: str, name: str) -> None:
    found = {layer.name: layer for layer in source._flatten_layers(include_self=False)}
    wanted = [layer for layer in leaf_layers(keras, backbone) if layer.weights]
    problems = []
    for layer in wanted:
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if layer.name not in found:
            problems.append(f"{layer.name} is not in the file")
        elif [tuple(weight.shape) for weight in found[layer.name].weights] != shapes:
            problems.append(f"{layer.name} has other shapes")
    if problems:
        shown = "; ".join(problems[:_NAMED]) + (f"; and {len(problems) - _NAMED} more" if problems[_NAMED:] else "")
        raise ModelFileError(f"{path} does not fit {name}: {shown}. Pass a model with the same backbone.")
    for layer in wanted:
        layer.set_weights(found[layer.name].get_weights())
        if hasattr(layer, "finalize_state"):  # a Normalization computes with a copy of its weights
            layer.finalize_state()


@contextlib.contextmanager
def _named_by_content(path: str) -> Iterator[str]:
    """A path whose suffix tells Keras the truth: it chooses the reader by the name alone."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            older = "layer_names" in file.attrs or "model_weights" in file
            current = "layers" in file or "vars" in file
    except OSError as error:
        raise ModelFileError(
            f"{path} is not a file of Keras weights ({first_line(error)}). Pass an .h5, .weights.h5 or .keras file."
        ) from error
    if not older and not current:
        raise ModelFileError(f"{path} is an HDF5 file, but holds no Keras weights.")
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / ("older.h5" if older else "current.weights.h5")
        try:
            link.symlink_to(Path(path).resolve())
        except OSError:  # Windows without the right to make links
            shutil.copyfile(path, link)
        yield str(link)


def _explain(error: BaseException) -> str:
    """The gist of Keras' message, which can print whole tensors."""
    text = str(error)
    layer = re.search(r"for object <\w+ name=([^,>]+)", text)
    shapes = re.search(r"variable\.shape=(\([^)]*\)), Received: value\.shape=(\([^)]*\))", text)
    count = re.search(r"total of (\d+) objects", text)
    if not layer:
        return first_line(error).rstrip(".")
    parts = [f"its layer {layer[1]} does not fit"]
    if shapes:
        parts = [f"its layer {layer[1]} needs the shape {shapes[1]}, the file has {shapes[2]}"]
    if count and int(count[1]) > 1:
        parts.append(f"{count[1]} layers do not fit in all")
    return "; ".join(parts)


def _match_efficientnet_scale(keras: Any, backbone: Any) -> None:
    """Sets the variance of EfficientNet's own normalization right.

    The published files keep the deviation where Keras expects the variance (tensorflow#49930).
    ``keras.applications`` makes up for it with one more layer, but only for ``weights="imagenet"``;
    with the same file as a path the network would see pixels twice too small.
    """
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Normalization) and len(layer.weights) >= 2:
            mean, variance, *rest = layer.get_weights()
            if np.allclose(np.ravel(variance), _IMAGENET_STD, atol=1e-3):
                layer.set_weights([mean, variance**2, *rest])
                layer.finalize_state()
