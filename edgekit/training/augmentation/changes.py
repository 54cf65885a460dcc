"""From random numbers to what becomes of each photo. Imported only after Keras."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from edgekit.training.augmentation.colors import Colors
from edgekit.training.augmentation.geometry import Sampling
from edgekit.training.augmentation.rand_augment import Operation, plan_filters
from edgekit.training.augmentation.settings import Augmentation

Tensor = Any

DRAWS: tuple[str, ...] = (
    "horizontal_flip",
    "vertical_flip",
    "rotation",
    "shift_x",
    "shift_y",
    "shear",
    "zoom",
    "brightness",
    "contrast",
    "saturation",
    "hue",
)
"""One random number each for every photo, whether it is used or not; then two for each operation of RandAugment."""


def plan_changes(settings: Augmentation, pixels: Tensor, numbers: Tensor) -> dict[str, Any]:
    """What becomes of each photo.

    Args:
        settings: the largest changes.
        pixels: (n, height, width, channels) float32, 0..255.
        numbers: (n, len(DRAWS) + 2 * rand_augment) float32 of 0..1, in the order of :data:`DRAWS`: 0.5 is the
            middle between the two bounds, which for all but flips and zoom is no change; photos are flipped below 0.5.

    Returns:
        The arguments of the functions that do it; each is missing where its step would do nothing. ``colors``: of
        ``recolor``; ``filters``: of ``filter_pixels``; ``sampling``: of ``resample``.
    """
    drawn = {name: numbers[:, index] for index, name in enumerate(DRAWS)}
    operations = [
        Operation.draw(numbers[:, index : index + 2], settings.magnitude)
        for index in range(len(DRAWS), len(DRAWS) + 2 * settings.rand_augment, 2)
    ]
    changes: dict[str, Any] = {}
    if settings.recolors or operations:
        colors = _plan_colors(settings, pixels, drawn, operations)
        changes["colors"] = colors.matrix, colors.offset
    if operations:
        changes["filters"] = plan_filters(operations)
    if settings.moves or operations:
        _, height, width, _ = pixels.shape
        changes["sampling"] = _plan_moves(settings, width, height, drawn, operations).table(ops.shape(pixels)[0])
    return changes


def _plan_moves(
    settings: Augmentation, width: int, height: int, drawn: dict[str, Tensor], operations: list[Operation]
) -> Sampling:
    """All changes of place as one map. It leads from the new photo back to the old one: the last change comes first."""
    sampling = Sampling()
    for operation in reversed(operations):
        sampling = operation.move(sampling, width, height)
    if settings.shift_x or settings.shift_y:
        sampling = sampling.shift(
            _either_side(drawn["shift_x"], settings.shift_x * width),
            _either_side(drawn["shift_y"], settings.shift_y * height),
        )
    if settings.rotation:
        sampling = sampling.rotate(_either_side(drawn["rotation"], settings.rotation))
    if settings.shear:
        sampling = sampling.shear_x(ops.tan(_either_side(drawn["shear"], settings.shear * math.pi / 180)))
    if settings.zoom_range != (1.0, 1.0):
        low, high = settings.zoom_range
        zoom = low + drawn["zoom"] * (high - low)
        sampling = sampling.scale(zoom, zoom)
    if settings.horizontal_flip or settings.vertical_flip:
        sampling = sampling.scale(
            _flip(drawn["horizontal_flip"], settings.horizontal_flip),
            _flip(drawn["vertical_flip"], settings.vertical_flip),
        )
    return sampling


def _plan_colors(
    settings: Augmentation, pixels: Tensor, drawn: dict[str, Tensor], operations: list[Operation]
) -> Colors:
    """All linear changes of color as one."""
    colors = Colors.of(pixels)
    if settings.brightness:
        colors = colors.brighten(1 + _either_side(drawn["brightness"], settings.brightness))
    if settings.contrast:
        colors = colors.contrast(1 + _either_side(drawn["contrast"], settings.contrast))
    if settings.saturation:
        colors = colors.saturate(1 + _either_side(drawn["saturation"], settings.saturation))
    if settings.hue:
        colors = colors.turn_hue(_either_side(drawn["hue"], settings.hue))
    if operations:
        low, high = ops.min(pixels, axis=(1, 2, 3)), ops.max(pixels, axis=(1, 2, 3))
        for operation in operations:
            colors = operation.recolor(colors, low, high)
    return colors


def _either_side(number: Tensor, most: float) -> Tensor:
    """0..1 as -most..most."""
    return (2 * number - 1) * most


def _flip(number: Tensor, wanted: bool) -> Tensor:
    return ops.where(number < 0.5, -1.0, 1.0) if wanted else 1.0
