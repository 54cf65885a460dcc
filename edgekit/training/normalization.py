"""From pixels 0..255 to the range that a network was trained on, as layers that every format has.

The three ways are those of ``keras.applications.imagenet_utils.preprocess_input``; tests compare
each with the function of its own family. They are layers, not a step before the model, so that
nobody on a device has to know them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.applications import Normalization

_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_STD = (0.229, 0.224, 0.225)
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)

FIXED_LAYER = "rgb_to_bgr_minus_mean"
"""The one layer whose weights are no weights: they are never trained."""


def normalize(keras: Any, x: Any, way: Normalization) -> Any:
    """Puts the layers of one way behind ``x`` (RGB, 0..255).

    ``tf`` gives -1..1; ``torch`` gives mean 0 and deviation 1 over ImageNet; ``caffe`` gives BGR
    minus the mean of ImageNet; ``built-in`` changes nothing, as the network begins with its own.
    """
    if way == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling")(x)
    if way == "torch":
        scale = [1 / (255 * std) for std in _TORCH_STD]
        offset = [-mean / std for mean, std in zip(_TORCH_MEAN, _TORCH_STD, strict=True)]
        return keras.layers.Rescaling(scale, offset=offset, name="rescaling")(x)
    if way == "caffe":
        # Reversing channels by slicing becomes ops that edge formats lack; a 1x1 convolution with
        # a permutation for a kernel is exact, and every converter and accelerator has it.
        layer = keras.layers.Conv2D(3, 1, trainable=False, name=FIXED_LAYER)
        x = layer(x)
        layer.set_weights([np.eye(3, dtype="float32")[::-1].reshape(1, 1, 3, 3), -np.array(_CAFFE_MEAN_BGR)])
        return x
    return x


def to_three_channels(keras: Any, x: Any) -> Any:
    """Repeats a grayscale channel for networks that were made for RGB."""
    return x if x.shape[-1] == 3 else keras.layers.Concatenate(name="gray_to_rgb")([x, x, x])
