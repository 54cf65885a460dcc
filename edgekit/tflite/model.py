"""Reading a ``.tflite`` file into the dataclasses of :mod:`edgekit.tflite.graph`.

:func:`read_model` reads everything but the weights, which stay where they are in the file's bytes.
It runs nothing and needs no interpreter, so it is safe for a file from anywhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from edgekit.modelfile import read_model_file
from edgekit.tflite.container import Span, open_flatbuffer
from edgekit.tflite.flatbuffer import Flatbuffer, Table
from edgekit.tflite.graph import Operator, Quantization, Signature, Subgraph, Tensor, TFLiteModel
from edgekit.tflite.ops import op_name
from edgekit.tflite.schema import (
    BLOCKWISE_QUANTIZATION,
    TENSOR_TYPES,
    BlockwiseField,
    BufferField,
    MetadataField,
    ModelField,
    OperatorCodeField,
    OperatorField,
    QuantizationField,
    SignatureField,
    SubGraphField,
    TensorField,
    TensorMapField,
)

__all__ = ["Operator", "Quantization", "Signature", "Subgraph", "TFLiteModel", "Tensor", "read_model"]

_T = TypeVar("_T")

MAX_RANK = 64
"""NumPy's limit (``NPY_MAXDIMS``): a tensor with more dimensions could not be given to anybody."""


def read_model(source: str | os.PathLike[str] | bytes | memoryview, name: str | None = None) -> TFLiteModel:
    """Reads a ``.tflite`` file.

    Args:
        source: its path, or its bytes.
        name: what to call it in an error; by default the path.

    Raises:
        ModelFileError: missing, unreadable, or not a sound TFLite model; the sentence says why.
    """
    if isinstance(source, bytes | memoryview):
        data, name = memoryview(source).cast("B"), name or "the model"
    else:
        name = name or os.fspath(source)
        data = memoryview(read_model_file(Path(source)))
    return _Reader(open_flatbuffer(data, name), name).read()


class _Reader:
    """Turns the root table into dataclasses; every index is checked here, so that users need not."""

    def __init__(self, flatbuffer: Flatbuffer, name: str) -> None:
        self._flatbuffer = flatbuffer
        self._name = name
        self._root = flatbuffer.root()
        self._buffers = tuple(self._read_buffer(table) for table in self._root.tables(ModelField.BUFFERS))
        self._codes = tuple(_read_code(table) for table in self._root.tables(ModelField.OPERATOR_CODES))

    def read(self) -> TFLiteModel:
        root = self._root
        subgraphs = tuple(self._read_subgraph(table) for table in root.tables(ModelField.SUBGRAPHS))
        if not subgraphs:
            self._flatbuffer.fail("it holds no graph")
        return TFLiteModel(
            name=self._name,
            version=root.uint32(ModelField.VERSION),
            description=root.string(ModelField.DESCRIPTION),
            subgraphs=subgraphs,
            signatures=tuple(
                self._read_signature(table, subgraphs) for table in root.tables(ModelField.SIGNATURE_DEFS)
            ),
            buffers=self._buffers,
            metadata=self._read_metadata(),
            data=self._flatbuffer.data,
        )

    def _read_buffer(self, table: Table) -> Span:
        start, length = table.span(BufferField.DATA)
        # Models above 2 GB keep weights behind the FlatBuffer; offsets 0 and 1 mean "not used".
        offset, size = table.uint64(BufferField.OFFSET), table.uint64(BufferField.SIZE)
        if offset <= 1:
            return Span(start, length)
        if offset + size > self._flatbuffer.size:
            self._flatbuffer.fail(f"a buffer at offset {offset:,} does not fit; the file may be cut short")
        return Span(offset, size)

    def _read_metadata(self) -> dict[str, memoryview]:
        found: dict[str, memoryview] = {}
        for table in self._root.tables(ModelField.METADATA):
            span = self._item(self._buffers, table.uint32(MetadataField.BUFFER), "buffer")
            data = self._flatbuffer.data[span.offset : span.offset + span.size]
            found.setdefault(table.string(MetadataField.NAME), data)
        return found

    def _read_subgraph(self, table: Table) -> Subgraph:
        tensors = tuple(
            self._read_tensor(index, tensor) for index, tensor in enumerate(table.tables(SubGraphField.TENSORS))
        )
        operators = tuple(
            self._read_operator(index, operator, len(tensors))
            for index, operator in enumerate(table.tables(SubGraphField.OPERATORS))
        )
        return Subgraph(
            name=table.string(SubGraphField.NAME),
            tensors=tensors,
            operators=operators,
            inputs=self._tensor_indices(table.int32s(SubGraphField.INPUTS), len(tensors), 0),
            outputs=self._tensor_indices(table.int32s(SubGraphField.OUTPUTS), len(tensors), 0),
        )

    def _read_tensor(self, index: int, table: Table) -> Tensor:
        shape = table.int32s(TensorField.SHAPE)
        signature = table.int32s(TensorField.SHAPE_SIGNATURE)
        if len(shape) > MAX_RANK or min(shape, default=0) < -1:
            self._flatbuffer.fail(f"tensor {index} has an impossible shape")
        if len(signature) != len(shape):
            signature = shape
        buffer = table.uint32(TensorField.BUFFER)
        return Tensor(
            index=index,
            name=table.string(TensorField.NAME),
            shape=shape,
            shape_signature=signature,
            dtype=self._item(TENSOR_TYPES, table.int8(TensorField.TYPE), "tensor type"),
            quantization=_read_quantization(table.table(TensorField.QUANTIZATION)),
            buffer=buffer,
            stored_bytes=self._item(self._buffers, buffer, "buffer").size,
            is_variable=table.boolean(TensorField.IS_VARIABLE),
            is_external=table.uint32(TensorField.EXTERNAL_BUFFER) > 0,
        )

    def _read_operator(self, index: int, table: Table, tensors: int) -> Operator:
        code, custom_code, version = self._item(self._codes, table.uint32(OperatorField.OPCODE_INDEX), "operator code")
        options = table.target(OperatorField.BUILTIN_OPTIONS)
        return Operator(
            index=index,
            name=op_name(code, custom_code),
            code=code,
            custom_code=custom_code,
            version=version,
            inputs=self._tensor_indices(table.int32s(OperatorField.INPUTS), tensors, -1),
            outputs=self._tensor_indices(table.int32s(OperatorField.OUTPUTS), tensors, 0),
            options_position=table.target(OperatorField.BUILTIN_OPTIONS_2) if options is None else options,
            custom_options=Span(*table.span(OperatorField.CUSTOM_OPTIONS)),
        )

    def _read_signature(self, table: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
        index = table.uint32(SignatureField.SUBGRAPH_INDEX)
        tensors = self._item(subgraphs, index, "graph").tensors
        return Signature(
            key=table.string(SignatureField.SIGNATURE_KEY),
            subgraph=index,
            inputs=self._read_names(table, SignatureField.INPUTS, tensors),
            outputs=self._read_names(table, SignatureField.OUTPUTS, tensors),
        )

    def _read_names(self, table: Table, number: int, tensors: tuple[Tensor, ...]) -> dict[str, int]:
        return {
            entry.string(TensorMapField.NAME): self._item(
                tensors, entry.uint32(TensorMapField.TENSOR_INDEX), "tensor"
            ).index
            for entry in table.tables(number)
        }

    def _tensor_indices(self, indices: tuple[int, ...], count: int, lowest: int) -> tuple[int, ...]:
        if indices and not lowest <= min(indices) <= max(indices) < count:
            self._flatbuffer.fail("an operator or a graph names a tensor that is not there")
        return indices

    def _item(self, items: tuple[_T, ...], index: int, what: str) -> _T:
        if not 0 <= index < len(items):
            self._flatbuffer.fail(f"it names {what} {index}, which is not there")
        return items[index]


def _read_code(table: Table) -> tuple[int, str, int]:
    # The newer field holds codes above 127; an older converter wrote only the older one.
    code = max(
        table.int8(OperatorCodeField.DEPRECATED_BUILTIN_CODE),
        table.int32(OperatorCodeField.BUILTIN_CODE),
    )
    return code, table.string(OperatorCodeField.CUSTOM_CODE), table.int32(OperatorCodeField.VERSION, 1)


def _read_quantization(table: Table | None) -> Quantization | None:
    if table is None:
        return None
    block_size = 0
    if table.uint8(QuantizationField.DETAILS_TYPE) == BLOCKWISE_QUANTIZATION:
        details = table.table(QuantizationField.DETAILS)
        block_size = details.int32(BlockwiseField.BLOCK_SIZE) if details else 0
    scales = table.floats(QuantizationField.SCALE)
    if not scales and not block_size:
        return None
    return Quantization(
        scales=scales,
        zero_points=table.int64s(QuantizationField.ZERO_POINT),
        axis=table.int32(QuantizationField.QUANTIZED_DIMENSION),
        block_size=block_size,
    )
