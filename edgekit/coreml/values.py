"""The values that travel through a MIL program, and what the file says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.elementwise import DTYPES

_HALF = "fp16"

_OTHERS: dict[str, type[np.generic]] = {
    "int64": np.int64,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "int4": np.int8,
    **dict.fromkeys(("uint1", "uint2", "uint3", "uint4", "uint6"), np.uint8),
}
"""Types of constants that no operator computes with."""


@dataclass(frozen=True)
class Result:
    """A value's place and type.

    Attributes:
        slot: where it is kept.
        shape: its sizes, ``None`` where they are known only at run time; ``None`` as a whole for lists
            and for what is no tensor.
        dtype: NumPy's; ``None`` for what is no tensor.
        half: the file says float16: values are held as float32 and rounded.
    """

    slot: int
    shape: tuple[int | None, ...] | None
    dtype: type[np.generic] | None
    half: bool = False

    def settle(self, value: Any, rounded: bool = False) -> Any:
        """A kernel's answer as the file types it.

        Args:
            value: the answer.
            rounded: float16 values need no rounding, because they were only moved.

        Raises:
            ValueError: it has another shape than the file says.
        """
        if self.dtype is None or self.shape is None:
            return value
        array = np.asarray(value)
        if array.dtype != self.dtype:
            array = array.astype(self.dtype)
        if self.half and not rounded:
            array = to_half(array)
        if len(array.shape) != len(self.shape) or any(
            size is not None and size != got for size, got in zip(self.shape, array.shape, strict=True)
        ):
            raise ValueError(f"it answers the shape {array.shape}, but the file says {self.shape}")
        return array


def describe(slot: int, var: Any) -> Result:
    """What coremltools knows of a ``Var``."""
    from coremltools.converters.mil.mil import types

    kind = var.sym_type
    if types.is_list(kind) or types.is_dict(kind) or types.is_str(kind) or types.is_state(kind):
        return Result(slot, None, None)
    name = types.builtin_to_string(var.dtype)
    shape = tuple(int(size) if isinstance(size, int | np.integer) else None for size in var.shape)
    return Result(slot, shape, _dtype(name), name == _HALF)


def as_constant(var: Any) -> Any:
    """The value of a ``const``: an array, a text, or a list of texts or numbers."""
    value = var.val
    if isinstance(value, str | list):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "US":
        return array.item() if array.ndim == 0 else array.tolist()
    result = describe(0, var)
    return array if result.dtype is None else array.astype(result.dtype)


def to_half(values: NDArray[Any]) -> NDArray[np.float32]:
    """Rounds to float16 (half to even, infinite beyond 65,504), held as float32."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


def _dtype(name: str) -> type[np.generic]:
    """NumPy's for MIL's name; integers of fewer than 8 bits lie in bytes."""
    if name in DTYPES:
        return DTYPES[name]
    if name in _OTHERS:
        return _OTHERS[name]
    raise NotImplementedError(f"tensors of {name}")
