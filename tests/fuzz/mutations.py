"""Damage to ``.tflite`` files: blind, and aimed at the fields that an interpreter relies on.

A mutant is the same at every run. What an aimed one changes is found with EdgeKit's
own reader, so that it differs from the sound file in this field alone and passes every check of form.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgekit.tflite.container import open_flatbuffer
from edgekit.tflite.flatbuffer import Flatbuffer, Table
from edgekit.tflite.schema import (
    BufferField,
    ModelField,
    OperatorCodeField,
    OperatorField,
    QuantizationField,
    SubGraphField,
    TensorField,
)

INDICES = (-2, -1, 0, 1, 2, 3, 127, 65_535, 2**31 - 1)
SIZES = (-1, 0, 1, 2, 3, 7, 1024, 65_536, 2**20, 2**30, 2**31 - 1)
LENGTHS = (0, 1, 2, 3, 5, 6, 255, 65_536)
FLOATS = (0.0, -1.0, 1e-45, 1e38, float("nan"), float("inf"))


@dataclass(frozen=True)
class Field:
    """A number in a file.

    Attributes:
        kind: what it means; a row of the table of outcomes.
        position: of its first byte.
        form: ``struct``'s letter.
        choices: values worth trying.
        count: of an index: how many things there are to name; else 0.
    """

    kind: str
    position: int
    form: str
    choices: tuple[float, ...]
    count: int = 0


def mutate(data: bytes, fields: dict[str, list[Field]], turn: int, seed: int) -> tuple[str, bytes]:
    """A mutant of a file: what kind of damage, and the damaged bytes.

    Args:
        data: a sound file.
        fields: its own, from :func:`find_fields`.
        turn: chooses the kind, one after the other.
        seed: of everything else.
    """
    generator = random.Random(seed)
    kinds = [*_BLIND, *sorted(fields)]
    kind = kinds[turn % len(kinds)]
    mutant = bytearray(data)
    if kind in _BLIND:
        return kind, _BLIND[kind](mutant, generator)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        field = generator.choice(fields[kind])
        _write(mutant, field, generator)
    return kind, bytes(mutant)


def find_fields(data: bytes) -> dict[str, list[Field]]:
    """All numbers of a sound file that aimed mutations change, by kind."""
    found: dict[str, list[Field]] = {}
    for field in _fields(open_flatbuffer(memoryview(data), "a sound file")):
        found.setdefault(field.kind, []).append(field)
    return found


def _write(mutant: bytearray, field: Field, generator: random.Random) -> None:
    limits = {"b": 2**7, "B": 2**8, "H": 2**16, "i": 2**31, "I": 2**32, "q": 2**63}
    if field.count and generator.random() < 0.6:  # a wrong one of those that exist: no check of bounds finds it
        value: float = generator.randrange(field.count)
    elif generator.random() < 0.4 and field.form != "f":  # near the sound value
        (value,) = struct.unpack_from(f"<{field.form}", mutant, field.position)
        value += generator.choice((-2, -1, 1, 2, 16))
    else:
        value = generator.choice(field.choices)
    if field.form != "f":
        value = int(value) % limits[field.form] if field.form.isupper() else _wrap(int(value), limits[field.form])
    struct.pack_into(f"<{field.form}", mutant, field.position, value)


def _wrap(value: int, limit: int) -> int:
    return (value + limit) % (2 * limit) - limit


def _fields(buffer: Flatbuffer) -> Iterator[Field]:
    root = buffer.root()
    buffers, codes = (len(root.targets(field)) for field in (ModelField.BUFFERS, ModelField.OPERATOR_CODES))
    for code in root.tables(ModelField.OPERATOR_CODES):
        yield from _at(code, OperatorCodeField.BUILTIN_CODE, "operator code", "i", tuple(range(0, 160, 7)))
        yield from _at(code, OperatorCodeField.VERSION, "operator version", "i", (0, 1, 2, 3, 5, 99, -1))
    for weights in root.tables(ModelField.BUFFERS):
        yield from _length(weights, BufferField.DATA, "length of a buffer")
    for graph in root.tables(ModelField.SUBGRAPHS):
        tensors = len(graph.targets(SubGraphField.TENSORS))
        for number in (SubGraphField.INPUTS, SubGraphField.OUTPUTS):
            yield from _vector(buffer, graph, number, "inputs and outputs of the graph", "i", INDICES, tensors)
        for tensor in graph.tables(SubGraphField.TENSORS):
            yield from _tensor(buffer, tensor, buffers)
        for operator in graph.tables(SubGraphField.OPERATORS):
            yield from _operator(buffer, operator, tensors, codes)
    yield from _offsets(buffer, root)


def _tensor(buffer: Flatbuffer, tensor: Table, buffers: int) -> Iterator[Field]:
    yield from _vector(buffer, tensor, TensorField.SHAPE, "tensor shape", "i", SIZES)
    yield from _vector(buffer, tensor, TensorField.SHAPE_SIGNATURE, "tensor shape", "i", SIZES)
    yield from _length(tensor, TensorField.SHAPE, "tensor rank")
    yield from _at(tensor, TensorField.TYPE, "tensor type", "b", tuple(range(-1, 22)))
    yield from _at(tensor, TensorField.BUFFER, "buffer index", "I", INDICES, buffers)
    yield from _at(tensor, TensorField.IS_VARIABLE, "tensor type", "B", (0, 1))
    quantization = tensor.table(TensorField.QUANTIZATION)
    if quantization is not None:
        yield from _vector(buffer, quantization, QuantizationField.SCALE, "quantization", "f", FLOATS)
        yield from _vector(buffer, quantization, QuantizationField.ZERO_POINT, "quantization", "q", INDICES)
        yield from _length(quantization, QuantizationField.SCALE, "quantization")
        yield from _length(quantization, QuantizationField.ZERO_POINT, "quantization")
        yield from _at(quantization, QuantizationField.QUANTIZED_DIMENSION, "quantization", "i", INDICES)


def _operator(buffer: Flatbuffer, operator: Table, tensors: int, codes: int) -> Iterator[Field]:
    yield from _at(operator, OperatorField.OPCODE_INDEX, "operator index", "I", INDICES, codes)
    yield from _vector(buffer, operator, OperatorField.INPUTS, "inputs of an operator", "i", INDICES, tensors)
    yield from _vector(buffer, operator, OperatorField.OUTPUTS, "outputs of an operator", "i", INDICES, tensors)
    yield from _length(operator, OperatorField.INPUTS, "count of inputs")
    options = operator.table(OperatorField.BUILTIN_OPTIONS)
    if options is not None:
        for number in range(8):
            place = options.place(number)
            if place is not None and place + 4 <= buffer.size:
                yield Field("options of an operator", place, "i", SIZES)


def _offsets(buffer: Flatbuffer, root: Table) -> Iterator[Field]:
    """Where tables and lists begin."""
    tables = [root]
    for graph in root.tables(ModelField.SUBGRAPHS):
        tables += [graph, *graph.tables(SubGraphField.TENSORS), *graph.tables(SubGraphField.OPERATORS)]
    for table in tables:
        yield Field("offset of a list of fields", table.position, "i", SIZES)
        for number in (1, 2, 3, 4):
            target, place = table.target(number), table.place(number)
            if target is not None and place is not None and target < buffer.size:
                yield Field("offset", place, "I", SIZES)


def _at(table: Table, number: int, kind: str, form: str, choices: tuple[float, ...], count: int = 0) -> Iterator[Field]:
    place = table.place(number)
    if place is not None:
        yield Field(kind, place, form, choices, count)


def _length(table: Table, number: int, kind: str) -> Iterator[Field]:
    target = table.target(number)
    if target is not None:
        yield Field(kind, target, "I", LENGTHS)


def _vector(
    buffer: Flatbuffer, table: Table, number: int, kind: str, form: str, choices: tuple[float, ...], count: int = 0
) -> Iterator[Field]:
    target = table.target(number)
    if target is not None:
        size = struct.calcsize(form)
        start, length = buffer.vector(target, size)
        for index in range(length):
            yield Field(kind, start + index * size, form, choices, count)


def _flip_bits(mutant: bytearray, generator: random.Random) -> bytes:
    for _ in range(generator.choice((1, 2, 5, 50))):
        mutant[_place(mutant, generator)] ^= 1 << generator.randrange(8)
    return bytes(mutant)


def _set_bytes(mutant: bytearray, generator: random.Random) -> bytes:
    for _ in range(generator.choice((1, 3, 10))):
        place = _place(mutant, generator)
        mutant[place : place + 4] = generator.randbytes(4)[: len(mutant) - place]
    return bytes(mutant)


def _cut(mutant: bytearray, generator: random.Random) -> bytes:
    ends = (generator.randrange(len(mutant)), len(mutant) - generator.randrange(1, 64))
    return bytes(mutant[: generator.choice(ends)])


def _clear(mutant: bytearray, generator: random.Random) -> bytes:
    place, size = _place(mutant, generator), generator.choice((8, 64, 512, 4096))
    mutant[place : place + size] = bytes(len(mutant[place : place + size]))
    return bytes(mutant)


def _exchange(mutant: bytearray, generator: random.Random) -> bytes:
    """Two aligned words of the structure change places, so that offsets and sizes point elsewhere."""
    for _ in range(generator.choice((1, 4))):
        one, other = (_place(mutant, generator) & ~3 for _ in range(2))
        mutant[one : one + 4], mutant[other : other + 4] = mutant[other : other + 4], mutant[one : one + 4]
    return bytes(mutant)


def _place(mutant: bytearray, generator: random.Random) -> int:
    """Anywhere, but mostly where the structure is: converters write it at both ends, around the weights."""
    length = len(mutant)
    start, stop = generator.choice(((0, 4096), (length - 20_000, length), (0, length)))
    return generator.randrange(max(start, 0), min(stop, length))


_BLIND: dict[str, Callable[[bytearray, random.Random], bytes]] = {
    "bits flipped": _flip_bits,
    "bytes replaced": _set_bytes,
    "cut short": _cut,
    "a block of zeros": _clear,
    "words exchanged": _exchange,
}
