"""Changing numbers inside a ``.tflite`` without rewriting it: ranges of activations, and constants.

What has the same size is overwritten where it lies. A constant that shares its buffer with others gets
one of its own: as in :mod:`edgekit.tflite.embed`, a new root table with a longer list of buffers is
written before the old FlatBuffer.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping

from edgekit.errors import ModelFileError
from edgekit.tflite.container import open_flatbuffer
from edgekit.tflite.flatbuffer import Table
from edgekit.tflite.flatbuffer_writer import Blob, Existing, Scalar, Tables, Value, serialize
from edgekit.tflite.flatbuffer_writer import Table as NewTable
from edgekit.tflite.model import read_model
from edgekit.tflite.schema import (
    FILE_IDENTIFIER,
    SHARED_FIELDS,
    BufferField,
    ModelField,
    QuantizationField,
    SubGraphField,
    TensorField,
)

_ALIGNMENT = 16
_FLOAT32 = struct.Struct("<f")
_UINT32 = struct.Struct("<I")


def with_ranges(data: bytes, ranges: Mapping[int, tuple[float, float]], name: str = "the model") -> bytes:
    """A calibrated model whose activations have other ranges.

    Args:
        data: a ``.tflite`` whose activations hold a minimum and a maximum.
        ranges: index of a tensor of the first graph to its (minimum, maximum); a tensor that holds
            no range is left alone.
        name: for an error.

    Raises:
        ModelFileError: the model is not sound, or a range is not a pair of finite numbers.
    """
    patched = bytearray(data)
    tensors = _tensor_tables(data, name)
    for index, (low, high) in ranges.items():
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ModelFileError(f"Tensor {index} of {name} reaches values that are not finite ({low}, {high}).")
        quantization = tensors[index].table(TensorField.QUANTIZATION)
        for field, value in ((QuantizationField.MIN, low), (QuantizationField.MAX, high)):
            vector = quantization.target(field) if quantization else None
            if vector is not None and _UINT32.unpack_from(data, vector)[0] == 1:
                _FLOAT32.pack_into(patched, vector + 4, value)
    return bytes(patched)


def with_constants(data: bytes, constants: Mapping[int, bytes], name: str = "the model") -> bytes:
    """The model with other values in constant tensors of its first graph.

    Args:
        data: a ``.tflite`` without anything after its FlatBuffer.
        constants: index of a tensor to its new bytes, as many as the old ones.
        name: for an error.

    Raises:
        ModelFileError: the model is not sound, or the size of a constant differs.
    """
    model = read_model(data, name)
    users = Counter(tensor.buffer for graph in model.subgraphs for tensor in graph.tensors)
    tables = _tensor_tables(data, name)
    patched = bytearray(data)
    added: list[bytes] = []
    for index, content in constants.items():
        tensor = model.subgraphs[0].tensors[index]
        span = model.buffers[tensor.buffer]
        if len(content) != span.size:
            raise ModelFileError(f"Tensor {index} of {name} holds {span.size} bytes, not {len(content)}.")
        if users[tensor.buffer] == 1:
            patched[span.offset : span.offset + span.size] = content
            continue
        place = tables[index].place(TensorField.BUFFER)
        if place is not None:  # buffer 0, the default, is the empty one and holds no constant
            _UINT32.pack_into(patched, place, len(model.buffers) + len(added))
            added.append(content)
    return _with_buffers(bytes(patched), added, name) if added else bytes(patched)


def _with_buffers(data: bytes, added: list[bytes], name: str) -> bytes:
    root = open_flatbuffer(data, name).root()
    buffers: list[NewTable | Existing] = [Existing(position) for position in root.targets(ModelField.BUFFERS)]
    buffers += [NewTable({BufferField.DATA: Blob(content, _ALIGNMENT)}) for content in added]
    fields: dict[int, Value] = {
        field: Existing(target)
        for field in (*SHARED_FIELDS, ModelField.METADATA)
        if (target := root.target(field)) is not None
    }
    fields[ModelField.VERSION] = Scalar("I", root.uint32(ModelField.VERSION))
    fields[ModelField.BUFFERS] = Tables(tuple(buffers))
    return serialize(NewTable(fields), FILE_IDENTIFIER, _ALIGNMENT) + data


def _tensor_tables(data: bytes, name: str) -> list[Table]:
    main = next(open_flatbuffer(data, name).root().tables(ModelField.SUBGRAPHS))
    return list(main.tables(SubGraphField.TENSORS))
