"""Says ``OneHot`` as TF.js computes it right.

::

    y = OneHot(x, depth, on, off) {T: float}  ──▶  y = GatherV2([off, on], OneHot(x, depth, 1, 0) {T: int32})
                                                   y = Cast(OneHot(x, depth, 1, 0) {T: int32})   for 1.0 and 0.0

The WebAssembly kernel writes 32-bit integers into a tensor of any dtype (``OneHot.cc`` of
``tfjs-backend-wasm``, 4.22): floats are then next to 0, and behind a tensor of truth values it writes over what is
there. The executor knows no axis but the last (``creation.ts``: ``notSupported``), and no depth below 2
(``one_hot.ts``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converters.graph.view import View
from edgekit.errors import ConversionError
from edgekit.tfjs.graph import DATA_TYPES, Graph, Node, read_int, read_type

_INT32, _INT64, _BOOL = {"type": "DT_INT32"}, {"type": "DT_INT64"}, {"type": "DT_BOOL"}
_NUMPY = {kind: name for name, kind in DATA_TYPES.items()}
_ON, _OFF = 2, 3


def write_down_one_hots(graph: Graph) -> Graph:
    """The graph whose ``OneHot`` are of int32, 1 and 0, along the last axis.

    Raises:
        ConversionError: an axis in the middle of a tensor whose rank is not known.
    """
    view = View(graph)
    for node in graph.nodes:
        if node.op == "OneHot":
            _write_down(view, node)
    return view.graph()


def _write_down(view: View, node: Node) -> None:
    order = _order(view, node)
    steps = _hot(view, node)
    kept = read_type(node.attrs.get("T")) == "DT_INT32" and _is_one_or_zero(view, node)
    if not kept:
        steps.append(_values(view, node, steps[-1].name))
    if order is not None:
        axes = view.put_constant(f"{node.name}/order", np.array(order, np.int32))
        attrs = {"T": node.attrs["T"], "Tperm": _INT32}
        steps.append(Node(f"{node.name}/ordered", "Transpose", (steps[-1].name, axes), attrs))
    for step in (*steps[:-1], replace(steps[-1], name=node.name)):
        view.put(step)


def _order(view: View, node: Node) -> list[int] | None:
    """How the axes must change places, with the classes on the last; ``None`` where that is their place."""
    axis = read_int(node.attrs.get("axis"), -1)
    if axis == -1:
        return None
    shape = view.shape(node.inputs[0])
    if shape is None:
        raise ConversionError(
            f"The operation {node.name} (OneHot) puts its classes on axis {axis} of a tensor whose rank is not known, "
            "and TF.js puts them on the last only. Use the last axis, and transpose."
        )
    rank = len(shape)
    return None if axis == rank else [*range(axis), rank, *range(axis, rank)]


def _hot(view: View, node: Node) -> list[Node]:
    """1 and 0 as int32, on the last axis."""
    indices, depth = node.inputs[:2]
    known = view.value(depth)
    name = f"{node.name}/hot"
    if known is None or int(known.reshape(())) > 1:
        one, zero = (view.put_constant(f"{node.name}/{value}", np.array(value, np.int32)) for value in (1, 0))
        attrs = {**node.attrs, "T": _INT32, "axis": {"i": "-1"}}
        return [Node(name, "OneHot", (indices, depth, one, zero), attrs)]
    kind = node.attrs.get("TI", _INT64)
    zero = view.put_constant(f"{node.name}/0", np.zeros((), _NUMPY[read_type(kind)]))
    axis = view.put_constant(f"{node.name}/axis", np.array(-1, np.int32))
    return [
        Node(f"{node.name}/is", "Equal", (indices, zero), {"T": kind}),
        Node(f"{node.name}/wide", "ExpandDims", (f"{node.name}/is", axis), {"T": _BOOL, "Tdim": _INT32}),
        Node(name, "Cast", (f"{node.name}/wide",), {"SrcT": _BOOL, "DstT": _INT32}),
    ]


def _values(view: View, node: Node, hot: str) -> Node:
    """What stands for the 1 and the 0."""
    kind = node.attrs["T"]
    name = f"{node.name}/values"
    if _is_one_or_zero(view, node):
        return Node(name, "Cast", (hot,), {"SrcT": _INT32, "DstT": kind})
    on, off = view.value(node.inputs[_ON]), view.value(node.inputs[_OFF])
    if on is None or off is None:
        table = f"{node.name}/table"
        view.put(Node(table, "Pack", (node.inputs[_OFF], node.inputs[_ON]), {"T": kind, "N": {"i": "2"}}))
    else:
        table = view.put_constant(f"{node.name}/table", np.stack([off.reshape(()), on.reshape(())]))
    axis = view.put_constant(f"{node.name}/axis", np.array(0, np.int32))
    attrs = {"Tparams": kind, "Tindices": _INT32, "Taxis": _INT32, "batch_dims": {"i": "0"}}
    return Node(name, "GatherV2", (table, hot, axis), attrs)


def _is_one_or_zero(view: View, node: Node) -> bool:
    on, off = view.value(node.inputs[_ON]), view.value(node.inputs[_OFF])
    return on is not None and off is not None and bool(np.all(on == 1) and np.all(off == 0))
