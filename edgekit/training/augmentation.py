"""Augmentation as layers of the model: random in training, nothing at all in inference."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

AUGMENTATIONS: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = MappingProxyType(
    {
        "none": (),
        # Changes that keep what a photo shows, whatever that is.
        "light": (
            ("RandomFlip", {"mode": "horizontal"}),
            ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1, "fill_mode": "reflect"}),
            ("RandomZoom", {"height_factor": (-0.15, 0.05), "fill_mode": "reflect"}),
        ),
    }
)
"""Preset to ``keras.layers`` and their arguments, in order; pixels are 0..255 at this point."""


def augment(keras: Any, x: Any, preset: str, seed: int) -> Any:
    """Puts a preset's layers behind ``x`` (pixels 0..255), each with a seed of its own."""
    for index, (name, arguments) in enumerate(AUGMENTATIONS[preset]):
        x = getattr(keras.layers, name)(**arguments, seed=seed + index, name=f"augment_{index}_{name.lower()}")(x)
    return x
