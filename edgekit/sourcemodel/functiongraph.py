"""TensorFlow functions: a ``tf.function``, a ``ConcreteFunction``, a signature of a SavedModel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.adaptation import Adaptation
from edgekit.errors import UsageError
from edgekit.program import FrozenProgram, freeze_function
from edgekit.runtime.engines.base import EngineInfo, TensorInfo
from edgekit.sourcemodel.names import clean_names
from edgekit.sourcemodel.shapes import Shape
from edgekit.spec import Activation, ModelSpec

_PASS_THROUGH = frozenset({"Identity", "IdentityN", "Reshape", "Squeeze", "Cast", "StopGradient"})
_ENDS: dict[str, Activation] = {"Softmax": "softmax", "Sigmoid": "sigmoid"}


def concrete_function(function: Any, name: str) -> Any | None:
    """The one concrete function of a ``tf.function`` with an ``input_signature``; ``None`` for no TensorFlow function.

    Raises:
        UsageError: a ``tf.function`` that takes whatever it is given.
    """
    if hasattr(function, "structured_input_signature") and hasattr(function, "graph"):
        return function
    if not hasattr(function, "get_concrete_function"):
        return None
    if getattr(function, "input_signature", None) is None:
        raise UsageError(
            f"{name} is a tf.function without an input_signature, so the shapes of its inputs are unknown. Give "
            "function.get_concrete_function(tf.TensorSpec([None, 224, 224, 3], tf.float32))."
        )
    return function.get_concrete_function()


class FunctionGraph:
    """A concrete function.

    Args:
        function: a TensorFlow ``ConcreteFunction``.
        name: what to call it in a sentence.
        stem: what to call the artifacts.
        shapes: of inputs of any number of dimensions, from :func:`edgekit.sourcemodel.shapes.read_shapes`.
        owner: what holds the function's variables alive.
        spec: of the function, if it has one: its tensors are then in the spec's order.

    Raises:
        UsageError: an input is of a kind that no format takes, or has no batch.
    """

    def __init__(
        self,
        function: Any,
        name: str,
        stem: str,
        shapes: Mapping[str | None, Shape] | None = None,
        owner: Any = None,
        spec: ModelSpec | None = None,
    ) -> None:
        import tensorflow as tf

        self._tf = tf
        self._owner = owner
        self._function = function
        self.name = name
        self.stem = stem
        self._signature = function.structured_input_signature
        flat = tf.nest.flatten(self._signature)
        self._places = [place for place, leaf in enumerate(flat) if isinstance(leaf, tf.TensorSpec)]
        self._leaves = flat
        specs = [flat[place] for place in self._places]
        if not specs:
            raise UsageError(f"{name} takes no tensors, so there is nothing to export.")
        own = [spec.name or f"input_{place}" for place, spec in enumerate(specs)]
        order = _order(own, [tensor.name for tensor in spec.inputs] if spec else [])
        self._places = [self._places[place] for place in order]
        specs, own = [specs[place] for place in order], [own[place] for place in order]
        names = clean_names(own)
        self.inputs = tuple(
            _describe(spec, clean, name, shapes or {}) for spec, clean in zip(specs, names, strict=True)
        )
        self._check_batch()
        answers = function.structured_outputs
        tensors = tf.nest.flatten(answers)
        found = _output_names(answers, tensors)
        self._order = _order(found, [tensor.name for tensor in spec.outputs] if spec else [])
        tensors, found = [tensors[place] for place in self._order], [found[place] for place in self._order]
        fixed = any(info.shape[:1] == (1,) for info in self.inputs)
        self.outputs = tuple(
            TensorInfo(clean, _with_batch(tensor.shape, fixed), tensor.dtype.name)
            for clean, tensor in zip(clean_names(found, names), tensors, strict=True)
        )

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("tensorflow", self._tf.__version__, "eager")

    def run(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """See :class:`~edgekit.sourcemodel.base.Graph`."""
        return [tensor.numpy() for tensor in self.call([self._tf.constant(array) for array in arrays])]

    def call(self, tensors: Sequence[Any]) -> list[Any]:
        """TensorFlow tensors in the order of the inputs to those in the order of the outputs."""
        leaves = list(self._leaves)
        for place, tensor in zip(self._places, tensors, strict=True):
            leaves[place] = self._tf.cast(tensor, self._leaves[place].dtype)
        arguments, keywords = self._tf.nest.pack_sequence_as(self._signature, leaves)
        answers = self._tf.nest.flatten(self._function(*arguments, **keywords))
        return [answers[place] for place in self._order]

    def freeze(self, spec: ModelSpec, folder: Path, batch: int | None, adaptation: Adaptation) -> FrozenProgram:
        """See :class:`~edgekit.sourcemodel.base.Graph`."""
        return freeze_function(self.call, spec, folder, batch, adaptation)

    def activation(self) -> Activation | None:
        """Of the op that makes the first output, found in the graph."""
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        output = convert_variables_to_constants_v2(self._function).outputs[0]
        while output.op.type in _PASS_THROUGH:
            output = output.op.inputs[0]
        return _ENDS.get(output.op.type, "none")

    def ranges(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def layers(self) -> tuple[str, ...]:
        return ()

    def parts(self) -> tuple[str, ...]:
        return ()

    def _check_batch(self) -> None:
        for info in self.inputs:
            if not info.shape or info.shape[0] not in (None, 1):
                sizes = f"its first size is {info.shape[0]}" if info.shape else "it is a single number"
                raise UsageError(
                    f"The input {info.name} of {self.name} has no batch: {sizes}, where the number of samples (any, or "
                    "1) should be. Put the model into a tf.function with such an input_signature."
                )
        if len({info.shape[0] for info in self.inputs}) > 1:
            self.inputs = tuple(TensorInfo(info.name, (1, *info.shape[1:]), info.dtype) for info in self.inputs)


def _describe(spec: Any, clean: str, name: str, shapes: Mapping[str | None, Shape]) -> TensorInfo:
    dtype = spec.dtype.name
    if dtype in ("string", "resource", "variant", "bfloat16") or np.dtype(dtype).kind not in "biuf":
        what = "text" if dtype == "string" else dtype
        raise UsageError(
            f"The input {clean} of {name} takes {what}, which runtimes on devices have no ops for. Cut the model "
            "behind the layers that turn it into numbers, and do these in your program."
        )
    if spec.shape.rank is None:
        shape = shapes.get(clean, shapes.get(None))
        if shape is None:
            raise UsageError(
                f"The input {clean} of {name} takes any number of dimensions. Name its shape, as in: --input-shape "
                f"{clean}=1,224,224,3"
            )
        return TensorInfo(clean, (None, *shape[1:]), dtype)
    return TensorInfo(clean, tuple(spec.shape.as_list()), dtype)


def _with_batch(shape: Any, fixed: bool) -> tuple[int | None, ...]:
    if shape.rank is None:
        return ()  # known after the first run
    sizes = tuple(shape.as_list())
    return sizes if fixed else (None, *sizes[1:]) if sizes else ()


def _output_names(answers: Any, tensors: Sequence[Any]) -> list[str]:
    if isinstance(answers, Mapping) and len(answers) == len(tensors):
        return sorted(map(str, answers))
    return ["output"] if len(tensors) == 1 else [f"output_{place}" for place in range(len(tensors))]


def _order(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The places of the wanted names; as they are where the names are others."""
    return [names.index(name) for name in wanted] if sorted(names) == sorted(wanted) else list(range(len(names)))
