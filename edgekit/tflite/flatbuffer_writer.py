"""A small writer of FlatBuffers, front to back.

Values are a tree of the dataclasses below; :func:`serialize` lays them out so that every offset
points forward. Unlike ``flatbuffers.Builder`` it can point into bytes that follow (:class:`Existing`),
which is what adding to a model without rewriting its weights needs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scalar:
    """A number; ``kind`` is ``struct``'s letter."""

    kind: str
    value: float


@dataclass(frozen=True)
class String:
    """A string, written as UTF-8 with a closing zero byte."""

    text: str


@dataclass(frozen=True)
class Floats:
    """A vector of float32."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Integers:
    """A vector of integers; ``kind`` is ``struct``'s letter: ``i`` for int32, ``q`` for int64."""

    values: tuple[int, ...]
    kind: str = "i"


@dataclass(frozen=True)
class Blob:
    """A vector of bytes whose first element is aligned to ``alignment`` bytes."""

    data: bytes
    alignment: int = 4


@dataclass(frozen=True)
class Tables:
    """A vector of tables."""

    items: tuple[Table | Existing, ...]


@dataclass(frozen=True)
class Existing:
    """Something that is written already: its position in the bytes that will follow."""

    position: int


@dataclass(frozen=True)
class Table:
    """A table: field number to value. Absent fields take the schema's default."""

    fields: Mapping[int, Value] = field(default_factory=dict)


Value = Scalar | String | Floats | Integers | Blob | Tables | Table | Existing

_HEADER = 8  # the root's offset and the file identifier


def serialize(root: Table, identifier: bytes, alignment: int = 16) -> bytes:
    """The bytes of a FlatBuffer.

    Args:
        root: its root table.
        identifier: the four bytes that tell the format.
        alignment: the length of the result is a multiple of it, so that bytes which follow stay
            aligned. Offsets to :class:`Existing` count from there.
    """
    writer = _Writer()
    writer.out += struct.pack("<I4s", 0, identifier)
    writer.point(0, root)
    writer.pad(alignment)
    for place, position in writer.existing:
        writer.patch(place, len(writer.out) + position)
    return bytes(writer.out)


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray()
        self.existing: list[tuple[int, int]] = []

    def point(self, place: int, value: Value) -> None:
        """Writes ``value`` at the end and its offset at ``place``."""
        if isinstance(value, Existing):
            self.existing.append((place, value.position))
            return
        if isinstance(value, Table):
            start = self._table(value)
        elif isinstance(value, Tables):
            start = self._tables(value)
        else:
            start = self._leaf(value)
        self.patch(place, start)

    def patch(self, place: int, target: int) -> None:
        struct.pack_into("<I", self.out, place, target - place)

    def pad(self, alignment: int, before: int = 0) -> None:
        """Zeroes until what comes ``before`` bytes later is aligned."""
        self.out += bytes(-(len(self.out) + before) % alignment)

    def _table(self, table: Table) -> int:
        # Widest fields first after the four bytes of the vtable's offset, each naturally aligned.
        widths = {number: _width(value) for number, value in table.fields.items()}
        order = sorted(widths, key=lambda number: (-widths[number], number))
        offsets: dict[int, int] = {}
        size = 4
        for number in order:
            size += -size % widths[number]
            offsets[number] = size
            size += widths[number]
        count = max(widths, default=-1) + 1
        vtable = struct.pack(f"<{count + 2}H", 4 + 2 * count, size, *(offsets.get(n, 0) for n in range(count)))
        self.pad(8, before=len(vtable))
        self.out += vtable
        start = len(self.out)
        self.out += struct.pack("<i", len(vtable)) + bytes(size - 4)
        for number, value in table.fields.items():
            place = start + offsets[number]
            if isinstance(value, Scalar):
                struct.pack_into(f"<{value.kind}", self.out, place, value.value)
            else:
                self.point(place, value)
        return start

    def _tables(self, tables: Tables) -> int:
        self.pad(4)
        start = len(self.out)
        self.out += struct.pack("<I", len(tables.items)) + bytes(4 * len(tables.items))
        for index, item in enumerate(tables.items):
            self.point(start + 4 + 4 * index, item)
        return start

    def _leaf(self, value: String | Floats | Integers | Blob | Scalar) -> int:
        if isinstance(value, Scalar):
            raise TypeError("A number is stored in its table and has no offset.")
        self.pad(_alignment(value), before=4)
        start = len(self.out)
        if isinstance(value, String):
            text = value.text.encode("utf-8")
            self.out += struct.pack("<I", len(text)) + text + b"\0"
        elif isinstance(value, Floats):
            self.out += struct.pack(f"<I{len(value.values)}f", len(value.values), *value.values)
        elif isinstance(value, Integers):
            self.out += struct.pack(f"<I{len(value.values)}{value.kind}", len(value.values), *value.values)
        else:
            self.out += struct.pack("<I", len(value.data)) + value.data
        return start


def _alignment(value: String | Floats | Integers | Blob) -> int:
    """Of a vector's first element, in bytes."""
    if isinstance(value, Integers):
        return struct.calcsize(f"<{value.kind}")
    return value.alignment if isinstance(value, Blob) else 4


def _width(value: Value) -> int:
    return struct.calcsize(f"<{value.kind}") if isinstance(value, Scalar) else 4
