"""The parts of a ``.tflite`` model, as plain frozen dataclasses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgekit.tflite.container import NOWHERE, Span, open_flatbuffer
from edgekit.tflite.flatbuffer import Table
from edgekit.tflite.ops import FLEX_PREFIX
from edgekit.tflite.schema import bits_of


@dataclass(frozen=True)
class Quantization:
    """How integers stand for real numbers: ``real = scale * (integer - zero_point)``.

    Attributes:
        scales: one for the tensor, or one for each slice along ``axis``; empty for blockwise
            quantization, whose scales are a tensor of their own.
        zero_points: as many as ``scales``, or one for all.
        axis: the dimension of per-channel scales.
        block_size: elements that share a scale in blockwise quantization, else 0.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0
    block_size: int = 0

    @property
    def kind(self) -> str:
        """``per-tensor``, ``per-channel`` or ``blockwise``."""
        if self.block_size:
            return "blockwise"
        return "per-channel" if len(self.scales) > 1 else "per-tensor"


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph.

    Attributes:
        index: its place in the subgraph.
        name: may be empty; need not be unique.
        shape: as stored; a dimension of unknown size is 1 (-1 in some files).
        shape_signature: the shape with -1 for unknown sizes; equal to ``shape`` where all are known.
        dtype: ``float32``, ``int8``, ... (see ``schema.TENSOR_TYPES``).
        quantization: ``None`` for a tensor that is not quantized.
        buffer: the index of its buffer.
        stored_bytes: bytes of constant data in the file; 0 for a tensor that is computed.
        is_variable: it keeps its value from one call to the next.
        is_external: its data lie in another file.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    dtype: str
    quantization: Quantization | None
    buffer: int
    stored_bytes: int
    is_variable: bool = False
    is_external: bool = False

    @property
    def elements(self) -> int:
        """The number of elements, an unknown dimension counted as 1."""
        return math.prod(abs(size) for size in self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes in memory, packed for types of less than 8 bits; 0 for strings and resources."""
        return (self.elements * bits_of(self.dtype) + 7) // 8

    @property
    def is_constant(self) -> bool:
        return self.stored_bytes > 0 or self.is_external


@dataclass(frozen=True)
class Operator:
    """One operator of a subgraph.

    Attributes:
        index: its place in the order of execution.
        name: ``CONV_2D``; ``CUSTOM:name`` for a custom op.
        code: the number of the built-in operator.
        custom_code: the name of a custom op, else empty.
        version: of the operator, 1 at least in sound files.
        inputs: indices of tensors, -1 where an optional input is absent.
        outputs: indices of tensors.
        options_position: where its table of options lies; read it with :meth:`TFLiteModel.options`.
        custom_options: where a custom op's own options lie.
    """

    index: int
    name: str
    code: int
    custom_code: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_position: int | None = None
    custom_options: Span = NOWHERE

    @property
    def is_custom(self) -> bool:
        return bool(self.name.startswith("CUSTOM:"))

    @property
    def is_flex(self) -> bool:
        """Whether it is a TensorFlow kernel, which needs the Flex delegate."""
        return self.is_custom and self.custom_code.startswith(FLEX_PREFIX)


@dataclass(frozen=True)
class Subgraph:
    """One graph; the first is the one that runs, others are bodies of loops and branches or other signatures."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A named entry point: names to indices of the subgraph's tensors."""

    key: str
    subgraph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True)
class TFLiteModel:
    """A ``.tflite`` file.

    Attributes:
        name: the file's name, for messages.
        version: of the schema; 3 in every file that LiteRT takes.
        description: the converter's, as in ``MLIR Converted.``
        subgraphs: at least one.
        signatures: may be empty.
        buffers: where the bytes of weights and metadata lie; size 0 for a tensor that is computed.
        metadata: name to bytes, as views of the file.
        data: the whole file, an appended zip included.
    """

    name: str
    version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    buffers: tuple[Span, ...]
    metadata: Mapping[str, memoryview]
    data: memoryview = field(repr=False)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The first subgraph's inputs."""
        main = self.subgraphs[0]
        return tuple(main.tensors[index] for index in main.inputs)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The first subgraph's outputs."""
        main = self.subgraphs[0]
        return tuple(main.tensors[index] for index in main.outputs)

    def buffer(self, index: int) -> memoryview:
        """The bytes of one buffer, as a view of the file."""
        span = self.buffers[index]
        return self.data[span.offset : span.offset + span.size]

    def options(self, operator: Operator) -> Table | None:
        """The operator's table of options; field numbers are those of TFLite's schema.

        Raises:
            ModelFileError: the table is broken; also from reading its fields.
        """
        if operator.options_position is None:
            return None
        return open_flatbuffer(self.data, self.name).table_at(operator.options_position)
