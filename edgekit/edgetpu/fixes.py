"""What to change about an op that stays on the CPU, in a sentence or two each."""

from __future__ import annotations

from collections.abc import Mapping

BATCH = "Keep the batch dimension (the first) out of it: use another axis, and a batch of 1."
CONCATENATION = "Append zeros only, to one tensor (as padding does), or compute the other input in the model."
CONSTANT = "Store the parameters in the model; the Edge TPU cannot multiply two computed tensors so."
CONVERT_AGAIN = "Convert the model again without shuffled weights."
DENSE_ROWS = (
    "Give the dense layer one row: flatten or pool before it, or write it as a 1x1 convolution, which takes several."
)
DILATION = "Use the same dilation in both directions, or none."
FUSED = "Put the activation into an op of its own behind it, or into the convolution before it."
MATMUL = "Multiply with a constant matrix, or leave this part to the CPU at the end of the model."
MEAN_CHANNELS = "Pool over rows and columns instead, or make the channels a multiple of 4."
PAD_CHANNELS = "Pad rows and columns only, or compile for runtime 13 or later."
PER_TENSOR = (
    "Quantize dense layers per tensor: export with --to edgetpu, or set the converter's "
    "_experimental_disable_per_channel_quantization_for_dense_layers."
)
PRELU = "Share alpha over rows and columns: in Keras PReLU(shared_axes=[1, 2])."
RESIZE = "Enlarge less in the model (and the answer on the CPU), or use a transposed convolution."
RESIZE_ONE = "Broadcast a pooled value by adding it, or pool to at least 2x2 before enlarging."
SOFTMAX = "Give it one row of at most 16,000 numbers, or leave it out and apply it to the model's answer on the CPU."
SQUEEZE = "Use a reshape, or compile for runtime 13 or later."
STRIDED_SLICE = "Slice with strides of 1 and without new axes; a strided convolution or pooling can skip pixels."
DILATED = "It stems from a dilated convolution: convert with a newer TensorFlow, which keeps the dilation."

RANK = "At most the three innermost dimensions may be larger than 1: use a batch of 1, and reshape 5-D tensors away."
SUBGRAPH = "The Edge TPU would take it in front of that op: mend that op, or move it to the end of the model."
VERSION = "Convert it with a converter that writes version {known} or lower, or export it with --to edgetpu."
QUANTIZE_FLOAT = "Feed uint8 or int8 instead of floating point: set the converter's inference_input_type to tf.uint8."
DEQUANTIZE = (
    "Take the integers out of the model instead of floating point: set the converter's inference_output_type to "
    "tf.uint8. At the very end it costs little."
)
FLOAT_PART = (
    "This part of the model computes in floating point: quantize it to 8 bits as well, leave it out, or move it to the "
    "end of the model."
)
FLOAT = "Quantize the whole model to 8-bit integers: edgekit export MODEL --to edgetpu --calibration FOLDER."
SIGNED = "Compile for runtime 12 or later; older ones take uint8 only."
SIXTEEN_BITS = "Quantize activations to 8 bits; 16 are not supported."
INTEGERS = "Leave it to the CPU, at the end of the model: it works on integers that are no quantized numbers."
NEWER_RUNTIME = "Compile for runtime {since} or later (--min_runtime_version), which needs that runtime on the device."
CUSTOM = "Custom ops always run on the CPU; at the end of the model that costs little."
COMPILED = "The compiler left it to the CPU; inspect the model that this file was compiled from to learn why."
UNKNOWN = "Replace it by supported ops, or move it to the end of the model."

OTHER_OPS: Mapping[str, str] = {
    "ABS": "Use maximum(x, -x), or ReLU(x) + ReLU(-x).",
    "ARG_MAX": "Leave it out of the model and take the argmax of its answer.",
    "ARG_MIN": "Leave it out of the model and take the argmin of its answer.",
    "BATCH_MATMUL": "Use dense layers or 1x1 convolutions with constant weights.",
    "BATCH_TO_SPACE_ND": DILATED,
    "DEPTH_TO_SPACE": "Use a transposed convolution or a resize instead.",
    "DIV": "Multiply by the reciprocal.",
    "ELU": "Use ReLU or ReLU6.",
    "EXP": "Use LOGISTIC or TANH, or compute it from the model's answer.",
    "GATHER": "Use slices, or leave it to the CPU at the end of the model.",
    "GELU": "Use ReLU or ReLU6.",
    "HARD_SWISH": "Use ReLU6 instead of hard swish (MobileNetV3's minimalistic form, EfficientNet-Lite).",
    "LEAKY_RELU": "Use ReLU, or PReLU with one alpha for each channel.",
    "LSTM": "Use an unfused Keras LSTM, which becomes UNIDIRECTIONAL_SEQUENCE_LSTM.",
    "MIRROR_PAD": "Pad with zeros.",
    "NEG": "Multiply by -1.",
    "PADV2": "Pad with zeros: PAD instead of PADV2.",
    "SPACE_TO_BATCH_ND": DILATED,
    "SPLIT_V": "Split into equal parts (SPLIT), or use slices.",
    "TILE": "Use concatenation or a broadcasting ADD.",
    "TOPK_V2": "Leave it out of the model and sort its answer.",
}
"""For ops that the Edge TPU does not have at all."""
