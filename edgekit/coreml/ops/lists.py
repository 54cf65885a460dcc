"""Lists of tensors, which loops read from and write to (TensorFlow's ``TensorList``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.elementwise import DTYPES
from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]

_MAX_LENGTH = 1 << 20
"""Elements of a list: a million time steps."""


@dataclass(frozen=True)
class TensorList:
    """A list; each operator makes a new one.

    Attributes:
        elements: arrays of one shape, ``None`` where nothing was written yet.
        shape: of an element that was not written, 1 where the file does not say.
        dtype: likewise.
        dynamic: grows when it is written behind its end.
    """

    elements: tuple[Array | None, ...]
    shape: tuple[int, ...]
    dtype: type[np.generic]
    dynamic: bool

    def read(self, index: int) -> Array:
        """An element; zeros where nothing was written."""
        element = self.elements[_place(index, len(self.elements))]
        return np.zeros(self.shape, self.dtype) if element is None else element

    def write(self, changes: dict[int, Array]) -> TensorList:
        """The list with these elements changed."""
        elements = list(self.elements)
        highest = max(changes, default=-1)
        if self.dynamic and len(elements) <= highest < _MAX_LENGTH:
            elements.extend([None] * (highest + 1 - len(elements)))
        for index, value in changes.items():
            elements[_place(index, len(elements))] = value
        return replace(self, elements=tuple(elements))


@kernel("make_list", moves=True)
def make_list(
    elem_shape: tuple[Any, ...] = (),
    init_length: Array | int = 1,
    dynamic_length: Array | bool = True,
    dtype: str = "fp32",
) -> TensorList:
    """A size that is a name instead of a number is known only at run time."""
    length = int(init_length)
    if not 0 <= length <= _MAX_LENGTH:
        raise ValueError(f"a list of {length} elements")
    shape = tuple(1 if isinstance(size, str) else int(size) for size in elem_shape)
    return TensorList((None,) * length, shape, DTYPES[dtype], bool(dynamic_length))


@kernel("list_length", moves=True)
def list_length(ls: TensorList) -> Array:
    return np.asarray(len(ls.elements), np.int32)


@kernel("list_read", moves=True)
def list_read(ls: TensorList, index: Array) -> Array:
    return ls.read(int(np.asarray(index).item()))


@kernel("list_write", moves=True)
def list_write(ls: TensorList, index: Array, value: Array) -> TensorList:
    return ls.write({int(np.asarray(index).item()): value})


@kernel("list_gather", moves=True)
def list_gather(ls: TensorList, indices: Array) -> Array:
    return np.stack([ls.read(int(index)) for index in np.asarray(indices).ravel()])


@kernel("list_scatter", moves=True)
def list_scatter(ls: TensorList, indices: Array, value: Array) -> TensorList:
    return ls.write({int(index): row for index, row in zip(np.asarray(indices).ravel(), value, strict=True)})


def _place(index: int, length: int) -> int:
    if not 0 <= index < length:
        raise IndexError(f"element {index} of a list of {length}")
    return index
