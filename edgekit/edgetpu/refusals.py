"""What makes the compiler refuse a file as a whole: it writes nothing then."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.edgetpu.fixes import OTHER_OPS
from edgekit.edgetpu.rules import RULES
from edgekit.edgetpu.versions import CUSTOM_PREFIX, highest_read
from edgekit.edgetpu.view import EIGHT_BITS
from edgekit.tflite.model import Operator, Subgraph, TFLiteModel
from edgekit.tflite.ops import BUILTIN_NAMES, FLEX_PREFIX
from edgekit.tflite.schema import FLOAT_TYPES

# The inputs that say which sizes an op's output has; computed ones make them dynamic (sources.DYNAMIC).
_SIZES: Mapping[str, tuple[int, ...]] = {
    "BROADCAST_TO": (1,),
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "MEAN": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "RANGE": (0, 1, 2),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "SLICE": (1, 2),
    "SPLIT": (0,),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0,),
}

_KNOWN_CUSTOM = frozenset(
    {
        "AudioSpectrogram",
        "Mfcc",
        "NumericVerify",
        "PosenetDecoderOp",  # compiled models of Google's have it
        "TFLite_Detection_PostProcess",
    }
)
"""The custom ops that TFLite brings along (sources.KERNELS), and what public models were compiled with."""

_NOT_QUANTIZED = (14, 15)
"""The compilers that refuse a model without quantized activations (sources.NOT_QUANTIZED); 16 maps nothing of it."""


_CONVERT = "Export the model with --to edgetpu, or convert it with a TensorFlow of the compiler's time."
_CONVERT_OTHER = "Convert the model with a TensorFlow of the compiler's time, or replace the op by supported ones."
_REPLACE = "Replace it by supported ops, or cut the model in front of it and compute the rest from the model's answer."


def find_refusal(model: TFLiteModel, compiler: int) -> str | None:
    """Why the compiler would write no file at all, with what to do about it; ``None`` where it would."""
    graph = model.subgraphs[0]
    for operator in graph.operators:
        reason = _unreadable(operator, compiler)
        if reason is not None:
            return reason
    for operator in graph.operators:
        if _is_dynamic(graph, operator):
            return (
                f"The compiler stops at this file: the sizes of {operator.name} (op {operator.index}) are computed in "
                "the model, and it takes static sizes only. Export the model with a fixed batch of 1 and a fixed "
                "image size."
            )
    for tensor in model.inputs:
        if -1 in tensor.shape_signature[1:]:
            return (
                f"The input {tensor.name!r} has an unknown size besides the batch, and the compiler takes static sizes "
                "only. Export the model with a fixed size."
            )
    computed = [tensor.dtype for tensor in graph.tensors if not tensor.is_constant]
    if compiler in _NOT_QUANTIZED and any(dtype in FLOAT_TYPES for dtype in computed) and not EIGHT_BITS & {*computed}:
        return (
            f"Compiler {compiler} stops at this file: Model not quantized. Export it with int8 weights and activations "
            "and calibration photos: edgekit export MODEL --to edgetpu."
        )
    return None


def _unreadable(operator: Operator, compiler: int) -> str | None:
    """An op that the TFLite of the compiler's time does not have."""
    name, stops = operator.name, f"Compiler {compiler} stops at this file:"
    known = highest_read(name, compiler)
    if known is None:
        custom = name.removeprefix(CUSTOM_PREFIX)
        if custom in _KNOWN_CUSTOM:
            return None
        if custom.startswith(FLEX_PREFIX):
            return (
                f"{stops} Regular TensorFlow ops are not supported by this interpreter ({custom}, op {operator.index})."
                " Replace it by ops of TFLite, convert without select TF ops, or cut the model in front of it."
            )
        return (
            f"{stops} Encountered unresolved custom op: {custom}. Replace it by built-in ops, or cut the model in "
            "front of it and compute the rest from the model's answer."
        )
    if known == 0:
        code = BUILTIN_NAMES.index(name) if name in BUILTIN_NAMES else name.rpartition("_")[2]
        return (
            f"{stops} Op builtin_code out of range: {code}. {name} (op {operator.index}) is newer than the compiler. "
            f"{OTHER_OPS.get(name, _REPLACE)}"
        )
    if operator.version <= known:
        return None
    return (
        f"{stops} Didn't find op for builtin opcode '{name}' version '{operator.version}' (op {operator.index}). It "
        f"reads version {known} at most. {_CONVERT if name in RULES else OTHER_OPS.get(name, _CONVERT_OTHER)}"
    )


def _is_dynamic(graph: Subgraph, operator: Operator) -> bool:
    for place in _SIZES.get(operator.name, ()):
        index = operator.inputs[place] if place < len(operator.inputs) else -1
        if index >= 0 and not graph.tensors[index].is_constant:
            return True
    return False
