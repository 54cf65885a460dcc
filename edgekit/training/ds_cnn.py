"""DS-CNN, the depthwise separable network of keyword spotting; for spectrograms and small pictures."""

from __future__ import annotations

from typing import Any

from edgekit.training.network import HeadSettings
from edgekit.training.scratch import ScratchNetwork

_FILTERS = 64
_BLOCKS = 4


def _layers(keras: Any, x: Any) -> Any:
    """A 10x4 convolution with stride 2 and four depthwise separable ones, 64 filters each, 24 thousand weights.

    The small one of Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers", 2017,
    https://arxiv.org/abs/1711.07128, as MLPerf Tiny uses it, with spectrograms of 49x10x1.
    """
    x = keras.layers.Conv2D(_FILTERS, (10, 4), strides=2, padding="same", use_bias=False, name="conv")(x)
    x = _activate(keras, x, "conv")
    for number in range(1, _BLOCKS + 1):
        name = f"block_{number}"
        x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
        x = _activate(keras, x, f"{name}_depthwise")
        x = keras.layers.Conv2D(_FILTERS, 1, use_bias=False, name=f"{name}_pointwise")(x)
        x = _activate(keras, x, f"{name}_pointwise")
    return keras.layers.GlobalAveragePooling2D(name="features")(x)


def _activate(keras: Any, x: Any, name: str) -> Any:
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.BatchNormalization(name=f"{name}_norm")(x))


DS_CNN = ScratchNetwork(
    "ds_cnn",
    _layers,
    default_size=48,
    min_size=4,
    head=HeadSettings(units=0, dropout=0.2, hidden_dropout=0.0, label_smoothing=0.0),
)
