"""Core ML packages: run by Core ML itself on macOS, by EdgeKit's evaluator elsewhere.

The evaluator computes what the written file says, operator by operator
(:mod:`edgekit.coreml.evaluator`): right for checking a model, not for measuring it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.coreml.blas import blas_threads, limits_threads
from edgekit.coreml.package import Package, read_package
from edgekit.coreml.tools import import_coremltools
from edgekit.errors import ModelFileError
from edgekit.runtime.engines.base import EngineInfo, OpenedModel, check_threads
from edgekit.runtime.engines.coreml_base import PackageEngine
from edgekit.runtime.engines.coreml_features import Feature
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


class EvaluatorEngine(PackageEngine):
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

        check_threads(threads)
        self._threads = threads or 1
        super().__init__(package)
        self._model = Evaluator(package)
        for feature in self._features:
            if not _fits(feature, self._model.plan.inputs[feature.name].shape):
                raise ModelFileError(
                    f"{self._name} describes its input {feature.info}, but its program takes another shape. Export "
                    "the model again."
                )

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(NAME, __version__, KERNELS, self._threads if limits_threads() else None)

    @property
    def plan(self) -> Any:
        """What the evaluator does (:class:`edgekit.coreml.plan.Plan`), for whoever wants to know the operators."""
        return self._model.plan

    def _feed(self, feature: Feature, values: NDArray[Any]) -> NDArray[Any]:
        return feature.to_channels_first(values) if feature.image else feature.to_array(values, self._name)

    def _compute(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        with blas_threads(self._threads):
            answers: Mapping[str, Any] = self._model.run(values)
        return answers


def _fits(feature: Feature, shape: tuple[int | None, ...] | None) -> bool:
    described = feature.info.shape
    if feature.image:
        described = (described[0], described[3], described[1], described[2])
    return (
        shape is not None
        and len(shape) == len(described)
        and all(one is None or other is None or one == other for one, other in zip(shape, described, strict=True))
    )
