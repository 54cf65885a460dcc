from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import ModelFileError
from edgekit.tflite.flatbuffer import Flatbuffer
from edgekit.tflite.flatbuffer_writer import (
    Blob,
    Existing,
    Floats,
    Scalar,
    String,
    Table,
    Tables,
    Value,
    serialize,
)

SUBJECT = "x.bin is not sound"


def read(data: bytes) -> Flatbuffer:
    return Flatbuffer(data, SUBJECT)


def test_every_kind_of_field_comes_back() -> None:
    child = Table({0: String("Grüße")})
    fields: dict[int, Value] = {
        0: Scalar("b", -3),
        1: Scalar("I", 4_000_000_000),
        2: Scalar("Q", 2**60),
        3: String("name"),
        5: Floats((0.5, -1.0)),
        6: Blob(b"abc", 16),
        7: child,
        8: Tables((child, Table())),
        9: Scalar("f", 0.25),
        10: Scalar("B", 200),
    }
    table = read(serialize(Table(fields), b"TEST")).root()
    assert (table.int8(0), table.uint32(1), table.uint64(2)) == (-3, 4_000_000_000, 2**60)
    assert (table.string(3), table.floats(5), table.float32(9), table.uint8(10)) == ("name", (0.5, -1.0), 0.25, 200)
    nested = table.table(7)
    assert nested is not None
    assert nested.string(0) == "Grüße"
    assert [item.string(0) for item in table.tables(8)] == ["Grüße", ""]
    start, length = table.span(6)
    assert (start % 16, length) == (0, 3)


def test_absent_fields_have_defaults() -> None:
    table = read(serialize(Table({1: Scalar("i", 7)}), b"TEST")).root()
    assert (table.int32(0), table.int32(1), table.int32(2, 5), table.int32(99)) == (0, 7, 5, 0)
    assert (table.string(0), table.table(0), table.span(0), table.int32s(0)) == ("", None, (0, 0), ())
    assert list(table.tables(0)) == []
    assert not table.boolean(0)


def test_google_s_reader_agrees_with_the_writer() -> None:
    flatbuffers = pytest.importorskip("flatbuffers")
    data = serialize(Table({0: Scalar("h", -2), 2: String("text"), 3: Blob(b"123")}), b"TEST")
    assert data[4:8] == b"TEST"
    assert flatbuffers.util.BufferHasIdentifier(data, 0, b"TEST")
    root = flatbuffers.table.Table(data, struct.unpack_from("<I", data)[0])
    number = root.Get(flatbuffers.number_types.Int16Flags, root.Offset(4) + root.Pos)
    assert number == -2
    assert root.Offset(6) == 0
    assert root.String(root.Offset(8) + root.Pos) == b"text"
    assert root.VectorLen(root.Offset(10)) == 3


def test_the_writer_can_point_into_bytes_that_follow() -> None:
    behind = serialize(Table({0: String("old")}), b"OLD_")
    root = struct.unpack_from("<I", behind)[0]
    data = serialize(Table({4: Existing(root), 5: Tables((Existing(root),))}), b"TEST") + behind
    table = read(data).root()
    found = table.table(4)
    assert found is not None
    assert found.string(0) == "old"
    assert [item.string(0) for item in table.tables(5)] == ["old"]


@pytest.mark.parametrize("alignment", [1, 4, 16])
def test_the_length_is_a_multiple_of_the_alignment(alignment: int) -> None:
    assert len(serialize(Table({0: String("abcde")}), b"TEST", alignment)) % alignment == 0


def test_a_cut_is_refused_wherever_it_is() -> None:
    data = serialize(Table({0: String("some text"), 1: Floats((1.0, 2.0)), 2: Tables((Table(),))}), b"TEST", 1)

    def read_all(part: bytes) -> None:
        table = read(part).root()
        table.string(0)
        table.floats(1)
        list(table.tables(2))

    read_all(data)
    refused = 0
    for length in range(len(data)):
        try:
            read_all(data[:length])
        except ModelFileError as error:
            refused += 1
            assert str(error).startswith(SUBJECT)  # noqa: PT017 (counts, and some cuts lose nothing)
    assert refused >= len(data) - 8


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        table = read(data).root()
        for field in range(6):
            table.string(field)
            table.int64s(field)
            for item in table.tables(field):
                item.floats(0)
    except ModelFileError:
        pass


def test_a_list_as_long_as_the_address_space_is_refused() -> None:
    data = bytearray(serialize(Table({0: Floats((1.0,))}), b"TEST"))
    at = read(bytes(data)).root().target(0)
    assert at is not None
    struct.pack_into("<I", data, at, 0xFFFF_FFFF)
    with pytest.raises(ModelFileError, match="4,294,967,295 items"):
        read(bytes(data)).root().floats(0)


def test_one_table_named_many_times_is_refused() -> None:
    """A few kilobytes must not unfold into millions of tables."""
    behind = serialize(Table(), b"OLD_")
    root = struct.unpack_from("<I", behind)[0]
    data = serialize(Table({0: Tables((Existing(root),) * 5000)}), b"TEST") + behind
    with pytest.raises(ModelFileError, match="more tables than it has room for"):
        list(read(data).root().tables(0))


def test_one_list_read_many_times_is_refused() -> None:
    table = read(serialize(Table({0: Floats((1.0,) * 50_000)}), b"TEST")).root()
    assert table.floats(0) == table.floats(0)
    with pytest.raises(ModelFileError, match="its lists overlap"):
        [table.floats(0) for _ in range(4)]
