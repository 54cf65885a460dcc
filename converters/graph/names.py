"""Shortens the names of nodes: TensorFlow puts the calls before them that it has inlined.

::

    PartitionedCall/PartitionedCall/classifier_1/Conv1/convolution  ──▶  classifier_1/Conv1/convolution
"""

from __future__ import annotations

import re
from dataclasses import replace

from edgekit.tfjs.graph import Graph, split_tensor, tensor

_CALLS = re.compile(r"^((Stateful)?PartitionedCall(_\d+)?/)+")


def shorten_names(graph: Graph) -> Graph:
    """The graph, without its functions, under shorter names; a name that is taken is not given again."""
    renamed: dict[str, str] = {}
    taken = {node.name for node in graph.nodes}
    for node in graph.nodes:
        short = _CALLS.sub("", node.name)
        if short and short not in taken:
            taken.add(short)
            renamed[node.name] = short

    def of_tensor(text: str) -> str:
        name, index = split_tensor(text)
        return tensor(renamed.get(name, name), index)

    return replace(
        graph,
        nodes=tuple(
            replace(node, name=renamed.get(node.name, node.name)).with_inputs(map(of_tensor, node.inputs))
            for node in graph.nodes
        ),
        inputs={name: of_tensor(text) for name, text in graph.inputs.items()},
        outputs={name: of_tensor(text) for name, text in graph.outputs.items()},
        weights={renamed.get(name, name): values for name, values in graph.weights.items()},
        shapes={of_tensor(text): shape for text, shape in graph.shapes.items()},
    )
