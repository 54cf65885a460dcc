"""What every model that comes in offers, whatever it was made with."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.adaptation import AS_IT_IS, Adaptation
from edgekit.errors import ConversionError, EdgeKitError, UsageError, first_line
from edgekit.program import FrozenProgram
from edgekit.quiet import without_retracing_notes
from edgekit.runtime import Predictor
from edgekit.runtime.engines.base import EngineInfo, TensorInfo, check_inputs
from edgekit.spec import Activation, ModelSpec


class Graph(Protocol):
    """A model of some framework; one file each. Adding a kind of model is one more.

    Attributes:
        name: what to call it in a sentence, a file mostly.
        stem: what to call the artifacts.
        inputs: in the order in which it takes them; the batch is ``None``, or 1 where it takes no other.
        outputs: in the order in which it answers them; sizes that are not known before a run are ``None``.
        info: what runs it.
    """

    @property
    def name(self) -> str: ...

    @property
    def stem(self) -> str: ...

    @property
    def inputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def outputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def info(self) -> EngineInfo: ...

    def run(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Arrays in the order of the inputs to arrays in the order of the outputs, in inference mode."""

    def freeze(self, spec: ModelSpec, folder: Path, batch: int | None, adaptation: Adaptation) -> FrozenProgram:
        """See :func:`edgekit.program.freeze_function`."""

    def activation(self) -> Activation | None:
        """What the first output went through last; ``None`` where that cannot be told."""

    def ranges(self) -> Mapping[str, tuple[float, float]]:
        """The smallest and largest value of inputs that take no others, by their names."""

    def layers(self) -> tuple[str, ...]:
        """What the model begins with, as class names of layers; empty where there are none."""

    def parts(self) -> tuple[str, ...]:
        """Names of the model and of the models within it."""


@dataclass(frozen=True)
class SourceModel:
    """A model with all that an export has to know of it.

    Attributes:
        graph: the model.
        spec: its own, the caller's, or made from its inputs and outputs.
        adaptation: what is put around it.
        remarks: what was assumed and what could be done, as sentences for a person.
        own: whether the spec is EdgeKit's own, out of the file.
    """

    graph: Graph
    spec: ModelSpec
    adaptation: Adaptation = AS_IT_IS
    remarks: tuple[str, ...] = ()
    own: bool = False

    @property
    def name(self) -> str:
        """What to call the model in a sentence."""
        return self.graph.name

    def predict(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The reference answers: what the model itself says, by the names of the spec.

        Args:
            inputs: by the names of the spec's inputs, (n, ...): pixels 0..255 of a classifier of photos.
        """
        return SourceEngine(self, self.spec).run(inputs)

    def predictor(self, spec: ModelSpec | None = None) -> Predictor:
        """The model behind the same interface as every artifact."""
        spec = spec or self.spec
        return Predictor(SourceEngine(self, spec), spec, name=self.name)

    def freeze(self, folder: Path, batch: int | None, spec: ModelSpec | None = None) -> FrozenProgram:
        """Traces and saves the model for the converters; see :func:`edgekit.program.freeze_function`."""
        return self.graph.freeze(spec or self.spec, folder, batch, self.adaptation)


class SourceEngine:
    """A source model as an engine: it has the spec's names and takes pixels 0..255.

    Safe to use from several threads: calls take turns.
    """

    def __init__(self, source: SourceModel, spec: ModelSpec) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._inputs = tuple(TensorInfo(tensor.name, tensor.shape, tensor.dtype) for tensor in spec.inputs)
        self._outputs = tuple(TensorInfo(tensor.name, tensor.shape, tensor.dtype) for tensor in spec.outputs)

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    @property
    def info(self) -> EngineInfo:
        return self._source.graph.info

    @property
    def batch_size(self) -> int:
        """64 rows at once, as for Keras' own engine; 1 for a model that takes no more."""
        return 1 if any(tensor.shape[:1] == (1,) for tensor in self._inputs) else 64

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self._inputs, inputs)
        if problem:
            raise UsageError(f"{self._source.name}: {problem}")
        arrays = [inputs[info.name].astype(info.dtype, copy=False) for info in self._inputs]
        with self._lock:
            answers = run_adapted(self._source.graph, self._source.adaptation, arrays)
        if len(answers) != len(self._outputs):
            raise UsageError(
                f"{self._source.name} answers {len(answers)} tensors, but its spec names {len(self._outputs)}. "
                "Give the spec of this very model."
            )
        return {info.name: np.asarray(array) for info, array in zip(self._outputs, answers, strict=True)}

    def close(self) -> None:
        """Nothing: the model belongs to whoever gave it."""


def run_adapted(graph: Graph, adaptation: Adaptation, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Runs a model with what is put around it.

    Raises:
        ConversionError: it cannot run on these.
        SpecError: what is put around it is for other inputs.
    """
    try:
        arrays = [adaptation.before(arrays[0]), *arrays[1:]]
        with without_retracing_notes():
            answers = graph.run(
                [array.astype(info.dtype, copy=False) for array, info in zip(arrays, graph.inputs, strict=True)]
            )
    except (EdgeKitError, MemoryError):
        raise
    except Exception as error:  # frameworks raise ValueError, TypeError, errors of their own, ...
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ConversionError(
            f"{graph.name} cannot be run on inputs of the shape {shapes}: {_reason(error)}. If it takes other sizes, "
            "name them with --input-shape, as in: --input-shape 1,224,224,3"
        ) from error
    return [adaptation.after(answers[0]), *answers[1:]]


def _reason(error: Exception) -> str:
    """TensorFlow's errors begin with where, and say what in the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.strip().startswith("[[")]
    best = lines[-1] if len(lines) > 1 and lines[0].startswith("Graph execution error") else lines[0] if lines else ""
    return first_line(best or error).rstrip(".")
