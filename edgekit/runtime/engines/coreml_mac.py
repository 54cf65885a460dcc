"""Core ML itself, through coremltools; only on macOS.

Written after coremltools' documentation of ``MLModel.predict`` and never run by the project's own
tests, which have no Mac.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.package import Package
from edgekit.coreml.tools import import_coremltools
from edgekit.errors import UnsupportedModelError, first_line
from edgekit.runtime.engines.base import EngineInfo
from edgekit.runtime.engines.coreml_base import PackageEngine
from edgekit.runtime.engines.coreml_features import Feature


class CoreMLEngine(PackageEngine):
    """A model that Core ML has compiled and loaded, on all compute units.

    Pixels are rounded to 8 bits, as Core ML's images are.

    Args:
        package: checked.

    Raises:
        UnsupportedModelError: Core ML cannot compile or load it.
    """

    def __init__(self, package: Package) -> None:
        coremltools = import_coremltools("Running a .mlpackage")
        super().__init__(package)
        try:
            self._model = coremltools.models.MLModel(self._name)
        except Exception as error:  # what Core ML's Objective-C errors become
            raise UnsupportedModelError(f"{self._name} cannot be run by Core ML: {first_line(error)}.") from error

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("Core ML", f"macOS {platform.mac_ver()[0]}", "all compute units")

    def _feed(self, feature: Feature, values: NDArray[Any]) -> Any:
        if not feature.image:
            return feature.to_array(values, self._name)
        from PIL import Image

        # Core ML itself orders the channels of a PIL image.
        pixels = np.clip(np.rint(values[0]), 0, 255).astype(np.uint8)
        return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)

    def _compute(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answers: Mapping[str, Any] = self._model.predict(values)
        except Exception as error:
            raise UnsupportedModelError(f"{self._name} cannot be run by Core ML: {first_line(error)}.") from error
        return answers
