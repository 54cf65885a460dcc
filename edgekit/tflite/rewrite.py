"""Replacing operators of a ``.tflite`` model's first graph, without rewriting the rest.

As in :mod:`edgekit.tflite.embed`, new tables are written before the old FlatBuffer and point into it: the old
weights stay where they are, aligned as they were. What is no longer used is left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgekit.tflite.container import open_flatbuffer
from edgekit.tflite.flatbuffer import Table
from edgekit.tflite.flatbuffer_writer import Blob, Existing, Floats, Integers, Scalar, String, Tables, Value, serialize
from edgekit.tflite.flatbuffer_writer import Table as NewTable
from edgekit.tflite.model import Operator, Quantization, Tensor, TFLiteModel
from edgekit.tflite.operator_codes import OperatorCodes
from edgekit.tflite.schema import (
    FILE_IDENTIFIER,
    SHARED_FIELDS,
    TENSOR_TYPES,
    BufferField,
    MetadataField,
    ModelField,
    OperatorField,
    QuantizationField,
    SubGraphField,
    TensorField,
)

_ALIGNMENT = 16
_OPTIONS_TYPE = 3
"""``builtin_options_type`` of ``Operator``: which table its options are."""

_RUNTIME = "min_runtime_version"
"""Metadata: the oldest TensorFlow whose runtime has all operators, no longer true where they are others."""


@dataclass(frozen=True)
class Options:
    """An operator's options.

    Attributes:
        type: number of the table in the schema's ``BuiltinOptions``; 0 for none.
        table: a new one, or where the one lies that another operator has.
    """

    type: int = 0
    table: NewTable | Existing | None = None


@dataclass(frozen=True)
class NewOperator:
    """An operator to be written.

    Attributes:
        name: as in ``CONV_2D``.
        version: of the operator.
        inputs: indices of tensors; those of new ones from :meth:`Rewriting.add_tensor`.
        outputs: likewise.
        options: its own.
    """

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options = Options()


@dataclass
class Rewriting:
    """What is to be changed in a model's first graph.

    Attributes:
        model: read from the bytes of a FlatBuffer without anything behind it.
    """

    model: TFLiteModel
    _tensors: list[NewTable] = field(default_factory=list)
    _buffers: list[NewTable] = field(default_factory=list)
    _replaced: dict[int, Sequence[NewOperator]] = field(default_factory=dict)

    def add_tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str,
        quantization: Quantization | None = None,
        content: bytes | None = None,
        buffer: int | None = None,
    ) -> int:
        """A new tensor's index.

        Args:
            name: for people.
            shape: all sizes known.
            dtype: one of :data:`~edgekit.tflite.schema.TENSOR_TYPES`.
            quantization: of integers that stand for real numbers.
            content: of a constant.
            buffer: the old one whose content it has, instead.
        """
        fields: dict[int, Value] = {
            TensorField.SHAPE: Integers(shape),
            TensorField.TYPE: Scalar("b", TENSOR_TYPES.index(dtype)),
            TensorField.NAME: String(name),
        }
        if buffer is not None:
            fields[TensorField.BUFFER] = Scalar("I", buffer)
        elif content is not None:
            fields[TensorField.BUFFER] = Scalar("I", len(self.model.buffers) + len(self._buffers))
            self._buffers.append(NewTable({BufferField.DATA: Blob(content, _ALIGNMENT)}))
        if quantization is not None:
            fields[TensorField.QUANTIZATION] = NewTable(
                {
                    QuantizationField.SCALE: Floats(quantization.scales),
                    QuantizationField.ZERO_POINT: Integers(quantization.zero_points, "q"),
                    QuantizationField.QUANTIZED_DIMENSION: Scalar("i", quantization.axis),
                }
            )
        self._tensors.append(NewTable(fields))
        return len(self.model.subgraphs[0].tensors) + len(self._tensors) - 1

    def like(self, tensor: Tensor, suffix: str, shape: tuple[int, ...] | None = None) -> int:
        """A new computed tensor's index: with the dtype, quantization and, unless another is given, shape of one."""
        return self.add_tensor(f"{tensor.name}{suffix}", shape or tensor.shape, tensor.dtype, tensor.quantization)

    def replace(self, operator: Operator, by: Sequence[NewOperator]) -> None:
        """Puts others in an operator's place, in the order of execution."""
        self._replaced[operator.index] = by

    def options_of(self, operator: Operator) -> Options:
        """An operator's own options, for another."""
        if operator.options_position is None:
            return Options()
        table = self._operator_tables()[operator.index]
        return Options(table.uint8(_OPTIONS_TYPE), Existing(operator.options_position))

    def apply(self) -> bytes:
        """The model with the changes; its own bytes where there are none."""
        data = bytes(self.model.data)
        if not self._replaced:
            return data
        root = open_flatbuffer(data, self.model.name).root()
        codes = OperatorCodes(root.tables(ModelField.OPERATOR_CODES))
        operators = self._written_operators(codes)
        kept = (*SHARED_FIELDS, ModelField.BUFFERS)
        fields: dict[int, Value] = {number: Existing(at) for number in kept if (at := root.target(number)) is not None}
        fields[ModelField.VERSION] = Scalar("I", root.uint32(ModelField.VERSION))
        fields[ModelField.OPERATOR_CODES] = Tables(tuple(codes.tables()))
        fields[ModelField.SUBGRAPHS] = self._written_graphs(operators)
        if self._buffers:
            old = [Existing(position) for position in root.targets(ModelField.BUFFERS)]
            fields[ModelField.BUFFERS] = Tables((*old, *self._buffers))
        metadata = tuple(
            Existing(table.position)
            for table in root.tables(ModelField.METADATA)
            if table.string(MetadataField.NAME) != _RUNTIME
        )
        if metadata:
            fields[ModelField.METADATA] = Tables(metadata)
        return serialize(NewTable(fields), FILE_IDENTIFIER, _ALIGNMENT) + data

    def _operator_tables(self) -> list[Table]:
        main = next(open_flatbuffer(self.model.data, self.model.name).root().tables(ModelField.SUBGRAPHS))
        return list(main.tables(SubGraphField.OPERATORS))

    def _written_operators(self, codes: OperatorCodes) -> Tables:
        tables: list[NewTable | Existing] = []
        for operator, table in zip(self.model.subgraphs[0].operators, self._operator_tables(), strict=True):
            if operator.index not in self._replaced:
                codes.use(table.uint32(OperatorField.OPCODE_INDEX))
                tables.append(Existing(table.position))
            tables += [_operator(new, codes) for new in self._replaced.get(operator.index, ())]
        for graph in list(open_flatbuffer(self.model.data, self.model.name).root().tables(ModelField.SUBGRAPHS))[1:]:
            for table in graph.tables(SubGraphField.OPERATORS):
                codes.use(table.uint32(OperatorField.OPCODE_INDEX))
        return Tables(tuple(tables))

    def _written_graphs(self, operators: Tables) -> Tables:
        root = open_flatbuffer(self.model.data, self.model.name).root()
        main, *others = root.tables(ModelField.SUBGRAPHS)
        same = (SubGraphField.INPUTS, SubGraphField.OUTPUTS, SubGraphField.NAME)
        fields: dict[int, Value] = {number: Existing(at) for number in same if (at := main.target(number)) is not None}
        old = [Existing(position) for position in main.targets(SubGraphField.TENSORS)]
        fields[SubGraphField.TENSORS] = Tables((*old, *self._tensors))
        fields[SubGraphField.OPERATORS] = operators
        return Tables((NewTable(fields), *(Existing(graph.position) for graph in others)))


def _operator(new: NewOperator, codes: OperatorCodes) -> NewTable:
    fields: dict[int, Value] = {
        OperatorField.OPCODE_INDEX: Scalar("I", codes.add(new.name, new.version)),
        OperatorField.INPUTS: Integers(new.inputs),
        OperatorField.OUTPUTS: Integers(new.outputs),
    }
    if new.options.table is not None:
        fields[_OPTIONS_TYPE] = Scalar("B", new.options.type)
        fields[OperatorField.BUILTIN_OPTIONS] = new.options.table
    return NewTable(fields)
