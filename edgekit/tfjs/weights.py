"""How TF.js stores weights: dtypes, quantization, bytes.

Formulas: ``tensorflowjs/quantization.py`` and ``write_weights.py`` of TensorFlow.js 4.22; the reader's
side is ``decodeWeight`` in ``tfjs-core/src/io/io_utils.ts``. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Stored = Literal["float16", "uint8", "uint16"]

DTYPE_BYTES = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8}
"""Of an element, ``DTYPE_VALUE_SIZE_MAP`` in ``tfjs-core/src/io/types.ts``; strings have any length."""

STRING = "string"

STORED_BYTES = {"float16": 2, "uint8": 1, "uint16": 2}

LENGTH_BYTES = 4
"""Before each string: its length."""


@dataclass(frozen=True)
class Quantization:
    """How a weight's stored values become real ones: ``stored * scale + minimum``.

    Attributes:
        dtype: of the stored values; float16 has neither scale nor minimum.
        scale: above 0.
        minimum: the real value of a stored 0.
    """

    dtype: Stored
    scale: float = 1.0
    minimum: float = 0.0


@dataclass(frozen=True)
class WeightEntry:
    """What the manifest says about a weight.

    Attributes:
        name: of its ``Const`` node.
        shape: dimensions.
        dtype: ``float32``, ``int32``, ``bool``, ``complex64`` or ``string``: what the graph computes with.
        quantization: ``None`` where the values are stored as they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None

    @property
    def elements(self) -> int:
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def stored_bytes(self) -> int | None:
        """Bytes in the file; ``None`` for strings, which tell only in the file itself."""
        if self.quantization is not None:
            return self.elements * STORED_BYTES[self.quantization.dtype]
        return None if self.dtype == STRING else self.elements * DTYPE_BYTES[self.dtype]


def quantize(values: NDArray[Any], dtype: Stored) -> tuple[NDArray[Any], Quantization]:
    """The stored values of float32 weights.

    Zero is one of the values that can be told exactly, wherever it lies between the smallest and the
    largest: padding and cut-off weights stay what they are.

    Args:
        values: finite float32.
        dtype: to store them in.
    """
    if dtype == "float16":
        return values.astype(np.float16), Quantization(dtype)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.zeros(values.shape, dtype), Quantization(dtype, 1.0, low)
    largest = int(np.iinfo(dtype).max)
    scale = (high - low) / largest
    if low <= 0.0 <= high:
        low = -round(-low / scale) * scale
        high = largest * scale + low
    steps = np.round((np.clip(values.astype(np.float64), low, high) - low) / scale)
    return steps.astype(dtype), Quantization(dtype, scale, low)


def dequantize(stored: NDArray[Any], entry: WeightEntry) -> NDArray[Any]:
    """The weights that a runtime computes with."""
    if entry.quantization is None:
        return stored
    if entry.quantization.dtype == "float16":
        return stored.astype(np.float32)
    real = stored.astype(np.float64) * entry.quantization.scale + entry.quantization.minimum
    return np.round(real).astype(np.int32) if entry.dtype == "int32" else real.astype(np.float32)


def to_bytes(values: NDArray[Any]) -> bytes:
    """The bytes of stored values, strings with their lengths."""
    if values.dtype.kind in "SUO":
        texts = [text if isinstance(text, bytes) else str(text).encode() for text in values.ravel().tolist()]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()


def from_bytes(data: memoryview, entry: WeightEntry) -> NDArray[Any]:
    """The stored values in the bytes of one weight, which :func:`spans` cut out."""
    if entry.dtype == STRING:
        texts = np.empty(entry.elements, object)
        position = 0
        for index in range(entry.elements):
            (length,) = struct.unpack_from("<I", data, position)
            position += LENGTH_BYTES + length
            texts[index] = bytes(data[position - length : position])
        return texts.reshape(entry.shape)
    kind = entry.dtype if entry.quantization is None else entry.quantization.dtype
    return np.frombuffer(data, np.dtype(kind).newbyteorder("<")).reshape(entry.shape)


def spans(entries: tuple[WeightEntry, ...], data: memoryview) -> Iterator[tuple[WeightEntry, memoryview]]:
    """Cuts the bytes of a group into its weights, one after the other.

    Raises:
        ValueError: there are too few bytes.
    """
    position = 0
    for entry in entries:
        size = entry.stored_bytes
        end = position + (_string_bytes(data, position, entry.elements) if size is None else size)
        if end > len(data):
            raise ValueError(f"the weight {entry.name!r} goes on behind the end")
        yield entry, data[position:end]
        position = end


def _string_bytes(data: memoryview, start: int, count: int) -> int:
    position = start
    for _ in range(count):
        if position + LENGTH_BYTES > len(data):
            return len(data) + 1 - start
        position += LENGTH_BYTES + struct.unpack_from("<I", data, position)[0]
    return position - start
