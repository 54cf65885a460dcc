"""What is changed at random, and by how much. Decisions only; Keras is not imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from edgekit.arguments import check_kind
from edgekit.errors import UsageError
from edgekit.training.checks import check_choice, check_integer, is_number

FillMode = Literal["reflect", "constant", "nearest", "wrap"]

FILL_MODES: tuple[FillMode, ...] = get_args(FillMode)

MAX_OPERATIONS = 8
"""Of RandAugment at once; the paper uses 1 to 3."""


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training photos; each value is the largest change, and 0 is none.

    All values are drawn anew for every photo (MixUp and CutMix: for every photo of a batch), evenly
    between the two bounds. The order is flips, zoom, shear, rotation, shift, then colors, then RandAugment.

    Attributes:
        horizontal_flip: left and right swapped in half of the photos.
        vertical_flip: top and bottom swapped in half of the photos.
        rotation: degrees to either side around the center, 0 to 180.
        shift_x: share of the width to either side, 0 to 1.
        shift_y: share of the height up or down, 0 to 1.
        shear: degrees by which upright lines lean to either side, 0 to 60.
        zoom: side of the section that is shown as a share of the photo's side, ``(low, high)``, each 0.1 to
            10: 0.8 comes nearer, 1.2 goes farther away. One number z below 1 means ``(1 - z, 1 + z)``.
        brightness: share by which all values grow or shrink, 0 to 1.
        contrast: share by which the distance from the photo's mean grows or shrinks, 0 to 1.
        saturation: share by which the distance from grey grows or shrinks, 0 to 1; greyscale stays as it is.
        hue: degrees on the color wheel to either side, 0 to 180; greyscale stays as it is.
        fill_mode: what comes from outside the photo: ``reflect`` (its mirror image), ``nearest`` (its edge),
            ``wrap`` (its other side) or ``constant`` (``fill_value``).
        fill_value: 0 (black) to 255 (white), for ``constant``.
        rand_augment: RandAugment's number of operations for each photo, 0 to 8.
        magnitude: their strength, 0 to 10.
        mixup: alpha of the Beta distribution for MixUp, 0 (off) to 10; 0.2 is usual.
        cutmix: alpha of the Beta distribution for CutMix, 0 (off) to 10; 1 is usual. With both, each batch
            gets one of the two at random.

    Raises:
        UsageError: a value has the wrong type or is out of range.
    """

    horizontal_flip: bool = False
    vertical_flip: bool = False
    rotation: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    shear: float = 0.0
    zoom: float | tuple[float, float] = (1.0, 1.0)
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    fill_mode: FillMode = "reflect"
    fill_value: float = 0.0
    rand_augment: int = 0
    magnitude: float = 5.0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        check_kind(self.horizontal_flip, "horizontal_flip", bool, "True or False")
        check_kind(self.vertical_flip, "vertical_flip", bool, "True or False")
        for name, (unit, high) in _UNITS.items():
            _check_range(name, getattr(self, name), unit, high)
        object.__setattr__(self, "zoom", _zoom_range(self.zoom))
        check_choice(self.fill_mode, "fill_mode", FILL_MODES)
        check_integer(self.rand_augment, "rand_augment", 0, MAX_OPERATIONS)

    @property
    def zoom_range(self) -> tuple[float, float]:
        """:attr:`zoom` as ``(low, high)``."""
        return _zoom_range(self.zoom)

    @property
    def moves(self) -> bool:
        """Whether pixels change their place, RandAugment aside."""
        flips = self.horizontal_flip or self.vertical_flip
        return bool(flips or self.rotation or self.shift_x or self.shift_y or self.shear or self.zoom != (1.0, 1.0))

    @property
    def recolors(self) -> bool:
        """Whether pixels change their values, RandAugment aside."""
        return bool(self.brightness or self.contrast or self.saturation or self.hue)

    @property
    def mixes(self) -> bool:
        """Whether photos are mixed with others of the batch, and their labels, too."""
        return bool(self.mixup or self.cutmix)

    @property
    def is_none(self) -> bool:
        """Whether nothing is changed."""
        return not (self.moves or self.recolors or self.rand_augment or self.mixes)


_UNITS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "rotation": ("degrees", 180),
        "shift_x": ("a share of the width", 1),
        "shift_y": ("a share of the height", 1),
        "shear": ("degrees", 60),
        "brightness": ("a share", 1),
        "contrast": ("a share", 1),
        "saturation": ("a share", 1),
        "hue": ("degrees", 180),
        "fill_value": ("a pixel's value", 255),
        "magnitude": ("a strength", 10),
        "mixup": ("the alpha of a Beta distribution", 10),
        "cutmix": ("the alpha of a Beta distribution", 10),
    }
)
"""Field to its unit in words and its largest value; the smallest is 0."""

_ZOOM_LIMITS = 0.1, 10.0


def _check_range(name: str, value: object, unit: str, high: float) -> None:
    if not is_number(value) or not 0 <= value <= high:  # type: ignore[operator]
        raise UsageError(f"The augmentation's {name} is {unit}, 0 to {high:g}. Got: {value!r}.")


def _zoom_range(zoom: object) -> tuple[float, float]:
    if is_number(zoom) and 0 <= zoom < 1:  # type: ignore[operator]
        return _zoom_range((1 - zoom, 1 + zoom))  # type: ignore[operator]
    least, most = _ZOOM_LIMITS
    if isinstance(zoom, tuple | list) and len(zoom) == 2 and all(is_number(factor) for factor in zoom):
        low, high = float(zoom[0]), float(zoom[1])
        if least <= low <= high <= most:
            return low, high
    raise UsageError(
        f"The augmentation's zoom is a low and a high factor, {least:g} to {most:g} (0.8..1.2), or one number below 1 "
        f"(0.2 means the same). Got: {zoom!r}."
    )


FIELDS: tuple[str, ...] = tuple(field.name for field in dataclasses.fields(Augmentation))

PRESETS: Mapping[str, Augmentation] = MappingProxyType(
    {
        "none": Augmentation(),
        # Changes that keep what a photo shows, whatever that is.
        "light": Augmentation(horizontal_flip=True, shift_x=0.1, shift_y=0.1, zoom=(0.85, 1.05)),
        # As different as two photos that people take of the same thing.
        "standard": Augmentation(
            horizontal_flip=True,
            rotation=15,
            shift_x=0.1,
            shift_y=0.1,
            shear=5,
            zoom=(0.75, 1.05),
            brightness=0.2,
            contrast=0.2,
            saturation=0.2,
        ),
        # For many epochs and large networks: small ones do not gain from labels that are mixed.
        "strong": Augmentation(
            horizontal_flip=True,
            shift_x=0.1,
            shift_y=0.1,
            zoom=(0.6, 1.1),
            rand_augment=2,
            magnitude=5,
            mixup=0.2,
            cutmix=1.0,
        ),
    }
)
"""Name to settings, from nothing to much."""
