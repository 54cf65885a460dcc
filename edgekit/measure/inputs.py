"""Input tensors to measure with."""

from __future__ import annotations

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

    Photos get pixels 0..255, other floating-point tensors values 0..1, quantized ones their whole range.
    Other integers are mostly ids and indices, of which only 0 is sure to be allowed.

    Args:
        tensors: of an engine.
        spec: says which input is a photo.
        seed: of the generator.
    """
    generator = np.random.default_rng(seed)
    pixels = spec is not None and spec.image is not None
    return {info.name: _values(info, generator, pixels and place == 0) for place, info in enumerate(tensors)}


def random_samples(spec: ModelSpec, count: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Seeded values for many runs, by the names of the spec's inputs, each (count, ...).

    Floating-point inputs get values of a standard normal distribution, or evenly spread over their
    ``value_range``; integers, mostly ids of which only 0 is sure to be allowed, zeros or their range. A
    size that may be any is :data:`ANY_SIZE`.
    """
    generator = np.random.default_rng(seed)
    samples = {}
    for tensor in spec.inputs:
        shape = (count, *(ANY_SIZE if size is None else size for size in tensor.shape[1:]))
        low, high = tensor.value_range or (0.0, 0.0)
        if np.dtype(tensor.dtype).kind != "f":
            samples[tensor.name] = generator.integers(int(low), int(high), shape, endpoint=True).astype(tensor.dtype)
        elif tensor.value_range is None:
            samples[tensor.name] = generator.standard_normal(shape).astype(tensor.dtype)
        else:
            samples[tensor.name] = generator.uniform(low, high, shape).astype(tensor.dtype)
    return samples


def _values(info: TensorInfo, generator: np.random.Generator, pixels: bool) -> NDArray[Any]:
    shape = tuple(1 if size is None else size for size in info.shape)
    if info.dtype == STRING:
        return np.full(shape, b"", dtype=object)
    dtype = np.dtype(info.dtype)
    if dtype.kind == "f":
        if pixels:
            return generator.integers(0, 256, shape).astype(dtype)
        return generator.random(shape).astype(dtype)
    if dtype.kind in "iu" and (pixels or info.scale is not None):
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return np.zeros(shape, dtype)
