"""Lets a convolution pad by itself.

::

    y = Conv2D(Pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]]), kernel) {padding: VALID}
      ──▶  y = Conv2D(x, kernel) {padding: EXPLICIT, explicit_paddings: [0, 0, 0, 1, 0, 1, 0, 0]}

Saves a copy of the picture; ``keras.applications`` pads before each convolution of stride 2.
"""

from __future__ import annotations

import numpy as np

from edgekit.converters.graph.layers import DEPTHWISE, is_layer
from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node, read_string, string


def fold_pads(graph: Graph) -> Graph:
    """The graph without paddings by zeros that only feed convolutions without padding of their own."""
    view = View(graph)
    for node in graph.nodes:
        if node.op in ("Conv2D", DEPTHWISE) and is_layer(node) and read_string(node.attrs.get("padding")) == "VALID":
            pad = view.maker(node.inputs[0])
            sizes = _zeros_around(view, pad)
            if sizes is not None and view.sole_user(pad.name) is not None:
                attrs = {**node.attrs, "padding": string("EXPLICIT"), "explicit_paddings": {"list": {"i": sizes}}}
                view.put(Node(node.name, node.op, (pad.inputs[0], node.inputs[1]), attrs))
    return view.graph()


def _zeros_around(view: View, pad: Node) -> list[str] | None:
    """The sizes, of height and width only, in JSON's form of 64-bit integers."""
    if pad.op not in ("Pad", "PadV2"):
        return None
    sizes = view.value(pad.inputs[1])
    fill = view.value(pad.inputs[2]) if pad.op == "PadV2" else np.zeros(1)
    if sizes is None or sizes.shape != (4, 2) or fill is None or fill.any():
        return None
    if sizes[[0, 3]].any() or (sizes < 0).any():
        return None
    return [str(size) for size in sizes.ravel().tolist()]
