"""A small, bounds-checked reader of FlatBuffers.

The generated ``schema_py_generated`` takes 140 ms to import, reads past the end of broken files
with whatever exception comes, and Python's ``flatbuffers`` has no verifier. A device that only
wants to know a model's labels needs neither, so the base install has this reader: the standard
library's ``struct``, and one error for every offset that leads nowhere.

Two limits keep a hostile file from costing more than an honest one of its size. Offsets may point
anywhere forward, so a few bytes can name the same large vector thousands of times; in a file that
shares nothing each table takes at least eight bytes and each element is read once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NoReturn

from edgekit.errors import ModelFileError

MAX_TABLES = 1_000_000
"""The default of ``flatbuffers::Verifier``, so LiteRT itself refuses a file with more."""

_SMALLEST_TABLE = 8  # bytes: the offset that names it and the one to its vtable, which tables may share
_SHARING = 2  # how often a byte may be read as a vector's element, on average
_SLACK = 65_536  # bytes more, so that sharing in a tiny file is no error

_INT8 = struct.Struct("<b")
_UINT8 = struct.Struct("<B")
_UINT16 = struct.Struct("<H")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_UINT64 = struct.Struct("<Q")
_FLOAT32 = struct.Struct("<f")


class Flatbuffer:
    """The bytes of one FlatBuffer, its root table at the offset that the first four bytes give.

    Args:
        data: the bytes; anything after the FlatBuffer is ignored.
        subject: the beginning of an error's sentence, as in ``x.tflite is not a sound TFLite model``.
    """

    def __init__(self, data: bytes | memoryview, subject: str) -> None:
        self.data = memoryview(data).cast("B")
        self.size = len(self.data)
        self._subject = subject
        self._tables_left = min(MAX_TABLES, self.size // _SMALLEST_TABLE)
        self._bytes_left = _SHARING * self.size + _SLACK

    def root(self) -> Table:
        """The root table.

        Raises:
            ModelFileError: also from every other method here, where an offset leaves the data.
        """
        return self.table_at(self.read(_UINT32, 0))

    def table_at(self, position: int) -> Table:
        """The table at an absolute position."""
        self._tables_left -= 1
        if self._tables_left < 0:
            self.fail("it names more tables than it has room for")
        return Table(self, position)

    def read(self, kind: struct.Struct, position: int) -> int:
        if position < 0 or position + kind.size > self.size:
            self.fail(f"offset {position:,} lies outside of its {self.size:,} bytes; the file may be cut short")
        value: int = kind.unpack_from(self.data, position)[0]
        return value

    def follow(self, position: int) -> int:
        """The absolute position that the offset stored at ``position`` points to."""
        return position + self.read(_UINT32, position)

    def vector(self, position: int, item_size: int) -> tuple[int, int]:
        """The position of the first element and the number of elements of the vector at ``position``."""
        length = self.read(_UINT32, position)
        start = position + 4
        if start + length * item_size > self.size:
            self.fail(f"a list of {length:,} items at offset {position:,} does not fit; the file may be cut short")
        return start, length

    def items(self, kind: str, item_size: int, position: int) -> tuple[float, ...]:
        """All numbers of the vector at ``position``; ``kind`` is ``struct``'s letter."""
        start, length = self.vector(position, item_size)
        self._bytes_left -= length * item_size
        if self._bytes_left < 0:
            self.fail("its lists overlap")
        return struct.unpack_from(f"<{length}{kind}", self.data, start)

    def fail(self, reason: str) -> NoReturn:
        raise ModelFileError(f"{self._subject} ({reason}). Download it or export it again.")


class Table:
    """One table. A field that the file does not hold has its default: 0, ``""``, ``()`` or ``None``."""

    __slots__ = ("_buffer", "_vtable", "_vtable_size", "position")

    def __init__(self, buffer: Flatbuffer, position: int) -> None:
        self._buffer = buffer
        self.position = position
        self._vtable = position - buffer.read(_INT32, position)
        self._vtable_size = buffer.read(_UINT16, self._vtable)
        if self._vtable + self._vtable_size > buffer.size:
            buffer.fail(f"the table at offset {position:,} has no sound list of fields")

    def place(self, field: int) -> int | None:
        """Where the field's value is stored, or ``None`` where the file does not hold it."""
        entry = 4 + 2 * field
        if entry + 2 > self._vtable_size:
            return None
        offset = self._buffer.read(_UINT16, self._vtable + entry)
        return self.position + offset if offset else None

    def target(self, field: int) -> int | None:
        """The absolute position of the table, vector or string that an offset field points to."""
        place = self.place(field)
        return None if place is None else self._buffer.follow(place)

    def int8(self, field: int, default: int = 0) -> int:
        return self._scalar(_INT8, field, default)

    def uint8(self, field: int, default: int = 0) -> int:
        return self._scalar(_UINT8, field, default)

    def boolean(self, field: int, default: bool = False) -> bool:
        return bool(self._scalar(_UINT8, field, default))

    def int32(self, field: int, default: int = 0) -> int:
        return self._scalar(_INT32, field, default)

    def uint32(self, field: int, default: int = 0) -> int:
        return self._scalar(_UINT32, field, default)

    def uint64(self, field: int, default: int = 0) -> int:
        return self._scalar(_UINT64, field, default)

    def float32(self, field: int, default: float = 0.0) -> float:
        place = self.place(field)
        return default if place is None else float(self._buffer.read(_FLOAT32, place))

    def string(self, field: int) -> str:
        """Bytes that are not UTF-8 become U+FFFD: a broken name must not hide the rest of a model."""
        start, length = self.span(field)
        return bytes(self._buffer.data[start : start + length]).decode("utf-8", "replace")

    def span(self, field: int) -> tuple[int, int]:
        """Position and length of a vector of bytes, (0, 0) where it is absent."""
        target = self.target(field)
        return (0, 0) if target is None else self._buffer.vector(target, 1)

    def int32s(self, field: int) -> tuple[int, ...]:
        return tuple(int(value) for value in self._numbers(field, "i", 4))

    def int64s(self, field: int) -> tuple[int, ...]:
        return tuple(int(value) for value in self._numbers(field, "q", 8))

    def floats(self, field: int) -> tuple[float, ...]:
        return self._numbers(field, "f", 4)

    def table(self, field: int) -> Table | None:
        target = self.target(field)
        return None if target is None else self._buffer.table_at(target)

    def targets(self, field: int) -> tuple[int, ...]:
        """The absolute positions of the tables of a vector of tables."""
        vector = self.target(field)
        if vector is None:
            return ()
        offsets = self._buffer.items("I", 4, vector)
        return tuple(vector + 4 + 4 * index + int(offset) for index, offset in enumerate(offsets))

    def tables(self, field: int) -> Iterator[Table]:
        for target in self.targets(field):
            yield self._buffer.table_at(target)

    def _scalar(self, kind: struct.Struct, field: int, default: int) -> int:
        place = self.place(field)
        return default if place is None else self._buffer.read(kind, place)

    def _numbers(self, field: int, kind: str, item_size: int) -> tuple[float, ...]:
        target = self.target(field)
        return () if target is None else self._buffer.items(kind, item_size, target)
