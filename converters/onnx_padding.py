"""Zeros around a MaxPool that stay zeros.

onnxruntime moves a Pad with zeros into the MaxPool behind it, in conversion and again at every load. Padding
of a MaxPool stands for minus infinity, though, so wherever all that is left of a window is negative, its answer
changes: ResNet50V2, which pools before its first activation, was off by 0.0018 in probabilities
(microsoft/onnxruntime#24737). It leaves a Pad alone whose value has a bit that is not zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgekit.onnxfile.graphs import all_graphs

_NEXT_TO_ZERO = {"FLOAT": 2.0**-126, "DOUBLE": 2.0**-126, "FLOAT16": 2.0**-24}
"""The least normal number of float32, and of float16 the least of all: next to any activation they are zero.
-0.0 would not do: onnxruntime takes equal constants together, and it equals zero."""

_NEVER_NEGATIVE = ("Relu", "Sigmoid")
"""Behind these zero and minus infinity are the same to a MaxPool, and one operator less is faster."""


def keep_zeros(model: Any) -> None:
    """Gives every Pad of zeros before a MaxPool a value that is zero to the pooling and not to onnxruntime.

    Args:
        model: a ``ModelProto``, changed in place.
    """
    import onnx

    found = [node for graph in all_graphs(model.graph) for node in _in_danger(graph)]
    if not found:
        return
    types = _types(onnx.shape_inference.infer_shapes(model).graph)
    values: dict[int, str] = {}
    for node in found:
        kind = types.get(node.input[0]) or types.get(node.output[0]) or onnx.TensorProto.FLOAT
        value = _NEXT_TO_ZERO.get(onnx.TensorProto.DataType.Name(kind))
        if value is None:  # integers
            continue
        if kind not in values:
            values[kind] = f"edgekit_next_to_zero_{kind}"
            model.graph.initializer.append(onnx.helper.make_tensor(values[kind], kind, [], [value]))
        del node.input[2:]
        node.input.append(values[kind])


def _in_danger(graph: Any) -> Iterator[Any]:
    """Each Pad of zeros that onnxruntime would move though values behind it may be negative."""
    from onnx.numpy_helper import to_array

    zeros = {tensor.name for tensor in graph.initializer if not tensor.dims and to_array(tensor) == 0} | {""}
    makers = {name: node.op_type for node in graph.node for name in node.output}
    pooled = {node.input[0] for node in graph.node if node.op_type == "MaxPool"}
    pooled |= {node.input[0] for node in graph.node if node.op_type == "Cast" and node.output[0] in pooled}
    for node in graph.node:
        if node.op_type != "Pad" or node.output[0] not in pooled or makers.get(node.input[0]) in _NEVER_NEGATIVE:
            continue
        constant = all(attribute.s == b"constant" for attribute in node.attribute if attribute.name == "mode")
        if constant and (node.input[2] if len(node.input) > 2 else "") in zeros:
            yield node


def _types(graph: Any) -> dict[str, int]:
    """Element types by tensor, those of the graphs inside too."""
    return {
        value.name: value.type.tensor_type.elem_type
        for part in all_graphs(graph)
        for value in (*part.value_info, *part.input, *part.output)
    }
