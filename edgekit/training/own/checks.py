"""Whether a model of the user's own can be trained, saved and exported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgekit.errors import UsageError
from edgekit.kerascode import find_code
from edgekit.training.graph import is_graph
from edgekit.training.layer_errors import explain, whole_tracebacks
from edgekit.training.network import Shape
from edgekit.training.own.source import AnyShape

_INPUTS = ("image", "input")
_SCALING = ("Rescaling", "Normalization")
_SCALING_FIRST = ("BatchNormalization", "LayerNormalization", "TrueDivide", "Divide", "Multiply")


class Refused(Exception):
    """The reason alone; the source adds where the model comes from."""


def check_shape(name: str, wanted: AnyShape | None, shape: Shape) -> None:
    """Refuses samples that a model does not take.

    Args:
        name: of the model.
        wanted: the model's, ``None`` for any, or for any length in it.
        shape: of a sample.

    Raises:
        UsageError: they differ; the message says what to pass.
    """
    if wanted is None or (
        len(wanted) == len(shape) and all(want in (None, got) for want, got in zip(wanted, shape, strict=True))
    ):
        return
    hint = "Give it data of that shape"
    if len(wanted) == len(shape) == 3 and wanted[2] in (None, 1, 3):
        if wanted[2] not in (None, shape[2]):
            hint = f"Pass --color {'grayscale' if wanted[2] == 1 else 'rgb'}"
        elif wanted[0] and wanted[1]:
            size = str(wanted[0]) if wanted[0] == wanted[1] else f"{wanted[0]}x{wanted[1]}"
            hint = f"Pass --image-size {size}"
    raise UsageError(f"{name} takes samples of the shape {wanted}. Got: {shape}. {hint}, or let it take input_shape.")


def as_graph(keras: Any, model: Any, shape: Shape) -> Any:
    """The model, if it is one that can be trained, saved and exported."""
    if not isinstance(model, keras.Model):
        hint = " It is of Keras 2: build it with Keras 3." if type(model).__module__.startswith("tf_keras") else ""
        raise Refused(f"it is no keras.Model, but of the type {type(model).__name__}.{hint}")
    if isinstance(model, keras.Sequential) and not model.built:
        try:
            with whole_tracebacks(keras):
                model.build((None, *shape))
        except Exception as error:
            raise Refused(f"{explain(keras, error)} (samples have the shape {shape}).") from error
    if isinstance(model, keras.Sequential) and not model.layers:
        raise Refused("it has no layers.")
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise Refused(
            f"{type(model).__name__} is a subclass with a call of its own, which has no graph of layers. Build it with "
            "keras.Model(inputs, outputs), where outputs is your call applied to a keras.Input."
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise Refused(f"a classifier has one input and one output; it has {len(inputs)} and {len(outputs)}.")
    if any(layer.name in _INPUTS and not isinstance(layer, keras.layers.InputLayer) for layer in model.layers):
        raise Refused(f"a layer has one of the names of the input: {', '.join(_INPUTS)}. Name it otherwise.")
    problem = _find_foreign_code(keras, model)
    if problem:
        raise Refused(f"{problem}. Build it of Keras' own layers, so that others can open the file.")
    return keras.Model(inputs[0], outputs[0], name=model.name)


def _find_foreign_code(keras: Any, model: Any) -> str | None:
    """What a ``.keras`` file of the model would lack or would refuse to open with."""
    for layer in model._flatten_layers(include_self=False):
        if not type(layer).__module__.startswith("keras."):
            return (
                f"the layer {layer.name!r} is of the class {type(layer).__name__}, whose code is not in a .keras file"
            )
    try:
        config = keras.saving.serialize_keras_object(model)
    except Exception as error:
        return f"it cannot be saved ({explain(keras, error)})"
    code = find_code(config)
    return code or next(
        (f"it uses the function {name}, whose code is not in a .keras file" for name in _functions(config)), None
    )


def _functions(config: Any) -> Iterator[str]:
    """The names of functions that are not Keras' own, as activations and initializers can be."""
    if isinstance(config, dict):
        if config.get("class_name") == "function":
            yield str(config.get("config"))
        for value in config.values():
            yield from _functions(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _functions(value)


def try_it(keras: Any, model: Any, shape: Shape) -> None:
    """One sample of zeros: what fails in the graph should fail now, with the layer's name."""
    try:
        with whole_tracebacks(keras):
            model(np.zeros((1, *shape), np.float32), training=False)
    except Exception as error:
        raise Refused(f"it fails with a sample of the shape {shape}: {explain(keras, error)}.") from error


def changes_range(keras: Any, model: Any) -> bool:
    """Whether a model changes the range of pixels before it works with them."""
    if any(type(layer).__name__ in _SCALING for layer in model._flatten_layers(include_self=False)):
        return True
    operations = [operation for operation in model.operations if not isinstance(operation, keras.layers.InputLayer)]
    while operations and is_graph(keras, operations[0]):
        nested = operations[0].operations if hasattr(operations[0], "operations") else operations[0].layers
        operations = [operation for operation in nested if not isinstance(operation, keras.layers.InputLayer)]
    return bool(operations) and type(operations[0]).__name__ in _SCALING_FIRST
