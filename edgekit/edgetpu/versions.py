"""The op versions that each compiler knows.

The compiler brings a TFLite of its time along. What that TFLite does not have makes it give up
("Didn't find op for builtin opcode 'CONV_2D' version '6'"); what it has, and the compiler itself
does not know, stays on the CPU ("Operation version not supported").
"""

from __future__ import annotations

from collections.abc import Mapping

# Columns: compiler 2 (TensorFlow 2.1's kernels), 14 and 15 (2.4's), 16 (2.5's); from sources.KERNELS of those releases.
# Compiler 1 is older than 2; nobody kept its list.
_KERNELS: Mapping[str, tuple[int, int, int]] = {
    "ADD": (2, 3, 4),
    "AVERAGE_POOL_2D": (2, 3, 3),
    "CONCATENATION": (2, 3, 3),
    "CONV_2D": (3, 4, 5),
    "DEPTHWISE_CONV_2D": (3, 5, 6),
    "EXPAND_DIMS": (1, 1, 1),
    "FULLY_CONNECTED": (6, 8, 9),
    "L2_NORMALIZATION": (2, 2, 2),
    "LOGISTIC": (2, 3, 3),
    "MAXIMUM": (2, 4, 4),
    "MAX_POOL_2D": (2, 3, 3),
    "MEAN": (2, 2, 3),
    "MINIMUM": (2, 4, 4),
    "MUL": (3, 4, 4),
    "PACK": (2, 3, 3),
    "PAD": (2, 2, 3),
    "PRELU": (1, 1, 1),
    "QUANTIZE": (1, 2, 2),
    "REDUCE_MAX": (2, 2, 2),
    "REDUCE_MIN": (2, 2, 2),
    "RELU": (1, 2, 2),
    "RELU6": (2, 2, 2),
    "RELU_N1_TO_1": (1, 1, 1),
    "RESHAPE": (1, 1, 1),
    "RESIZE_BILINEAR": (2, 3, 3),
    "RESIZE_NEAREST_NEIGHBOR": (2, 3, 3),
    "RSQRT": (1, 1, 2),
    "SLICE": (3, 3, 4),
    "SOFTMAX": (2, 3, 3),
    "SPACE_TO_DEPTH": (2, 2, 2),
    "SPLIT": (3, 4, 4),
    "SQUARED_DIFFERENCE": (1, 1, 2),
    "SQUEEZE": (1, 1, 1),
    "STRIDED_SLICE": (2, 4, 4),
    "SUB": (2, 3, 5),
    "SUM": (2, 2, 2),
    "TANH": (2, 3, 3),
    "TRANSPOSE": (3, 4, 5),
    "TRANSPOSE_CONV": (1, 3, 3),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (2, 2, 2),
}

# What the compiler itself maps, where that is less. Resizing of version 3 has half-pixel centres
# (sources.RESIZE_VERSION); dense layers of version 5 keep several rows, of 6 lack the input of a bias, and of 7 and
# more are not plain int8 (sources.OP_VERSIONS).
_MAPPED: Mapping[str, tuple[int, int, int]] = {
    "FULLY_CONNECTED": (4, 4, 4),
    "RESIZE_BILINEAR": (2, 2, 3),
    "RESIZE_NEAREST_NEIGHBOR": (2, 2, 3),
}


def _column(compiler: int) -> int:
    return 2 if compiler >= 16 else 1 if compiler >= 14 else 0


def highest_mapped(op: str, compiler: int) -> int | None:
    """The highest version of an op that the compiler maps; ``None`` for an op that it does not have."""
    versions = _MAPPED.get(op) or _KERNELS.get(op)
    return versions[_column(compiler)] if versions else None


def highest_read(op: str, compiler: int) -> int | None:
    """The highest version that the compiler's own TFLite can read; above it the compiler writes nothing at all."""
    versions = _KERNELS.get(op)
    return versions[_column(compiler)] if versions else None
