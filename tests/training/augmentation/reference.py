"""What augmentation should do, in plain NumPy and one photo at a time: written apart from the layers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Photo = NDArray[np.float64]

_PAD_MODES = {"reflect": "symmetric", "nearest": "edge", "wrap": "wrap"}


def warp(
    photo: Photo,
    source: Callable[[float, float], tuple[float, float]],
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
) -> Photo:
    """Each new pixel (x, y) read at ``source(x, y)``, both from the center, with bilinear interpolation.

    What lies outside the photo is what NumPy pads it with.
    """
    height, width, _ = photo.shape
    margin = 3 * max(height, width)
    sizes = ((margin, margin), (margin, margin), (0, 0))
    if fill_mode == "constant":
        padded = np.pad(photo, sizes, mode="constant", constant_values=fill_value)
    else:
        padded = np.pad(photo, sizes, mode=_PAD_MODES[fill_mode])  # type: ignore[call-overload]
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    new = np.empty_like(photo)
    for row in range(height):
        for column in range(width):
            x, y = source(column - center_x, row - center_y)
            x, y = x + center_x + margin, y + center_y + margin
            left, top = math.floor(x), math.floor(y)
            right_share, low_share = x - left, y - top
            upper = padded[top, left] * (1 - right_share) + padded[top, left + 1] * right_share
            lower = padded[top + 1, left] * (1 - right_share) + padded[top + 1, left + 1] * right_share
            new[row, column] = upper * (1 - low_share) + lower * low_share
    return new


def rotate(photo: Photo, degrees: float, **fill: object) -> Photo:
    """What is seen turns counter-clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # Upwards is -y: a step along the new photo's axes, turned back clockwise.
    return warp(photo, lambda x, y: (cos * x - sin * y, sin * x + cos * y), **fill)  # type: ignore[arg-type]


def shift(photo: Photo, right: float, down: float, **fill: object) -> Photo:
    """What is seen moves by pixels."""
    return warp(photo, lambda x, y: (x - right, y - down), **fill)  # type: ignore[arg-type]


def shear(photo: Photo, degrees: float, **fill: object) -> Photo:
    """Upright lines lean: what is below the center moves right."""
    slope = math.tan(math.radians(degrees))
    return warp(photo, lambda x, y: (x - slope * y, y), **fill)  # type: ignore[arg-type]


def zoom(photo: Photo, section: float, **fill: object) -> Photo:
    """A section of that share of the side fills the photo."""
    return warp(photo, lambda x, y: (section * x, section * y), **fill)  # type: ignore[arg-type]


def luma(photo: Photo) -> NDArray[np.float64]:
    """Brightness of each pixel."""
    return photo[..., 0] if photo.shape[-1] == 1 else photo @ np.array([0.299, 0.587, 0.114])


def brighten(photo: Photo, factor: float) -> Photo:
    """All values times a factor."""
    return np.clip(photo * factor, 0, 255)


def contrast(photo: Photo, factor: float) -> Photo:
    """Distances from the mean brightness times a factor."""
    middle = luma(photo).mean()
    return np.clip(middle + (photo - middle) * factor, 0, 255)


def saturate(photo: Photo, factor: float) -> Photo:
    """Distances from grey times a factor."""
    grey = luma(photo)[..., None]
    return np.clip(grey + (photo - grey) * factor, 0, 255)
