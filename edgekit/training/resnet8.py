"""ResNet-8 of MLPerf Tiny's image classification."""

from __future__ import annotations

from typing import Any

from edgekit.training.network import HeadSettings
from edgekit.training.scratch import ScratchNetwork

_FILTERS = (16, 32, 64)


def _layers(keras: Any, x: Any) -> Any:
    """A convolution and three residual blocks (16, 32, 64 filters), 78 thousand weights.

    Banbury et al., "MLPerf Tiny Benchmark", 2021, https://arxiv.org/abs/2106.07597; there for CIFAR-10 at
    32 pixels. He et al., 2016, describe the blocks, https://arxiv.org/abs/1512.03385.
    """
    x = _convolution(keras, x, _FILTERS[0], 3, 1, "conv")
    for number, filters in enumerate(_FILTERS, start=1):
        stride, name = 1 if number == 1 else 2, f"block_{number}"
        y = _convolution(keras, x, filters, 3, stride, f"{name}_conv_1")
        y = _convolution(keras, y, filters, 3, 1, f"{name}_conv_2", activate=False)
        if stride > 1:
            x = keras.layers.Conv2D(
                filters, 1, strides=stride, padding="same", kernel_initializer="he_normal", name=f"{name}_shortcut"
            )(x)
        x = keras.layers.Add(name=f"{name}_add")([x, y])
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.layers.GlobalAveragePooling2D(name="features")(x)


def _convolution(keras: Any, x: Any, filters: int, size: int, stride: int, name: str, activate: bool = True) -> Any:
    x = keras.layers.Conv2D(
        filters, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    x = keras.layers.BatchNormalization(name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if activate else x


RESNET8 = ScratchNetwork(
    "resnet8",
    _layers,
    default_size=32,
    min_size=8,
    head=HeadSettings(units=0, dropout=0.0, hidden_dropout=0.0, label_smoothing=0.0),
)
