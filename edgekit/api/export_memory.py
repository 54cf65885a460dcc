"""Whether the memory can hold a model's inputs, asked before they are made: later it is a bare failure, or a kill."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from edgekit.errors import ConversionError, UsageError
from edgekit.host import available_memory
from edgekit.measure.inputs import ANY_SIZE
from edgekit.sourcemodel.shapes import read_shapes, shown
from edgekit.spec import ModelSpec

_FLOAT = 4
"""Bytes of a number; photos are 8 bits until they go in."""

_FEWEST = 2
"""Samples to compare on, of inputs however large."""

_TIMES = 4
"""Of its size as float32 that a sample takes at least: as pixels, as numbers, and in the first layers."""

_BUDGET = 512 << 20
"""Bytes of float32 that all samples may take together: 64 photos of 800 x 800 pixels."""


def check_shapes(given: Any) -> None:
    """Refuses an ``input_shape`` that the memory cannot hold.

    Args:
        given: what :func:`edgekit.sourcemodel.shapes.read_shapes` takes.

    Raises:
        UsageError: it cannot, or this is no shape.
    """
    for name, shape in read_shapes(given).items():
        problem = _problem(shape)
        if problem:
            raise UsageError(f"--input-shape {f'{name}=' if name else ''}{shown(shape)} {problem}")


def choose_count(spec: ModelSpec, wanted: int) -> int:
    """How many samples of a model's inputs to compare on: as many as wanted, and fewer of large ones.

    Raises:
        ConversionError: the memory cannot hold even a few.
    """
    for tensor in spec.inputs:
        problem = _problem(tensor.shape)
        if problem:
            raise ConversionError(f"The input {tensor.name} of {spec.name}, {shown(tensor.shape)}, {problem}")
    each = sum(_bytes(tensor.shape) for tensor in spec.inputs)
    return max(_FEWEST, min(wanted, _BUDGET // each))


def describe_shortage(spec: ModelSpec, count: int) -> str:
    """The sentence for a model that ran out of memory on ``count`` samples."""
    inputs = " and ".join(f"{shown(tensor.shape)} ({_size(_bytes(tensor.shape))})" for tensor in spec.inputs)
    return (
        f"There is not enough memory to run {spec.name} on {count} samples of {inputs}. Choose smaller inputs, or a "
        "machine with more memory."
    )


def _problem(shape: Sequence[int | None]) -> str:
    """Why one input is too large, as the end of a sentence; empty for one that is not."""
    available, needed = available_memory(), _FEWEST * _TIMES * _bytes(shape)
    if available is None or needed <= available:
        return ""
    return (
        f"is {_size(_bytes(shape))} of float32 for each sample. Converting and comparing takes at least "
        f"{_size(needed)}, and {_size(available)} of memory are free here. Choose a smaller shape."
    )


def _bytes(shape: Sequence[int | None]) -> int:
    return _FLOAT * math.prod(ANY_SIZE if size is None else size for size in shape[1:])


def _size(number: int) -> str:
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if number >= unit:
            return f"{number / unit:,.1f} {name}"
    return f"{number:,} bytes"
