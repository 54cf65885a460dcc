"""Models that are there already: in a ``.keras`` file, or as an object."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.kerasfile import check_keras_file, load_model, read_spec_from_keras
from edgekit.training.layer_errors import explain
from edgekit.training.network import BuildRequest
from edgekit.training.own.source import AnyShape, Made, input_shape_of


@dataclass(frozen=True)
class KerasFile:
    """A ``.keras`` file to go on from."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def check(self) -> None:
        """Refuses what is no model, or could run code."""
        check_keras_file(self.path)

    def preferred_shape(self) -> AnyShape | None:
        """From EdgeKit's spec, or from the model."""
        self.check()
        spec = read_spec_from_keras(self.path)
        return spec.inputs[0].shape[1:] if spec is not None else _shape_of_file(self.path, self.path.stat().st_mtime_ns)

    def make(self, keras: Any, request: BuildRequest) -> Made:
        """Loads the file in Keras' safe mode."""
        model, spec = load_model(self.path)
        return Made(model, filled=True, spec=spec)


@functools.lru_cache(maxsize=4)
def _shape_of_file(path: Path, changed: int) -> AnyShape | None:
    return input_shape_of(load_model(path)[0])


@dataclass(frozen=True)
class GivenModel:
    """A ``keras.Model`` object, which stays as it is: the training works on a copy."""

    model: Any

    @property
    def name(self) -> str:
        return str(self.model.name)

    def check(self) -> None:
        """Nothing to find early."""

    def preferred_shape(self) -> AnyShape | None:
        """The model's input."""
        return input_shape_of(self.model)

    def make(self, keras: Any, request: BuildRequest) -> Made:
        """A copy with the same weights."""
        model = self.model
        if isinstance(model, keras.Sequential) and not model.built:
            return Made(keras.Sequential.from_config(model.get_config()), filled=False)
        if not (getattr(model, "inputs", None) and getattr(model, "outputs", None)):
            return Made(model)  # refused by its kind
        try:
            graph = keras.Model(model.inputs, model.outputs)
            copy = keras.models.clone_model(graph)
            copy.set_weights(graph.get_weights())
        except Exception as error:
            raise UsageError(f"The model {self.name!r} cannot be copied ({explain(keras, error)}).") from error
        return Made(copy, filled=True)
