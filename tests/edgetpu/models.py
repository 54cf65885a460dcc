"""Small ``.tflite`` files, written field by field, so that each breaks one rule and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgekit.tflite.flatbuffer_writer import Blob, Floats, Integers, Scalar, String, Table, Tables, Value, serialize
from edgekit.tflite.ops import BUILTIN_NAMES, CUSTOM
from edgekit.tflite.schema import (
    FILE_IDENTIFIER,
    TENSOR_TYPES,
    BufferField,
    ModelField,
    OperatorCodeField,
    OperatorField,
    QuantizationField,
    SubGraphField,
    TensorField,
)


@dataclass(frozen=True)
class T:
    """A tensor: 8-bit and quantized unless said otherwise, constant where it has data."""

    shape: tuple[int, ...]
    dtype: str = "int8"
    data: bytes = b""
    scales: tuple[float, ...] = (0.5,)
    zero_point: int = 0
    signature: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Op:
    """An operator; ``options`` are fields of its table of options."""

    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    version: int = 1
    options: Mapping[int, Value] = field(default_factory=dict)


def ints(*values: int) -> T:
    """A constant list of int32: axes, paddings, a shape."""
    data = b"".join(value.to_bytes(4, "little", signed=True) for value in values)
    return T((len(values),), "int32", data, scales=())


def weights(*shape: int, scales: int = 1) -> T:
    """Constant int8 weights, not zero."""
    size = 1
    for length in shape:
        size *= length
    return T(shape, data=b"\x01" * size, scales=(0.1,) * scales)


def bias(length: int) -> T:
    return T((length,), "int32", b"\x02\0\0\0" * length, scales=(0.05,))


def build(tensors: Sequence[T], ops: Sequence[Op], inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
    """The file's bytes."""
    buffers = [Table({})]
    tables = []
    for index, tensor in enumerate(tensors):
        buffers.append(Table({BufferField.DATA: Blob(tensor.data)} if tensor.data else {}))
        fields: dict[int, Value] = {
            TensorField.SHAPE: Integers(tensor.shape),
            TensorField.TYPE: Scalar("b", TENSOR_TYPES.index(tensor.dtype)),
            TensorField.BUFFER: Scalar("I", index + 1),
            TensorField.NAME: String(f"t{index}"),
        }
        if tensor.scales and tensor.dtype != "float32":
            fields[TensorField.QUANTIZATION] = Table(
                {
                    QuantizationField.SCALE: Floats(tensor.scales),
                    QuantizationField.ZERO_POINT: Integers((tensor.zero_point,) * len(tensor.scales), "q"),
                }
            )
        if tensor.signature is not None:
            fields[TensorField.SHAPE_SIGNATURE] = Integers(tensor.signature)
        tables.append(Table(fields))
    codes = tuple(_code(op) for op in ops)
    graph = Table(
        {
            SubGraphField.TENSORS: Tables(tuple(tables)),
            SubGraphField.INPUTS: Integers(tuple(inputs)),
            SubGraphField.OUTPUTS: Integers(tuple(outputs)),
            SubGraphField.OPERATORS: Tables(tuple(_operator(index, op) for index, op in enumerate(ops))),
        }
    )
    root = Table(
        {
            ModelField.VERSION: Scalar("I", 3),
            ModelField.OPERATOR_CODES: Tables(codes),
            ModelField.SUBGRAPHS: Tables((graph,)),
            ModelField.BUFFERS: Tables(tuple(buffers)),
        }
    )
    return serialize(root, FILE_IDENTIFIER)


def _code(op: Op) -> Table:
    custom = op.name.removeprefix("CUSTOM:") if op.name.startswith("CUSTOM:") else ""
    code = CUSTOM if custom else BUILTIN_NAMES.index(op.name)
    fields: dict[int, Value] = {
        OperatorCodeField.DEPRECATED_BUILTIN_CODE: Scalar("b", min(code, 127)),
        OperatorCodeField.BUILTIN_CODE: Scalar("i", code),
        OperatorCodeField.VERSION: Scalar("i", op.version),
    }
    if custom:
        fields[OperatorCodeField.CUSTOM_CODE] = String(custom)
    return Table(fields)


def _operator(index: int, op: Op) -> Table:
    return Table(
        {
            OperatorField.OPCODE_INDEX: Scalar("I", index),
            OperatorField.INPUTS: Integers(tuple(op.inputs)),
            OperatorField.OUTPUTS: Integers(tuple(op.outputs)),
            OperatorField.BUILTIN_OPTIONS: Table(dict(op.options)),
        }
    )
