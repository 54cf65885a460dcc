"""What Core ML's own engine and the evaluator share: a package's features as the spec's tensors."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from edgekit.coreml.package import Package
from edgekit.errors import UsageError
from edgekit.runtime.engines.base import TensorInfo, check_inputs
from edgekit.runtime.engines.coreml_features import Feature, read_features


class PackageEngine(ABC):
    """An engine for a Core ML package; see :class:`~edgekit.runtime.engines.base.Engine`.

    Args:
        package: checked.

    Raises:
        ModelFileError: the package contradicts its spec.
    """

    def __init__(self, package: Package) -> None:
        self._name = str(package.path)
        self._features, self._answers = read_features(package)
        self._lock = threading.Lock()
        self._model: Any = None
        """What computes; ``None`` when the engine is closed."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return tuple(feature.info for feature in self._features)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return tuple(feature.info for feature in self._answers)

    @property
    def batch_size(self) -> int:
        """The first size of the first input, 1 where it may be any; a Core ML program is made for one row."""
        shape = self._features[0].info.shape if self._features else ()
        return (shape[0] or 1) if shape else 1

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self.inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        values = {feature.name: self._feed(feature, inputs[feature.info.name]) for feature in self._features}
        with self._lock:
            if self._model is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            answers = self._compute(values)
        return {feature.info.name: feature.read(answers[feature.name], self._name) for feature in self._answers}

    def close(self) -> None:
        """Lets go of the model."""
        with self._lock:
            self._model = None

    @abstractmethod
    def _feed(self, feature: Feature, values: NDArray[Any]) -> Any:
        """One input as the model takes it."""

    @abstractmethod
    def _compute(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answers by the names of the package's features."""
