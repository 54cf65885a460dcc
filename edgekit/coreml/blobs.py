"""The file of weights in a Core ML package: where each tensor lies, and whether it lies inside.

coremltools' reader trusts the offsets that a model gives it. The format is ``StorageFormat.hpp`` of
coremltools (``mlmodel/src/MILBlob/Blob``): a header of 64 bytes (number of tensors, version), then for
each tensor, aligned to 64 bytes, 64 bytes that describe it and its data. Little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_SENTINEL = 0xDEADBEEF
_VERSIONS = (1, 2)
_HEADER = struct.Struct("<II")
_DESCRIPTION = struct.Struct("<IIQQ")
_ALIGNMENT = 64

_BITS = {
    1: ("float16", 16),
    2: ("float32", 32),
    3: ("uint8", 8),
    4: ("int8", 8),
    5: ("bfloat16", 16),
    6: ("int16", 16),
    7: ("uint16", 16),
    8: ("int4", 4),
    9: ("uint1", 1),
    10: ("uint2", 2),
    11: ("uint4", 4),
    12: ("uint3", 3),
    13: ("uint6", 6),
    14: ("int32", 32),
    15: ("uint32", 32),
}
"""``BlobDataType.hpp`` beside it: code to name and bits."""


@dataclass(frozen=True)
class Blob:
    """One tensor in the file.

    Attributes:
        dtype: as in ``float16`` or ``uint4``.
        bits: of one element.
        size_bytes: of the data; elements of less than 8 bits are packed.
    """

    dtype: str
    bits: int
    size_bytes: int

    def holds(self, elements: int) -> bool:
        """Whether this many elements, and no more than the padding of one byte, are in it."""
        return self.size_bytes == (elements * self.bits + 7) // 8


class BlobFile:
    """A file of weights, of which only the descriptions are read."""

    def __init__(self, path: Path) -> None:
        """Reads the header.

        Raises:
            ValueError: it is no such file; the message ends a sentence.
            OSError: it cannot be read.
        """
        self._path = path
        self._size = path.stat().st_size
        head = self._read(0, _HEADER.size)
        if len(head) < _HEADER.size or _HEADER.unpack(head)[1] not in _VERSIONS:
            raise ValueError("is no file of weights")

    def find(self, offset: int) -> Blob:
        """The tensor whose description lies at ``offset``.

        Raises:
            ValueError: there is none, or its data do not lie in the file.
        """
        if offset < _ALIGNMENT or offset % _ALIGNMENT or offset + _ALIGNMENT > self._size:
            raise ValueError(f"has {self._size:,} bytes, and the model asks for a tensor at {offset:,}")
        sentinel, code, size, start = _DESCRIPTION.unpack(self._read(offset, _DESCRIPTION.size))
        if sentinel != _SENTINEL or code not in _BITS:
            raise ValueError(f"has no tensor at {offset:,}")
        if start < offset + _ALIGNMENT or start % _ALIGNMENT or start + size > self._size:
            raise ValueError(f"has {self._size:,} bytes, too few for the tensor at {offset:,}")
        dtype, bits = _BITS[code]
        return Blob(dtype, bits, size)

    def _read(self, offset: int, size: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
