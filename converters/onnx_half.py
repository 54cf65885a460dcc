"""Computing in float16, for GPUs and neural processors."""

from __future__ import annotations

from typing import Any

from edgekit.errors import ConversionError, first_line
from edgekit.onnxfile.graphs import all_nodes
from edgekit.spec import ModelSpec


def compute_in_halves(model: Any, spec: ModelSpec) -> Any:
    """The model with float16 weights and arithmetic; inputs and outputs stay as they are.

    onnxruntime's own rewriting, which knows the operators that have no 16-bit form. On a processor it gains
    nothing: kernels are 32-bit there, and casts are put between them.

    Raises:
        ConversionError: it fails.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        halved = convert_float_to_float16(model, keep_io_types=True)
    except Exception as error:  # ValueError, KeyError, RuntimeError, ...
        raise ConversionError(
            f"{spec.name} cannot be rewritten to compute in float16: {first_line(error)}. Leave out onnx.fp16_compute."
        ) from error
    sort_nodes(halved.graph)
    return halved


def sort_nodes(graph: Any) -> None:
    """Puts each node of a ``GraphProto`` behind those whose tensors it takes; casts were added at the end."""
    makers = {output: node.output[0] for node in graph.node for output in node.output if output}
    waiting = {node.output[0]: node for node in graph.node}
    order: list[Any] = []

    def place(first: Any) -> None:
        stack = [first]
        while stack:
            node = stack[-1]
            missing = [makers[name] for name in _needs(node) if makers.get(name) in waiting]
            missing = [key for key in missing if key != node.output[0]]
            if missing and node.output[0] in waiting:
                stack.extend(waiting[key] for key in missing)
                continue
            if waiting.pop(node.output[0], None) is not None:
                order.append(node)
            stack.pop()

    for node in list(graph.node):
        place(node)
    del graph.node[:]
    graph.node.extend(order)


def _needs(node: Any) -> list[str]:
    """What a node takes, and what the graphs inside of it take from outside."""
    inner = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return [*node.input, *(name for graph in inner for part in all_nodes(graph) for name in part.input)]
