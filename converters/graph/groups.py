"""Separates the groups of a grouped convolution, which TF.js has no kernel for.

::

    y = Conv2D(x, k)  ──▶  y = DepthwiseConv2dNative(x, k')                       where each channel is a group
    y = Conv2D(x, k)  ──▶  y = ConcatV2(Conv2D(x1, k1), Conv2D(x2, k2), ...)      (x1, x2, ...) = Split(x)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.graph.layers import DEPTHWISE, is_layer
from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node, tensor


def separate_groups(graph: Graph) -> Graph:
    """The graph without grouped convolutions whose kernel is constant."""
    view = View(graph)
    for node in graph.nodes:
        if node.op != "Conv2D" or not is_layer(node):
            continue
        kernel, shape = view.value(node.inputs[1]), view.shape(node.inputs[0])
        if kernel is None or shape is None or shape[-1] is None or shape[-1] == kernel.shape[2]:
            continue
        groups = shape[-1] // kernel.shape[2]
        if kernel.shape[2] == 1:
            _as_depthwise(view, node, kernel, groups)
        else:
            _as_several(view, node, kernel, groups)
    return view.graph()


def _as_depthwise(view: View, node: Node, kernel: NDArray[Any], groups: int) -> None:
    own = kernel.reshape(*kernel.shape[:2], groups, kernel.shape[3] // groups)
    attrs = {name: value for name, value in node.attrs.items() if name != "use_cudnn_on_gpu"}
    weights = view.put_constant(f"{node.name}/kernel", own)
    view.put(replace(node, op=DEPTHWISE, inputs=(node.inputs[0], weights), attrs=attrs))


def _as_several(view: View, node: Node, kernel: NDArray[Any], groups: int) -> None:
    kind, count = node.attrs["T"], {"i": str(groups)}
    axis = view.put_constant(f"{node.name}/axis", np.array(3, np.int32))
    split = f"{node.name}/split"
    view.put(Node(split, "Split", (axis, node.inputs[0]), {"T": kind, "num_split": count}))
    results = []
    for index, part in enumerate(np.split(kernel, groups, axis=3)):
        weights = view.put_constant(f"{node.name}/kernel_{index}", np.ascontiguousarray(part))
        results.append(f"{node.name}/group_{index}")
        view.put(replace(node, name=results[-1], inputs=(tensor(split, index), weights)))
    joined = {"T": kind, "N": count, "Tidx": {"type": "DT_INT32"}}
    view.put(Node(node.name, "ConcatV2", (*results, axis), joined))
