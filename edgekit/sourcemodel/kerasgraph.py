"""Keras models: of Keras 3 on any backend, and of Keras 2 (``tf_keras``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.adaptation import Adaptation
from edgekit.errors import ConversionError, UsageError, first_line
from edgekit.program import FrozenProgram, call_keras, freeze, freeze_function
from edgekit.runtime.engines.base import EngineInfo, TensorInfo
from edgekit.sourcemodel.names import clean_names
from edgekit.sourcemodel.shapes import Shape
from edgekit.spec import Activation, ModelSpec

_ENDS: dict[str, Activation] = {"softmax": "softmax", "sigmoid": "sigmoid"}


def package_of(model: Any) -> str | None:
    """``keras`` or ``tf_keras`` for a model object of theirs, else ``None``."""
    roots = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    if not hasattr(model, "predict_on_batch"):
        return None
    return next((root for root in roots if root in ("tf_keras", "keras")), None)


class KerasGraph:
    """A Keras model in memory.

    Args:
        model: a ``keras.Model`` or ``tf_keras.Model``.
        name: what to call it in a sentence.
        stem: what to call the artifacts.
        shapes: the inputs' shapes, for a subclassed model, which has none defined.

    Raises:
        UsageError: the inputs are not defined and no shape is given, or one is text.
        ConversionError: a layer keeps state between two calls.
    """

    def __init__(self, model: Any, name: str, stem: str, shapes: Mapping[str | None, Shape] | None = None) -> None:
        self.model = model
        self.name = name
        self.stem = stem
        self._package = package_of(model) or "keras"
        self._tree = _tree(self._package)
        self._refuse_state()
        if getattr(model, "inputs", None):
            self.inputs, self.outputs = self._defined()
        else:
            self.inputs = self._given(shapes or {})
            self.outputs = self._probed()

    @property
    def info(self) -> EngineInfo:
        if self._package == "tf_keras":
            import tf_keras

            return EngineInfo("tf_keras", tf_keras.__version__, "tensorflow")
        import keras

        return EngineInfo("keras", keras.__version__, keras.config.backend())

    def run(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """See :class:`~edgekit.sourcemodel.base.Graph`."""
        structure = getattr(self.model, "input", None) if getattr(self.model, "inputs", None) else None
        packed = arrays[0] if structure is None else self._tree.pack_sequence_as(structure, list(arrays))
        answers = self._tree.flatten(self.model.predict_on_batch(packed))
        return [np.asarray(answer) for answer in answers]

    def freeze(self, spec: ModelSpec, folder: Path, batch: int | None, adaptation: Adaptation) -> FrozenProgram:
        """See :class:`~edgekit.sourcemodel.base.Graph`."""
        if self._package == "keras":
            return freeze(self.model, spec, folder, batch, adaptation)

        def call(tensors: Sequence[Any]) -> Sequence[Any]:
            return call_keras(self.model, tensors, self._tree)

        return freeze_function(call, spec, folder, batch, adaptation)

    def activation(self) -> Activation | None:
        """Of the layer that makes the first output."""
        return _activation_of(self.model)

    def layers(self) -> tuple[str, ...]:
        return tuple(type(layer).__name__ for layer in _leaves(self.model))

    def parts(self) -> tuple[str, ...]:
        return (str(self.model.name), *(str(layer.name) for layer in _models(self.model)))

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Of inputs that an ``Embedding`` looks up, where other numbers end in an error, or an ``IntegerLookup``,
        where all others are the same.
        """
        found: dict[str, tuple[float, float]] = {}
        embeddings = [layer for layer in _leaves(self.model) if type(layer).__name__ in _LOOKED_UP]
        for info, tensor in zip(self.inputs, getattr(self.model, "inputs", None) or (), strict=False):
            own = [layer for layer in embeddings if any(tensor is taken for taken in _taken_by(layer))]
            if not own and len(self.inputs) == 1:  # behind a mask, in a nested model, ...
                own = embeddings
            if own:
                ranges = [_LOOKED_UP[type(layer).__name__](layer) for layer in own]
                # A table in front decides what is meaningful; an embedding behind it sees the table's answers.
                first = [one for one, layer in zip(ranges, own, strict=True) if type(layer).__name__ != "Embedding"]
                found[info.name] = min(first or ranges, key=lambda one: one[1])
        return found

    def _defined(self) -> tuple[tuple[TensorInfo, ...], tuple[TensorInfo, ...]]:
        model = self.model
        inputs = clean_names(
            _names_of(getattr(model, "input", None), model.inputs, getattr(model, "input_names", None), "input")
        )
        outputs = clean_names(
            _names_of(getattr(model, "output", None), model.outputs, getattr(model, "output_names", None), "output"),
            inputs,
        )
        for name, tensor in zip(inputs, model.inputs, strict=True):
            self._refuse_text(name, tensor)
        return (
            tuple(_describe(name, tensor) for name, tensor in zip(inputs, model.inputs, strict=True)),
            tuple(_describe(name, tensor) for name, tensor in zip(outputs, model.outputs, strict=True)),
        )

    def _refuse_text(self, name: str, tensor: Any) -> None:
        if str(getattr(tensor.dtype, "name", tensor.dtype)) != "string":
            return
        own = [layer for layer in _leaves(self.model) if any(tensor is taken for taken in _taken_by(layer))]
        layers = [layer for layer in own if type(layer).__name__ != "InputLayer"]
        which = (
            f"layer {layers[0].name!r} ({type(layers[0]).__name__})" if layers else "layers that turn it into numbers"
        )
        raise UsageError(
            f"The input {name} of {self.name} is text, which the {which} takes and runtimes on devices have no ops "
            "for. Cut the model behind it, as in keras.Model(layer.output, model.output), and turn text into numbers "
            "in your program."
        )

    def _given(self, shapes: Mapping[str | None, Shape]) -> tuple[TensorInfo, ...]:
        if len(shapes) != 1:
            raise UsageError(
                f"{self.name} has no defined inputs (a subclassed or unbuilt Keras model), so their shape is unknown. "
                "Name it, as in --input-shape 1,224,224,3; a model with several inputs is given as a functional model, "
                "or as a tf.function with an input_signature."
            )
        ((name, shape),) = shapes.items()
        (clean,) = clean_names([name or "input"])
        return (TensorInfo(clean, (None, *shape[1:]), "float32"),)

    def _probed(self) -> tuple[TensorInfo, ...]:
        (info,) = self.inputs
        shape = tuple(1 if size is None else size for size in info.shape)
        try:
            answer = self.model.predict_on_batch(np.zeros(shape, np.float32))
        except Exception as error:  # whatever the model's own code raises
            raise ConversionError(
                f"{self.name} cannot be run on an input of the shape {shape}: {first_line(error)} Name the shape that "
                "it takes with --input-shape."
            ) from error
        arrays = [np.asarray(array) for array in self._tree.flatten(answer)]
        names = sorted(answer) if isinstance(answer, Mapping) else [f"output_{place}" for place in range(len(arrays))]
        if len(names) != len(arrays):
            names = [f"output_{place}" for place in range(len(arrays))]
        return tuple(
            TensorInfo(name, (None,) * array.ndim, str(array.dtype))
            for name, array in zip(clean_names(names, [info.name]), arrays, strict=True)
        )

    def _refuse_state(self) -> None:
        reset = "reset_state" if self._package == "keras" else "reset_states"
        for layer in _leaves(self.model):
            if getattr(layer, "stateful", False) is True and hasattr(layer, reset):
                raise ConversionError(
                    f"The layer {layer.name!r} of {self.name} is stateful: it remembers from one call to the next, "
                    "which an exported graph cannot. Build it with stateful=False and load the weights."
                )


def _range_of_embedding(layer: Any) -> tuple[float, float]:
    return 0.0, float(layer.input_dim - 1)


def _range_of_table(layer: Any) -> tuple[float, float]:
    """From one below the smallest known number to one above the largest; these two are unknown, if that is allowed."""
    known = [int(number) for number in layer.get_vocabulary(include_special_tokens=False)] or [0]
    margin = 1 if getattr(layer, "num_oov_indices", 0) else 0
    return float(min(known) - margin), float(max(known) + margin)


_LOOKED_UP = {"Embedding": _range_of_embedding, "IntegerLookup": _range_of_table}
"""Layers that take indices or ids, to the range of those that mean something."""


def _tree(package: str) -> Any:
    if package == "keras":
        import keras

        return keras.tree
    import tensorflow as tf

    return tf.nest


def _names_of(structure: Any, tensors: Sequence[Any], names: Sequence[str] | None, kind: str) -> list[str]:
    if isinstance(structure, Mapping) and len(structure) == len(tensors):
        return sorted(map(str, structure))  # the order in which trees are flattened
    if names is not None and len(names) == len(tensors):
        return [str(name) for name in names]
    own = [str(getattr(tensor, "name", "")) for tensor in tensors]
    if any(not name or name.startswith("keras_tensor") for name in own):
        return [kind] if len(own) == 1 else [f"{kind}_{place}" for place in range(len(own))]
    return own


def _describe(name: str, tensor: Any) -> TensorInfo:
    # A Sequential model that was called on data has their batch size here, which is none of its own.
    dtype = getattr(tensor.dtype, "name", tensor.dtype)
    if getattr(tensor.shape, "rank", 0) is None:
        raise ConversionError(f"{name} has any number of dimensions. Give the model a result of a known rank.")
    return TensorInfo(
        name, (None, *(None if size is None else int(size) for size in tuple(tensor.shape)[1:])), str(dtype)
    )


def _leaves(model: Any) -> Iterator[Any]:
    """Layers, and operations of functional models, in order; those of nested models and in wrappers, too."""
    for layer in getattr(model, "operations", None) or getattr(model, "layers", None) or ():
        if getattr(layer, "layers", None) or getattr(layer, "operations", None):
            yield from _leaves(layer)
            continue
        yield layer
        inner = getattr(layer, "layer", None)
        if inner is not None and hasattr(inner, "weights"):
            yield from _leaves(inner) if getattr(inner, "layers", None) else (inner,)


def _taken_by(layer: Any) -> tuple[Any, ...]:
    try:
        return (layer.input,)
    except (AttributeError, ValueError, RuntimeError):  # called in a model of another, or more than once
        return ()


def _models(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "layers", ()):
        inner = getattr(layer, "layer", layer)
        if getattr(inner, "layers", None):
            yield inner
            yield from _models(inner)


def _activation_of(model: Any) -> Activation | None:
    layer = model
    for _ in range(16):  # models within models
        if getattr(layer, "outputs", None) and getattr(layer, "layers", None):
            history = getattr(layer.outputs[0], "_keras_history", None)
            layer = getattr(history, "operation", None) or getattr(history, "layer", None)
        elif getattr(layer, "layer", None) is not None:
            layer = layer.layer
        else:
            break
    if layer is None or getattr(layer, "layers", None):
        return None
    kind = type(layer).__name__.lower()
    if kind in _ENDS:
        return _ENDS[kind]
    function = getattr(layer, "activation", None)
    if function is None:
        return None
    return _ENDS.get(str(getattr(function, "__name__", type(function).__name__)).lower(), "none")
