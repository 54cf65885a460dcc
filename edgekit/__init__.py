"""EdgeKit: from a folder of photos to a measured, verified model on every edge device.

>>> import edgekit
>>> model = edgekit.train("flowers/", model="mobilenet_v2_0.35")
>>> edgekit.export(model, to=["tflite:fp32", "tflite:int8"], output="dist")
>>> edgekit.load("dist/flowers.int8.tflite").classify("photo.jpg", top=3)

Names are imported when they are first used, so ``import edgekit`` costs nothing, and a device that
only calls :func:`load` never sees the training side.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgekit.version import __version__

if TYPE_CHECKING:
    from edgekit.api.benchmarking import benchmark
    from edgekit.api.exporting import export
    from edgekit.api.model import Model
    from edgekit.api.training import train
    from edgekit.api.verifying import verify
    from edgekit.errors import EdgeKitError
    from edgekit.runtime import Prediction, Predictor, load
    from edgekit.spec import ImageFormat, Label, ModelSpec

_HOMES = {
    "EdgeKitError": "edgekit.errors",
    "ImageFormat": "edgekit.spec",
    "Label": "edgekit.spec",
    "Model": "edgekit.api.model",
    "ModelSpec": "edgekit.spec",
    "Prediction": "edgekit.runtime",
    "Predictor": "edgekit.runtime",
    "benchmark": "edgekit.api.benchmarking",
    "export": "edgekit.api.exporting",
    "load": "edgekit.runtime",
    "train": "edgekit.api.training",
    "verify": "edgekit.api.verifying",
}

__all__ = [
    "EdgeKitError",
    "ImageFormat",
    "Label",
    "Model",
    "ModelSpec",
    "Prediction",
    "Predictor",
    "__version__",
    "benchmark",
    "export",
    "load",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgekit' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
