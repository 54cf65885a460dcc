"""Input tensors to measure with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime.engines.base import STRING, TensorInfo
from edgekit.spec import ModelSpec

ANY_SIZE = 8
"""Stands for a size that may be any, a number of time steps mostly."""


def random_inputs(
    tensors: tuple[TensorInfo, ...], spec: ModelSpec | None = None, seed: int = 0
) -> dict[str, NDArray[Any]]:
    """Seeded values of the right shape and dtype for one run; 1 stands for a size that may be any.

    Photos get pixels 0..255, other tensors values of their ``value_range``. Without one, floating-point tensors get
    values 0..1, and quantized ones their whole range; other integers are mostly ids and indices, of which only 0 is
    sure to be allowed.

    Args:
        tensors: of an engine.
        spec: says which input is a photo.
        seed: of the generator.
    """
    generator = np.random.default_rng(seed)
    pixels = spec is not None and spec.image is not None
    ranges = {tensor.name: tensor.value_range for tensor in spec.inputs} if spec is not None else {}
    return {
        info.name: _values(info, generator, ranges.get(info.name), pixels and place == 0)
        for place, info in enumerate(tensors)
    }


def random_samples(
    spec: ModelSpec, count: int, seed: int = 0, ranges: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, NDArray[Any]]:
    """Seeded values for many runs, by the names of the spec's inputs, each (count, ...).

    Floating-point inputs get values of a standard normal distribution, or evenly spread over their
    ``value_range``; integers and flags whole numbers of their range, both ends included. Integers that nobody knows
    a range of are zeros: most are ids, of which only 0 is sure to be allowed. A size that may be any is
    :data:`ANY_SIZE`.

    Args:
        spec: of the model.
        count: of samples.
        seed: of the generator.
        ranges: of inputs that have none in the spec.
    """
    generator = np.random.default_rng(seed)
    samples = {}
    for tensor in spec.inputs:
        shape = (count, *(ANY_SIZE if size is None else size for size in tensor.shape[1:]))
        known = tensor.value_range or (ranges or {}).get(tensor.name)
        low, high = known or (0.0, 0.0)
        if np.dtype(tensor.dtype).kind != "f":
            samples[tensor.name] = generator.integers(int(low), int(high), shape, endpoint=True).astype(tensor.dtype)
        elif known is None:
            samples[tensor.name] = generator.standard_normal(shape).astype(tensor.dtype)
        else:
            samples[tensor.name] = generator.uniform(low, high, shape).astype(tensor.dtype)
    return samples


def random_pixels(count: int, height: int, width: int, channels: int, seed: int = 0) -> NDArray[np.uint8]:
    """Seeded images, (count, height, width, channels): noise, and in turn squares of some colours, small to large.

    Noise alone is all the same to a network that averages over the image: a MobileNetV2 0.35 trained on five kinds of
    flowers takes 64 images of it for one kind, and 64 of these for four.
    """
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, height, width, channels), np.uint8)
    for image in images[1::2]:
        side = max(1, round(max(height, width) * generator.random() ** 2))
        squares = generator.integers(0, 256, (-(-height // side), -(-width // side), channels)) - 127.5
        colours = generator.uniform(0, 255, channels) + squares * generator.random()
        large = np.clip(colours, 0, 255).astype(np.uint8).repeat(side, axis=0).repeat(side, axis=1)
        image[:] = large[:height, :width]
    return images


def _values(
    info: TensorInfo, generator: np.random.Generator, known: tuple[float, float] | None, pixels: bool
) -> NDArray[Any]:
    shape = tuple(1 if size is None else size for size in info.shape)
    if info.dtype == STRING:
        return np.full(shape, b"", dtype=object)
    dtype = np.dtype(info.dtype)
    if dtype.kind == "f":
        if pixels:
            return generator.integers(0, 256, shape).astype(dtype)
        return generator.uniform(*(known or (0.0, 1.0)), shape).astype(dtype)
    if dtype.kind in "iu" and (pixels or info.scale is not None):
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    low, high = known or (0.0, 0.0)
    return generator.integers(int(low), int(high), shape, endpoint=True).astype(dtype)
