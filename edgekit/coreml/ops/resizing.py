"""Resizing of the last two dimensions (or, for ``resize``, of the last few)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]


@kernel("upsample_nearest_neighbor", moves=True)
def upsample_nearest_neighbor(
    x: Array, scale_factor_height: Array | float = 1, scale_factor_width: Array | float = 1
) -> Array:
    height, width = _scaled(x, scale_factor_height, scale_factor_width)
    return resize_nearest_neighbor(x, height, width)


@kernel("resize_nearest_neighbor", moves=True)
def resize_nearest_neighbor(x: Array, target_size_height: Array | int, target_size_width: Array | int) -> Array:
    for axis, count in ((-2, int(target_size_height)), (-1, int(target_size_width))):
        x = np.take(x, _nearest(x.shape[axis], count), axis=axis)
    return x


@kernel("upsample_bilinear")
def upsample_bilinear(
    x: Array,
    scale_factor_height: Array | float = 1,
    scale_factor_width: Array | float = 1,
    align_corners: Array | bool = True,
    half_pixel_centers: Array | bool | None = None,
) -> Array:
    """``half_pixel_centers`` is, where it is not given, the opposite of ``align_corners``."""
    height, width = _scaled(x, scale_factor_height, scale_factor_width)
    half = not align_corners if half_pixel_centers is None else bool(half_pixel_centers)
    mode = "ALIGN_CORNERS" if align_corners else "UNALIGN_CORNERS" if half else "DEFAULT"
    return resize_bilinear(x, height, width, mode)


@kernel("resize_bilinear")
def resize_bilinear(
    x: Array,
    target_size_height: Array | int = 1,
    target_size_width: Array | int = 1,
    sampling_mode: str = "DEFAULT",
) -> Array:
    for axis, count in ((-2, int(target_size_height)), (-1, int(target_size_width))):
        x = _interpolate(x, axis, count, sampling_mode)
    return x


def _refuse_resize(constants: Mapping[str, Any]) -> str | None:
    mode = constants.get("sampling_mode", "DEFAULT")
    if constants.get("interpolation_mode", "LINEAR") == "NEAREST_NEIGHBOR" and mode not in (
        "DEFAULT",
        "UNALIGN_CORNERS",
    ):
        return f"the nearest neighbour with the sampling mode {mode}"
    return None


@kernel("resize", refuse=_refuse_resize)
def resize(
    x: Array,
    shape: Array,
    resized_dims: Array,
    interpolation_mode: str = "LINEAR",
    sampling_mode: str = "DEFAULT",
) -> Array:
    """The last ``resized_dims`` dimensions to the last sizes in ``shape``; a size of 0 stays as it is."""
    wanted = [int(size) for size in shape][len(shape) - int(resized_dims) :]
    for axis, count in enumerate(wanted, start=x.ndim - len(wanted)):
        if not count:
            continue
        if interpolation_mode == "LINEAR":
            x = _interpolate(x, axis, count, sampling_mode)
        else:
            x = np.take(x, _nearest(x.shape[axis], count, half=sampling_mode == "UNALIGN_CORNERS"), axis=axis)
    return x


def grid(size: int, count: int, mode: str) -> Array:
    """Where ``count`` samples are taken along ``size`` places; the formulas are those of ``resize_bilinear``'s page."""
    steps = np.arange(count, dtype=np.float64)
    if mode == "UNALIGN_CORNERS":
        points = (steps + 0.5) * size / count - 0.5
    elif mode == "OFFSET_CORNERS":
        points = (steps + 0.5) * max(1, size - 1) / count
    elif mode == "DEFAULT":
        points = steps * size / count
    elif count == 1:
        points = np.full(1, 0.0 if mode == "STRICT_ALIGN_CORNERS" else (size - 1) / 2)
    else:
        points = steps * (size - 1) / (count - 1)
    return np.asarray(np.clip(points, 0, size - 1))


def _interpolate(x: Array, axis: int, count: int, mode: str) -> Array:
    size = x.shape[axis]
    points = grid(size, count, mode)
    left = np.floor(points).astype(np.intp)
    share = (points - left).astype(np.float32).reshape([-1] + [1] * (x.ndim - axis % x.ndim - 1))
    low, high = np.take(x, left, axis=axis), np.take(x, np.minimum(left + 1, size - 1), axis=axis)
    return np.asarray(low + (high - low) * share)


def _nearest(size: int, count: int, half: bool = False) -> Array:
    shift = 0.5 if half else 0.0
    return np.asarray(np.minimum(np.floor((np.arange(count) + shift) * (size / count)), size - 1), np.intp)


def _scaled(x: Array, height: Array | float, width: Array | float) -> tuple[int, int]:
    return int(np.floor(x.shape[-2] * float(height))), int(np.floor(x.shape[-1] * float(width)))
