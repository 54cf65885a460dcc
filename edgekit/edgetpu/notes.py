"""What makes the compiler refuse a file as a whole, and what is worth knowing beside the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgekit.edgetpu.rules import RULES
from edgekit.edgetpu.versions import highest_read
from edgekit.tflite.model import Operator, Subgraph, TFLiteModel
from edgekit.tflite.schema import FLOAT_TYPES

# The inputs that say which sizes an op's output has; computed ones make them dynamic.
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

_LARGE = 1 << 20
"""Elements from which on a reshape or the like may stay on the CPU, by public reports."""


def find_refusal(model: TFLiteModel, compiler: int) -> str | None:
    """Why the compiler would write no file at all, with what to do about it; ``None`` where it would."""
    graph = model.subgraphs[0]
    for operator in graph.operators:
        known = highest_read(operator.name, compiler)
        if known is not None and operator.version > known:
            return (
                f"Compiler {compiler} stops at this file: Didn't find op for builtin opcode '{operator.name}' version "
                f"'{operator.version}'. It reads version {known} at most; export the model with --to edgetpu, or "
                "convert it with a TensorFlow of the compiler's time."
            )
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
    return None


def find_notes(model: TFLiteModel, taken: frozenset[int]) -> Iterator[str]:
    """What is worth knowing, in sentences.

    Args:
        model: the model.
        taken: the operators that are mapped.
    """
    graph = model.subgraphs[0]
    floats = sorted({tensor.dtype for tensor in model.inputs if tensor.dtype in FLOAT_TYPES})
    if graph.operators and not taken and floats:
        yield (
            f"Nothing runs on the Edge TPU: the model computes in {floats[0]}, and the chip in 8-bit integers. Export "
            "it with int8 weights and activations and calibration photos: edgekit export MODEL --to edgetpu."
        )
    if any(tensor.shape_signature[:1] == (-1,) for tensor in model.inputs):
        yield "The batch size is not fixed; the compiler takes it for 1. Convert with a fixed batch of 1 to be sure."
    if len(model.subgraphs) > 1:
        yield f"Only the first of the {len(model.subgraphs)} graphs can be mapped; the table is that of the first."
    unsure = sorted(set(_unsure(graph, taken)))
    if unsure:
        yield (
            f"{', '.join(unsure)} of large tensors may stay on the CPU all the same; the compiler's limit is not "
            "documented."
        )


def _unsure(graph: Subgraph, taken: frozenset[int]) -> Iterator[str]:
    for operator in graph.operators:
        if operator.index in taken and RULES[operator.name].note and operator.name != "SOFTMAX":
            sizes = [graph.tensors[index].elements for index in operator.outputs]
            if max(sizes, default=0) >= _LARGE:
                yield operator.name


def _is_dynamic(graph: Subgraph, operator: Operator) -> bool:
    for place in _SIZES.get(operator.name, ()):
        index = operator.inputs[place] if place < len(operator.inputs) else -1
        if index >= 0 and not graph.tensors[index].is_constant:
            return True
    return False
