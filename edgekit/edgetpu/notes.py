"""What is worth knowing beside the table."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.edgetpu.cautions import find_cautions
from edgekit.edgetpu.view import OpView
from edgekit.tflite.model import TFLiteModel
from edgekit.tflite.schema import FLOAT_TYPES


def find_notes(model: TFLiteModel, ops: list[OpView], taken: frozenset[int], compiler: int) -> Iterator[str]:
    """What is worth knowing, in sentences.

    Args:
        model: the model.
        ops: the ops of its first graph.
        taken: the operators that are mapped.
        compiler: its major version.
    """
    graph = model.subgraphs[0]
    if not graph.operators:
        yield "The model computes nothing: its graph has no op, so that there is nothing to map."
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
    yield from find_cautions(ops, taken, compiler)
