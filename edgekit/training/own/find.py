"""Which source a model of the user's own has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from edgekit.errors import ModelFileError, UsageError
from edgekit.training.own.builder import Builder
from edgekit.training.own.source import Source
from edgekit.training.own.stored import GivenModel, KerasFile


def find_source(model: object) -> Source | None:
    """The source of a model of the user's own; ``None`` for a name.

    Args:
        model: see :class:`~edgekit.training.config.TrainingConfig`.

    Raises:
        UsageError: neither a name nor a model; a file that is not there; a ``.py`` without its function.
        ModelFileError: a file of an older format.
    """
    if isinstance(model, str | os.PathLike):
        return _find_file(os.fspath(model))
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(model, keras.Model):
        return GivenModel(model)
    is_layer = keras is not None and isinstance(model, keras.layers.Layer)
    if callable(model) and not isinstance(model, type) and not is_layer:
        return Builder(given=model)
    shown = f"{model!r:.80}" if isinstance(model, int | float | bool | None) else f"a {type(model).__name__}"
    hint = " It is of Keras 2: load it with Keras 3." if type(model).__module__.startswith("tf_keras") else ""
    raise UsageError(
        "A model is a name, a .keras file, FILE.py:FUNCTION, a function that returns a keras.Model, or a keras.Model. "
        f"Got: {shown}.{hint}"
    )


def _find_file(text: str | bytes) -> Source | None:
    text = os.fsdecode(text).strip()
    file, colon, function = text.rpartition(":")
    if colon and file.casefold().endswith(".py"):
        path = Path(file)
        if not path.is_file():
            raise UsageError(f"There is no file {path}. A model of your own is FILE.py:FUNCTION.")
        if not function.isidentifier():
            raise UsageError(f"{function!r} is no name of a function. Got: {text}. Use: {path}:build")
        return Builder(file=path, function=function)
    suffix = Path(text).suffix.casefold()
    if suffix == ".py":
        raise UsageError(f"Name the function that returns the model, as in: {text}:build")
    if suffix == ".keras":
        if not Path(text).is_file():
            raise UsageError(
                f"There is no file {text}. To go on from a model, give the .keras file that it was saved in."
            )
        return KerasFile(Path(text))
    if suffix in (".h5", ".hdf5", ".pb", ".tflite", ".onnx", ".pt", ".pth"):
        if not Path(text).exists():
            raise UsageError(f"There is no file {text}, and a model to go on from is a .keras file.")
        raise ModelFileError(
            f"{text} is not a .keras file, and only these can be trained on. Save the model with Keras 3 as .keras; "
            "weights alone go to --weights."
        )
    return None
