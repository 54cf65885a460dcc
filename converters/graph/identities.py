"""Removes nodes that hand on what they get.

::

    x = Relu(a)                    x = Relu(a)
    y = Identity(x)       ──▶      z = Softmax(x)
    z = Softmax(y)
"""

from __future__ import annotations

from edgekit.converters.graph.view import rename_tensors
from edgekit.tfjs.graph import Graph, Node, read_type, split_tensor, tensor

_SINGLE = frozenset({"Identity", "StopGradient", "Snapshot", "PreventGradient", "CheckNumerics", "EnsureShape"})
_CONTROL_FLOW = frozenset({"Enter", "Exit", "Switch", "Merge", "NextIteration", "LoopCond"})


def remove_identities(graph: Graph) -> Graph:
    """The graph without ``Identity`` and its kin.

    Those of old-style control flow stay: a copy marks there in which iteration a value is taken.
    """
    makers = {node.name: node for node in graph.nodes}
    renamed: dict[str, str] = {}
    for node in graph.nodes:
        if node.op in _SINGLE and node.inputs and not _takes_from_control_flow(node, makers):
            renamed[node.name] = node.inputs[0]
        elif node.op == "IdentityN":
            renamed |= {tensor(node.name, index): source for index, source in enumerate(node.inputs)}
        elif node.op == "Cast" and read_type(node.attrs.get("SrcT")) == read_type(node.attrs.get("DstT")):
            renamed[node.name] = node.inputs[0]
    return rename_tensors(graph, renamed)


def _takes_from_control_flow(node: Node, makers: dict[str, Node]) -> bool:
    source = makers.get(split_tensor(node.inputs[0])[0])
    return source is not None and source.op in _CONTROL_FLOW
