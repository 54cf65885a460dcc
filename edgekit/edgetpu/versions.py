"""The op versions that each compiler knows.

The compiler brings a TFLite of its time along. What that TFLite does not have makes it give up
("Didn't find op for builtin opcode 'CONV_2D' version '6'"); what it has, and the compiler itself
does not know, stays on the CPU ("Operation version not supported").
"""

from __future__ import annotations

from collections.abc import Mapping

CUSTOM_PREFIX = "CUSTOM:"

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

# The ops that the chip does not have, in the same columns; 0 where that TFLite lacks the op. From sources.RUNTIMES, up
# to 2.2, 2.4 and 2.6: each compiler is some weeks newer than the release that it is known by, and what it can read must
# not be refused.
_OTHERS: Mapping[str, tuple[int, int, int]] = {
    "ABS": (1, 2, 4),
    "ADD_N": (1, 1, 1),
    "ARG_MAX": (2, 2, 2),
    "ARG_MIN": (2, 2, 2),
    "ASSIGN_VARIABLE": (0, 0, 1),
    "BATCH_MATMUL": (0, 3, 4),
    "BATCH_TO_SPACE_ND": (2, 3, 3),
    "BIDIRECTIONAL_SEQUENCE_LSTM": (3, 3, 3),
    "BIDIRECTIONAL_SEQUENCE_RNN": (2, 3, 3),
    "BROADCAST_ARGS": (0, 0, 1),
    "BROADCAST_TO": (0, 0, 3),
    "CALL_ONCE": (0, 0, 1),
    "CAST": (1, 1, 1),
    "CEIL": (1, 1, 1),
    "COMPLEX_ABS": (0, 0, 1),
    "CONV_3D": (0, 0, 1),
    "CONV_3D_TRANSPOSE": (0, 0, 1),
    "COS": (1, 1, 1),
    "CUMSUM": (0, 1, 1),
    "DENSIFY": (1, 1, 1),
    "DEPTH_TO_SPACE": (1, 1, 2),
    "DEQUANTIZE": (4, 4, 4),
    "DIV": (1, 2, 2),
    "ELU": (1, 1, 1),
    "EMBEDDING_LOOKUP": (3, 3, 3),
    "EMBEDDING_LOOKUP_SPARSE": (1, 1, 1),
    "EQUAL": (2, 3, 3),
    "EXP": (1, 1, 1),
    "FAKE_QUANT": (2, 2, 2),
    "FILL": (1, 2, 3),
    "FLOOR": (1, 1, 1),
    "FLOOR_DIV": (2, 2, 2),
    "FLOOR_MOD": (1, 1, 1),
    "GATHER": (3, 4, 5),
    "GATHER_ND": (1, 2, 3),
    "GREATER": (2, 2, 2),
    "GREATER_EQUAL": (2, 2, 2),
    "HARD_SWISH": (1, 1, 1),
    "HASHTABLE": (0, 0, 1),
    "HASHTABLE_FIND": (0, 0, 1),
    "HASHTABLE_IMPORT": (0, 0, 1),
    "HASHTABLE_LOOKUP": (1, 1, 1),
    "HASHTABLE_SIZE": (0, 0, 1),
    "IF": (1, 1, 1),
    "IMAG": (0, 0, 1),
    "L2_POOL_2D": (1, 1, 1),
    "LEAKY_RELU": (1, 2, 2),
    "LESS": (2, 2, 2),
    "LESS_EQUAL": (2, 2, 2),
    "LOCAL_RESPONSE_NORMALIZATION": (1, 1, 1),
    "LOG": (1, 1, 1),
    "LOGICAL_AND": (1, 1, 1),
    "LOGICAL_NOT": (1, 1, 1),
    "LOGICAL_OR": (1, 1, 1),
    "LOG_SOFTMAX": (2, 2, 2),
    "LSH_PROJECTION": (1, 1, 1),
    "LSTM": (3, 4, 4),
    "MATRIX_DIAG": (1, 1, 1),
    "MATRIX_SET_DIAG": (1, 1, 1),
    "MIRROR_PAD": (1, 2, 2),
    "NEG": (1, 1, 1),
    "NON_MAX_SUPPRESSION_V4": (1, 1, 1),
    "NON_MAX_SUPPRESSION_V5": (1, 1, 1),
    "NOT_EQUAL": (2, 3, 3),
    "ONE_HOT": (1, 1, 1),
    "PADV2": (2, 3, 4),
    "POW": (1, 1, 1),
    "RANGE": (1, 1, 1),
    "RANK": (1, 1, 1),
    "READ_VARIABLE": (0, 0, 1),
    "REAL": (0, 0, 1),
    "REDUCE_ALL": (0, 0, 1),
    "REDUCE_ANY": (1, 1, 1),
    "REDUCE_PROD": (1, 1, 2),
    "REVERSE_SEQUENCE": (1, 1, 1),
    "REVERSE_V2": (2, 2, 3),
    "RFFT2D": (0, 0, 1),
    "RNN": (2, 3, 3),
    "ROUND": (1, 1, 1),
    "SCATTER_ND": (1, 1, 1),
    "SEGMENT_SUM": (1, 1, 1),
    "SELECT": (2, 2, 2),
    "SELECT_V2": (1, 1, 1),
    "SHAPE": (1, 1, 1),
    "SIN": (1, 1, 1),
    "SKIP_GRAM": (1, 1, 1),
    "SPACE_TO_BATCH_ND": (2, 3, 3),
    "SPARSE_TO_DENSE": (3, 3, 3),
    "SPLIT_V": (1, 2, 2),
    "SQRT": (1, 1, 1),
    "SQUARE": (1, 1, 1),
    "SVDF": (3, 4, 4),
    "TILE": (2, 2, 2),
    "TOPK_V2": (2, 2, 2),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (2, 3, 3),
    "UNIQUE": (1, 1, 1),
    "UNPACK": (3, 4, 4),
    "VAR_HANDLE": (0, 0, 1),
    "WHERE": (1, 1, 1),
    "WHILE": (1, 1, 1),
    "ZEROS_LIKE": (1, 1, 1),
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
    """The highest version that the compiler's own TFLite can read; above it the compiler writes nothing at all.

    0 for a built-in op that is newer than the compiler; ``None`` for a custom op.
    """
    if op.startswith(CUSTOM_PREFIX):
        return None
    versions = _KERNELS.get(op) or _OTHERS.get(op)
    return versions[_column(compiler)] if versions else 0
