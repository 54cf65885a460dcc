"""Where the rules come from. The compiler is closed: documentation, its own answers in public, and TFLite's code."""

from __future__ import annotations

OPERATIONS = "https://coral.ai/docs/edgetpu/models-intro/#supported-operations"
"""The table of supported operations, by runtime version."""

REQUIREMENTS = "https://coral.ai/docs/edgetpu/models-intro/#model-requirements"
"""8-bit tensors, constant sizes and parameters, at most three inner dimensions."""

COMPILING = "https://coral.ai/docs/edgetpu/models-intro/#compiling"
"""One subgraph: from the first unsupported op on, the rest runs on the CPU."""

COMPILER = "https://coral.ai/docs/edgetpu/compiler/"
"""Options, the runtime that each compiler needs, and how parameters are cached on the chip or streamed."""

PARTITION = "https://github.com/tensorflow/tensorflow/blob/v2.5.0/tensorflow/lite/graph_info.cc"
"""How TFLite cuts a graph for a delegate; the compiler is one."""

KERNELS = "https://github.com/tensorflow/tensorflow/blob/v2.5.0/tensorflow/lite/kernels/register.cc"
"""The op versions that the TFLite of compiler 16's time has."""

OP_VERSIONS = "https://github.com/tensorflow/tensorflow/blob/v2.5.0/tensorflow/lite/tools/versioning/op_version.cc"
"""What each version of an op stands for."""

_ISSUES = "https://github.com/google-coral/edgetpu/issues/"

RESIZE_SIZE = _ISSUES + "31"
"""RESIZE_BILINEAR to 512x512 stays on the CPU, to 128x128 does not; also issues 187 (256 against 128) and 597."""

RESIZE_VERSION = _ISSUES + "420"
"""RESIZE_NEAREST_NEIGHBOR version 3: "Operation version not supported" with compiler 15; also issue 396."""

RANK_FIRST = _ISSUES + "708"
"""Of a float model: rank is complained about before data types; batch sizes above 1 in issue 30."""

SIGNED = _ISSUES + "222"
"""int8 for runtimes 10 and 11: "Operation is working on an unsupported data type"."""

UNKNOWN_VERSION = _ISSUES + "631"
"""CONV_2D version 6: compiler 16 says "Didn't find op for builtin opcode" and writes nothing."""

ARG_MAX_TYPE = _ISSUES + "409"
"""ARG_MAX: "Operation is working on an unsupported data type", for its integer answers."""

DYNAMIC = _ISSUES + "829"
"""Dynamic sizes: the compiler writes nothing."""

EXECUTABLE = "https://github.com/google-coral/libedgetpu/blob/master/executable/executable.fbs"
"""What a compiled model holds: programs, and the parameters that they cache and stream."""

SOFTMAX_ROWS = "https://github.com/dbro/frigate-detector-edgetpu-yolo9"
"""A log of compiler 16 in which the SOFTMAX of all three heads of YOLOv9, with rows by the hundred, are mapped."""
