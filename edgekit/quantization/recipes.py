"""The precisions that users ask for, as data.

A name says what weights and activations are:

- ``fp32``: 32-bit floating point, both.
- ``fp16``: weights stored as 16-bit floating point; the runtime computes in 32 or 16 bits.
- ``int8``: full integer. Weights and activations are 8 bits, input and output are uint8;
  the activations' ranges come from calibration photos.
- ``int8-dynamic``: weights are 8 bits, activations stay floating point and are quantized on the
  fly where a kernel gains from it. Needs no calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Number = Literal["float32", "float16", "int8"]


@dataclass(frozen=True)
class Recipe:
    """What one precision means.

    Attributes:
        weights: how weights are stored.
        activations: how activations are stored between two ops.
        io: dtype of the model's input and output tensors.
        calibrated: whether it needs photos for the activations' ranges.
    """

    weights: Number
    activations: Literal["float32", "int8"]
    io: Literal["float32", "uint8"]
    calibrated: bool


RECIPES: dict[str, Recipe] = {
    "fp32": Recipe(weights="float32", activations="float32", io="float32", calibrated=False),
    "fp16": Recipe(weights="float16", activations="float32", io="float32", calibrated=False),
    "int8": Recipe(weights="int8", activations="int8", io="uint8", calibrated=True),
    "int8-dynamic": Recipe(weights="int8", activations="float32", io="float32", calibrated=False),
}
