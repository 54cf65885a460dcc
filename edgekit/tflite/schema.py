"""The parts of TFLite's schema that EdgeKit reads: field numbers, tensor types, enumerations.

From ``tensorflow/compiler/mlir/lite/schema/schema.fbs``; a field's number is its place in its table.
"""

from __future__ import annotations

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3


class ModelField:
    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    DESCRIPTION = 3
    BUFFERS = 4
    METADATA_BUFFER = 5
    METADATA = 6
    SIGNATURE_DEFS = 7
    EXTERNAL_BUFFER_GROUPS = 8
    EXTERNAL_BUFFERS = 9


class OperatorCodeField:
    DEPRECATED_BUILTIN_CODE = 0
    CUSTOM_CODE = 1
    VERSION = 2
    BUILTIN_CODE = 3


class SubGraphField:
    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3
    NAME = 4


class TensorField:
    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    IS_VARIABLE = 5
    SPARSITY = 6
    SHAPE_SIGNATURE = 7
    EXTERNAL_BUFFER = 10


class QuantizationField:
    MIN = 0
    MAX = 1
    SCALE = 2
    ZERO_POINT = 3
    DETAILS_TYPE = 4
    DETAILS = 5
    QUANTIZED_DIMENSION = 6


class BlockwiseField:
    BLOCK_SIZE = 2


class OperatorField:
    OPCODE_INDEX = 0
    INPUTS = 1
    OUTPUTS = 2
    BUILTIN_OPTIONS = 4
    CUSTOM_OPTIONS = 5
    BUILTIN_OPTIONS_2 = 12


class BufferField:
    DATA = 0
    OFFSET = 1
    SIZE = 2


class MetadataField:
    NAME = 0
    BUFFER = 1


class SignatureField:
    INPUTS = 0
    OUTPUTS = 1
    SIGNATURE_KEY = 2
    SUBGRAPH_INDEX = 4


class TensorMapField:
    NAME = 0
    TENSOR_INDEX = 1


class ConvolutionField:
    """Of ``Conv2DOptions`` and, but for the dilation, of ``DepthwiseConv2DOptions``."""

    PADDING = 0
    STRIDE_W = 1
    STRIDE_H = 2
    DILATION_W = 4
    DILATION_H = 5


class DepthwiseConvolutionField(ConvolutionField):
    DILATION_W = 5
    DILATION_H = 6


PADDING_SAME = 0
"""The value of ``Padding`` for zeroes around the input."""

SHARED_FIELDS = (
    ModelField.OPERATOR_CODES,
    ModelField.SUBGRAPHS,
    ModelField.DESCRIPTION,
    ModelField.METADATA_BUFFER,
    ModelField.SIGNATURE_DEFS,
    ModelField.EXTERNAL_BUFFER_GROUPS,
    ModelField.EXTERNAL_BUFFERS,
)
"""What a new root table takes over from the old one, besides buffers and metadata."""

BLOCKWISE_QUANTIZATION = 2
"""The value of ``QuantizationDetails`` for ``BlockwiseQuantization``."""

TENSOR_TYPES = (
    "float32",
    "float16",
    "int32",
    "uint8",
    "int64",
    "string",
    "bool",
    "int16",
    "complex64",
    "int8",
    "float64",
    "complex128",
    "uint64",
    "resource",
    "variant",
    "uint32",
    "uint16",
    "int4",
    "bfloat16",
    "int2",
    "uint4",
    "float8_e4m3fn",
    "float8_e5m2",
)
"""``TensorType`` by number, in NumPy's names where NumPy has the type."""

_BITS = {
    "bool": 8,
    "string": 0,  # of variable length: its buffer's size is what it takes
    "resource": 0,
    "variant": 0,
    "complex64": 64,
    "complex128": 128,
    "bfloat16": 16,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
}

FLOAT_TYPES = frozenset({"float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2"})


def bits_of(dtype: str) -> int:
    """Bits that one element takes in memory; 0 for types without a fixed size."""
    if dtype in _BITS:
        return _BITS[dtype]
    return int("".join(character for character in dtype if character.isdigit()) or 0)
