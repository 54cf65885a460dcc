"""Makes one ``Prelu``, which TF.js has and TensorFlow has not, of the operations that Keras writes for it.

::

    y = AddV2(Relu(x), Mul(c, Relu(Neg(x))))  ──▶  y = Prelu(x, -c)
"""

from __future__ import annotations

import numpy as np

from edgekit.converters.graph.layers import split_operands
from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node


def fuse_prelu(graph: Graph) -> Graph:
    """The graph with ``Prelu``, where its slopes fit TF.js' WebAssembly kernel."""
    view = View(graph)
    for node in graph.nodes:
        if node.op not in ("Add", "AddV2") or len(node.inputs) != 2:
            continue
        for positive, negative in (node.inputs, node.inputs[::-1]):
            found = _match(view, view.maker(positive), view.maker(negative))
            if found is not None:
                source, slopes = found
                alpha = view.put_constant(f"{node.name}/alpha", slopes)
                view.put(Node(node.name, "Prelu", (source, alpha), {}))
                break
    return view.graph()


def _match(view: View, positive: Node, negative: Node) -> tuple[str, np.ndarray] | None:
    if positive.op != "Relu" or negative.op != "Mul":
        return None
    operands = split_operands(view, negative)
    slopes = None if operands is None else view.value(operands[1])
    if operands is None or slopes is None or slopes.dtype != np.float32:
        return None
    relu = view.maker(operands[0])
    minus = view.maker(relu.inputs[0]) if relu.op == "Relu" else None
    if minus is None or minus.op != "Neg" or minus.inputs[0] != positive.inputs[0]:
        return None
    return (minus.inputs[0], -slopes) if _fits_kernel(slopes, view.shape(positive.inputs[0])) else None


def _fits_kernel(slopes: np.ndarray, shape: tuple[int | None, ...] | None) -> bool:
    """The kernel repeats the slopes as they lie in memory, so they must fill the last axes (``prelu_impl.cc``)."""
    if shape is None or slopes.ndim > len(shape):
        return False
    sizes = list(slopes.shape)
    while sizes and sizes[0] == 1:
        sizes.pop(0)
    return bool(sizes) and sizes == list(shape[len(shape) - len(sizes) :])
