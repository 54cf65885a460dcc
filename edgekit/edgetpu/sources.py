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

RUNTIMES = "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/tools/versioning/runtime_version.cc"
"""The TensorFlow release that first has each version of each op."""

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

UNKNOWN_CODE = _ISSUES + "818"
"""GELU: compiler 16 says "Op builtin_code out of range: 150" and writes nothing; 151 in issue 862."""

OLDER_KERNELS = _ISSUES + "386"
"""DEPTH_TO_SPACE version 2 stops compiler 15; also REVERSE_V2 version 3 (issue 340), and EXP version 2 compiler 16
(libedgetpu's issue 71)."""

FLEX = _ISSUES + "718"
"""FlexSplitV: compiler 16 says "Regular TensorFlow ops are not supported by this interpreter" and writes nothing."""

NOT_QUANTIZED = _ISSUES + "168"
"""Float activations: compiler 14 says "Model not quantized" and writes nothing; 15 in issue 313. Compiler 16 writes a
file of which nothing runs on the chip (issue 609)."""

COMPUTED_PARAMETER = _ISSUES + "25"
"""A computed weight of a dense layer: "Filter, bias, or other param is not constant at compile-time"."""

DENSE_ROWS = _ISSUES + "27"
"""A dense layer of several rows, in compiler 2.0: "For example, a fully-connected or softmax layer with 2D output"."""

LARGE_ACTIVATIONS = _ISSUES + "512"
"""YOLOv5s at 352 and 480 px: "Compilation failed due to large activation tensors in model", not so at 384 and 512;
RESHAPE, TRANSPOSE and CONCATENATION are left at 224 px and more. Also issues 439, 449, 490, 608, 651, 653 and 309."""

LARGE_HEADS = "https://github.com/ultralytics/ultralytics/issues/4719"
"""YOLOv8's heads at 640 px with compiler 16: LOGISTIC, RESHAPE, CONCATENATION, TRANSPOSE and STRIDED_SLICE are left by
a limitation; also issues 4089 and 20351."""

LARGE_TRANSPOSE_CONV = _ISSUES + "686"
"""One of four TRANSPOSE_CONV of a U-Net is left, and not the biggest; also "Compilation timeout. This is usually caused
by large activations"."""

SEARCH_DELEGATE = _ISSUES + "508"
"""The option ``-d`` made a model compile that failed for its large activations; also issues 490 and 651."""

MEAN_SIZE = _ISSUES + "461"
"""MEAN over 1x256x128x3 stays on the CPU, in four parts of 64x128 it is mapped."""

TRANSPOSE_SIZE = "https://github.com/onnxsim/onnxsim/pull/1418"
"""TRANSPOSE from 65,536 elements on, measured with compiler 16: 64 channels of 32x32 fail, 32 of 64x64 are left."""

DENSE_SIZE = _ISSUES + "663"
"""A dense layer of 14,400 inputs: "too big for TPU", says a maintainer; no concrete limit is known."""

LSTM_SIZE = _ISSUES + "598"
"""An LSTM that compiles with inputs of up to some 900 numbers, and not with more than 1,000."""

STRIDES = _ISSUES + "828"
"""STRIDED_SLICE with a stride that is not 1: "'tfl.strided_slice' op is not supported on DarwiNN"."""

BROADCAST = "https://github.com/onnxsim/onnxsim/pull/1407"
"""MUL of 1xHxWxC and a constant 1xHxWx1: compiler 16 rejects the file ("non-broadcastable operands")."""

PAD_AND_RESIZE = "https://github.com/mathieugalle/edgetpu-compiler-pad-fail"
"""A RetinaNet whose PAD and RESIZE_NEAREST_NEIGHBOR feed one ADD: compiler 16 fails until that part is left out."""

SIGNED_QUANTIZE = _ISSUES + "225"
"""A log for runtime 10: CONV_2D has an unsupported data type, QUANTIZE "some unspecified limitation"."""

ARG_MAX_TYPE = _ISSUES + "409"
"""ARG_MAX: "Operation is working on an unsupported data type", for its integer answers."""

DYNAMIC = _ISSUES + "829"
"""Dynamic sizes: the compiler writes nothing."""

EXECUTABLE = "https://github.com/google-coral/libedgetpu/blob/master/executable/executable.fbs"
"""What a compiled model holds: programs, and the parameters that they cache and stream."""

SOFTMAX_ROWS = "https://github.com/dbro/frigate-detector-edgetpu-yolo9"
"""A log of compiler 16 in which the SOFTMAX of all three heads of YOLOv9, with rows by the hundred, are mapped."""
