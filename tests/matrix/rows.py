"""What the matrix consists of."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.applications import APPLICATIONS, Application

COLUMNS = ("tflite:fp32", "tflite:int8", "coreml:fp16", "tfjs:fp32", "onnx:fp32")

GIANTS = 30_000_000
"""Parameters from which a model is built at the smallest size that it takes ..."""

LARGE = 300
"""... and pixels of a side above which it is."""

SMALLEST = (
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "efficientnet_v2_b0",
    "convnext_tiny",
    "densenet121",
    "resnet50",
    "resnet50_v2",
    "vgg16",
    "nasnet_mobile",
    "xception",
    "inception_v3",
    "inception_resnet_v2",
)
"""The smallest of each family, the first to be filled in."""


@dataclass(frozen=True)
class Row:
    """One model function.

    Attributes:
        application: of ``keras.applications``.
        smallest: whether it is its family's smallest.
    """

    application: Application
    smallest: bool

    @property
    def name(self) -> str:
        """As EdgeKit calls it."""
        return self.application.name


def all_rows() -> tuple[Row, ...]:
    """Every model, the smallest of each family first."""
    rows = [Row(application, application.name in SMALLEST) for application in APPLICATIONS]
    return tuple(sorted(rows, key=lambda row: not row.smallest))
