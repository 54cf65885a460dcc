"""Core ML packages: run by Core ML itself on macOS, by EdgeKit's evaluator elsewhere.

The evaluator computes what the written file says, operator by operator
(:mod:`edgekit.coreml.evaluator`): right for checking a model, not for measuring it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.coreml.blas import blas_threads, limits_threads
from edgekit.coreml.package import Package, read_package
from edgekit.coreml.tools import import_coremltools
from edgekit.errors import ModelFileError, UsageError
from edgekit.runtime.engines.base import EngineInfo, OpenedModel, TensorInfo, check_inputs
from edgekit.runtime.engines.coreml_features import Feature, read_features
from edgekit.version import __version__

NAME = "EdgeKit's Core ML evaluator"
KERNELS = "evaluator, not Core ML"


def prepare() -> None:
    """See :class:`~edgekit.runtime.engines.base.EngineModule`."""
    import_coremltools("Running a .mlpackage")
    import edgekit.coreml.evaluator  # noqa: F401


def open_model(path: Path, threads: int | None, trust: bool) -> OpenedModel:
    """Loads a ``.mlpackage``; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    ``threads`` (default 1) are those of the evaluator's matrix products; Core ML chooses its own.
    ``trust`` changes nothing: no code of the file is run.
    """
    package = read_package(path)
    if sys.platform == "darwin":
        from edgekit.runtime.engines.coreml_mac import CoreMLEngine

        return OpenedModel(CoreMLEngine(package), package.spec)
    return OpenedModel(EvaluatorEngine(package, threads), package.spec)


class EvaluatorEngine:
    """A Core ML package, evaluated.

    Args:
        package: checked.
        threads: of matrix products, where NumPy computes with OpenBLAS.

    Raises:
        UsageError: fewer than one thread.
        NotRunHereError: it needs an operator that the evaluator does not have; the message names it.
        ModelFileError: the program contradicts itself, or its spec.
    """

    def __init__(self, package: Package, threads: int | None = None) -> None:
        from edgekit.coreml.evaluator import Evaluator

        if threads is not None and threads < 1:
            raise UsageError(f"threads must be at least 1. Got: {threads}.")
        self._threads = threads or 1
        self._name = str(package.path)
        self._features, self._answers = read_features(package)
        self._evaluator: Any = Evaluator(package)
        for feature in self._features:
            if not _fits(feature, self._evaluator.plan.inputs[feature.name].shape):
                raise ModelFileError(
                    f"{self._name} describes its input {feature.info}, but its program takes another shape. Export "
                    "the model again."
                )
        self._lock = threading.Lock()

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return tuple(feature.info for feature in self._features)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return tuple(feature.info for feature in self._answers)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(NAME, __version__, KERNELS, self._threads if limits_threads() else None)

    @property
    def plan(self) -> Any:
        """What the evaluator does (:class:`edgekit.coreml.plan.Plan`), for whoever wants to know the operators."""
        return self._evaluator.plan

    @property
    def batch_size(self) -> int:
        """Rows of one run; a Core ML program is made for one."""
        return batch_size(self._features)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self.inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        arrays = {feature.name: self._feed(feature, inputs[feature.info.name]) for feature in self._features}
        with self._lock:
            if self._evaluator is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            with blas_threads(self._threads):
                answers = self._evaluator.run(arrays)
        return {feature.info.name: feature.read(answers[feature.name], self._name) for feature in self._answers}

    def close(self) -> None:
        """Lets go of the weights."""
        with self._lock:
            self._evaluator = None

    def _feed(self, feature: Feature, values: NDArray[Any]) -> NDArray[Any]:
        return feature.to_channels_first(values) if feature.image else feature.to_array(values, self._name)


def _fits(feature: Feature, shape: tuple[int | None, ...] | None) -> bool:
    described = feature.info.shape
    if feature.image:
        described = (described[0], described[3], described[1], described[2])
    return (
        shape is not None
        and len(shape) == len(described)
        and all(one is None or other is None or one == other for one, other in zip(shape, described, strict=True))
    )


def batch_size(features: tuple[Feature, ...]) -> int:
    """The first size of the first input, 1 where it may be any."""
    shape = features[0].info.shape if features else ()
    return (shape[0] or 1) if shape else 1
