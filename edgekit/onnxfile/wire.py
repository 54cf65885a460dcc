"""The protobuf wire format, as far as reading an ONNX file needs it.

Written here because a device has onnxruntime, and neither onnx nor protobuf; and because whatever is in
the bytes, the answer is a field or an error. Format: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator

Value = int | memoryview

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10


class WireError(ValueError):
    """The bytes are no protobuf message."""


def read_fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """The fields of a message in order: number, and an integer or the bytes of what is longer.

    Raises:
        WireError: the bytes are no message, or end too early.
    """
    position, end = 0, len(message)
    while position < end:
        tag, position = _read_varint(message, position)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError("a field has the number 0")
        value: Value
        if kind == _VARINT:
            value, position = _read_varint(message, position)
        elif kind in _FIXED_SIZES or kind == _BYTES:
            if kind == _BYTES:
                size, position = _read_varint(message, position)
            else:
                size = _FIXED_SIZES[kind]
            if size > end - position:
                raise WireError("a field is longer than the file")
            value, position = message[position : position + size], position + size
        else:
            raise WireError(f"a field has the unknown kind {kind}")
        yield number, value


def as_bytes(value: Value) -> memoryview:
    """A field that must be bytes, a text or a message.

    Raises:
        WireError: it is a number.
    """
    if isinstance(value, int):
        raise WireError("a number stands where bytes belong")
    return value


def as_int(value: Value) -> int:
    """A field that must be an integer (int64: two's complement).

    Raises:
        WireError: it is something else.
    """
    if not isinstance(value, int):
        raise WireError("bytes stand where a number belongs")
    return value - (1 << 64) if value >> 63 else value


def as_text(value: Value) -> str:
    """A field that must be a text.

    Raises:
        WireError: it is something else, or not UTF-8.
    """
    try:
        return str(as_bytes(value), "utf-8")
    except UnicodeDecodeError:
        raise WireError("a text is not UTF-8") from None


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + index + 1
    raise WireError(
        "a number does not end" if len(message) - position >= _LONGEST_VARINT else "the file ends too early"
    )
