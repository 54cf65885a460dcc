"""Keras itself: the reference that every artifact is compared with."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, UsageError
from edgekit.kerasfile import import_keras, load_model
from edgekit.quiet import without_retracing_notes
from edgekit.runtime.engines.base import EngineInfo, OpenedModel, TensorInfo, check_inputs


def prepare() -> None:
    """See :class:`~edgekit.runtime.engines.base.EngineModule`."""
    import_keras("Running a .keras file")


def open_model(path: Path, threads: int | None, trust: bool) -> OpenedModel:
    """Loads a ``.keras``; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    ``threads`` and ``trust`` change nothing: the backend's threads belong to the whole process, and
    code in a model file is never run.
    """
    model, spec = load_model(path)
    return OpenedModel(KerasEngine(model, str(path)), spec)


class KerasEngine:
    """A Keras model in memory, on any backend.

    Args:
        model: a ``keras.Model`` with defined inputs (functional, or a built Sequential).
        name: what to call it in an error.

    Raises:
        ModelFileError: the model's inputs are not defined.
    """

    batch_size = 64
    """Rows of one run: enough to keep the cores busy, and some 40 MB of pixels at 224."""

    def __init__(self, model: Any, name: str = "the model") -> None:
        self._model = model
        self._name = name
        self._lock = threading.Lock()
        self._inputs = _describe(getattr(model, "inputs", None), "input")
        self._outputs = _describe(getattr(model, "outputs", None), "output")
        if not self._inputs or not self._outputs:
            raise ModelFileError(
                f"{name} has no defined inputs (a subclassed or unbuilt Keras model), so its tensors are unknown. "
                "Build it as a functional model, or call it once on data before saving."
            )

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    @property
    def info(self) -> EngineInfo:
        keras = import_keras("Running a .keras file")
        return EngineInfo("keras", keras.__version__, keras.config.backend())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self._inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        with self._lock:
            if self._model is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            arrays = [inputs[info.name].astype(info.dtype, copy=False) for info in self._inputs]
            with without_retracing_notes():
                answer = self._model.predict_on_batch(arrays[0] if len(arrays) == 1 else arrays)
        answers = import_keras("Running a .keras file").tree.flatten(answer)  # in the order of model.outputs
        return {info.name: np.asarray(array) for info, array in zip(self._outputs, answers, strict=True)}

    def close(self) -> None:
        """Lets go of the model; its memory is freed when nobody else holds it."""
        with self._lock:
            self._model = None


def _describe(tensors: Any, kind: str) -> tuple[TensorInfo, ...]:
    found: list[TensorInfo] = []
    for place, tensor in enumerate(tensors or ()):
        name = str(tensor.name or kind)
        if any(info.name == name for info in found):
            name = f"{name}_{place}"
        found.append(TensorInfo(name, tuple(tensor.shape), str(tensor.dtype)))
    return tuple(found)
