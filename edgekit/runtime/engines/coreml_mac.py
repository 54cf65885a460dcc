"""Core ML itself, through coremltools; only on macOS.

Written after coremltools' documentation of ``MLModel.predict`` and never run by the project's own
tests, which have no Mac.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.package import Package
from edgekit.coreml.tools import import_coremltools
from edgekit.errors import UnsupportedModelError, UsageError, first_line
from edgekit.runtime.engines.base import EngineInfo, TensorInfo, check_inputs
from edgekit.runtime.engines.coreml import batch_size
from edgekit.runtime.engines.coreml_features import Feature, read_features


class CoreMLEngine:
    """A model that Core ML has compiled and loaded, on all compute units.

    Args:
        package: checked.

    Raises:
        UnsupportedModelError: Core ML cannot compile or load it.
    """

    def __init__(self, package: Package) -> None:
        coremltools = import_coremltools("Running a .mlpackage")
        self._name = str(package.path)
        self._features, self._answers = read_features(package)
        self._lock = threading.Lock()
        try:
            self._model: Any = coremltools.models.MLModel(self._name)
        except Exception as error:  # what Core ML's Objective-C errors become
            raise UnsupportedModelError(f"{self._name} cannot be run by Core ML: {first_line(error)}.") from error

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return tuple(feature.info for feature in self._features)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return tuple(feature.info for feature in self._answers)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("Core ML", f"macOS {platform.mac_ver()[0]}", "all compute units")

    @property
    def batch_size(self) -> int:
        return batch_size(self._features)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`. Pixels are rounded to 8 bits, as Core ML's images are."""
        problem = check_inputs(self.inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        values = {feature.name: self._feed(feature, inputs[feature.info.name]) for feature in self._features}
        with self._lock:
            if self._model is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            try:
                answers = self._model.predict(values)
            except Exception as error:
                raise UnsupportedModelError(f"{self._name} cannot be run by Core ML: {first_line(error)}.") from error
        return {feature.info.name: feature.read(answers[feature.name], self._name) for feature in self._answers}

    def close(self) -> None:
        """Lets go of the model."""
        with self._lock:
            self._model = None

    def _feed(self, feature: Feature, values: NDArray[Any]) -> Any:
        if not feature.image:
            return feature.to_array(values, self._name)
        from PIL import Image

        # Core ML itself orders the channels of a PIL image.
        pixels = np.clip(np.rint(values[0]), 0, 255).astype(np.uint8)
        return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
