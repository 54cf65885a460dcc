"""A network for microcontrollers: 24 thousand weights; at 96 pixels its largest feature map has 18 KB in int8."""

from __future__ import annotations

from typing import Any

from edgekit.training.network import HeadSettings
from edgekit.training.scratch import ScratchNetwork

_FILTERS = (8, 16, 32, 64)


def _layers(keras: Any, x: Any) -> Any:
    """Four 3x3 convolutions with stride 2 (8, 16, 32, 64 filters), averaged over the picture.

    Strides instead of pooling are those of "Striving for Simplicity" (Springenberg et al., 2015,
    https://arxiv.org/abs/1412.6806), averaging instead of flattening that of "Network in Network" (Lin et al.,
    2014, https://arxiv.org/abs/1312.4400): with it the number of weights does not depend on the size of the
    photo. Batch norm (Ioffe and Szegedy, 2015) folds into the convolutions at export.
    """
    layers = keras.layers
    for filters in _FILTERS:
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name=f"conv_{filters}")(x)
        x = layers.BatchNormalization(name=f"conv_{filters}_norm")(x)
        x = layers.ReLU(name=f"conv_{filters}_relu")(x)
    return layers.GlobalAveragePooling2D(name="features")(x)


TINY_CNN = ScratchNetwork(
    "tiny_cnn",
    _layers,
    default_size=96,
    min_size=2 ** len(_FILTERS),
    head=HeadSettings(units=0, dropout=0.2, hidden_dropout=0.0, label_smoothing=0.0),
)
