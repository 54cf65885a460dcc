"""Augmentation in words, for people who read a picture or a report."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.training.augmentation.settings import Augmentation

_OUTSIDE = {
    "reflect": "mirrored edges",
    "nearest": "stretched edges",
    "wrap": "edges from the other side",
}


def describe(settings: Augmentation) -> str:
    """All changes with their bounds, as one line: ``flipped left-right; turned ±15°; shifted ±10 %``."""
    return "; ".join(_changes(settings)) or "photos stay as they are"


def _changes(settings: Augmentation) -> Iterator[str]:
    if settings.horizontal_flip:
        yield "flipped left–right"
    if settings.vertical_flip:
        yield "flipped upside down"
    if settings.rotation:
        yield f"turned ±{settings.rotation:g}°"
    if settings.shift_x == settings.shift_y != 0:
        yield f"shifted {_share(settings.shift_x)}"
    elif settings.shift_x or settings.shift_y:
        yield f"shifted {_share(settings.shift_x)} sideways, {_share(settings.shift_y)} up and down"
    if settings.shear:
        yield f"sheared ±{settings.shear:g}°"
    low, high = settings.zoom_range
    if (low, high) != (1.0, 1.0):
        yield f"sections of {100 * low:g} to {100 * high:g} % of the side"
    for name in ("brightness", "contrast", "saturation"):
        if getattr(settings, name):
            yield f"{name} {_share(getattr(settings, name))}"
    if settings.hue:
        yield f"hue ±{settings.hue:g}°"
    if settings.rand_augment:
        yield f"RandAugment with {settings.rand_augment} operations of strength {settings.magnitude:g} of 10"
    if settings.mixup:
        yield f"MixUp (alpha {settings.mixup:g})"
    if settings.cutmix:
        yield f"CutMix (alpha {settings.cutmix:g})"
    if settings.moves or settings.rand_augment:
        yield _OUTSIDE.get(settings.fill_mode, f"edges filled with {settings.fill_value:g}")


def _share(share: float) -> str:
    return f"±{100 * share:g} %"
