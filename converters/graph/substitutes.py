"""Says with operations that TF.js knows what it has no operation for, or computes wrong.

::

    y = Softsign(x)    ──▶  y = RealDiv(x, AddV2(Abs(x), 1))
    y = Erfc(x)        ──▶  y = Sub(1, Erf(x))
    y = Cumsum(x, -1)  ──▶  y = Cumsum(x, 2)    where x has three axes

The WebAssembly kernels of cumulated sums and products take a negative axis for a place in memory
(``Cumsum.ts`` of ``tfjs-backend-wasm``, 4.22).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node, read_type

SAME = {"BatchMatMulV3": "BatchMatMulV2", "Inv": "Reciprocal", "Rint": "Round", "If": "StatelessIf"}
"""Other names for the same. TF.js takes ``If`` for an operation that needs no waiting (``CONTROL_FLOW_OPS`` in
``model_analysis.ts`` has it in small letters) and fails."""

_CUMULATED = frozenset({"Cumsum", "Cumprod"})


def substitute(graph: Graph) -> Graph:
    """The graph without operations of the lists above; those of real numbers where they are float32."""
    view = View(graph)
    for node in graph.nodes:
        if node.op in SAME:
            view.put(replace(node, op=SAME[node.op]))
        elif node.op == "Softsign" and _is_float32(node):
            _softsign(view, node)
        elif node.op == "Erfc" and _is_float32(node):
            _erfc(view, node)
        elif node.op in _CUMULATED:
            _count_from_the_front(view, node)
    return view.graph()


def _softsign(view: View, node: Node) -> None:
    kind = {"T": node.attrs["T"]}
    one = view.put_constant(f"{node.name}/one", np.array(1, np.float32))
    view.put(Node(f"{node.name}/abs", "Abs", node.inputs, kind))
    view.put(Node(f"{node.name}/add", "AddV2", (f"{node.name}/abs", one), kind))
    view.put(Node(node.name, "RealDiv", (*node.inputs, f"{node.name}/add"), kind))


def _erfc(view: View, node: Node) -> None:
    kind = {"T": node.attrs["T"]}
    one = view.put_constant(f"{node.name}/one", np.array(1, np.float32))
    view.put(Node(f"{node.name}/erf", "Erf", node.inputs, kind))
    view.put(Node(node.name, "Sub", (one, f"{node.name}/erf"), kind))


def _count_from_the_front(view: View, node: Node) -> None:
    tensor, axis = node.inputs
    shape, value = view.shape(tensor), view.value(axis)
    if shape is not None and value is not None and int(value.reshape(())) < 0:
        view.put(node.with_inputs((tensor, view.put_constant(f"{node.name}/axis", np.asarray(value + len(shape))))))


def _is_float32(node: Node) -> bool:
    return read_type(node.attrs.get("T")) == "DT_FLOAT"
