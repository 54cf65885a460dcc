"""Folds factors of channels into the kernel that they follow: what is left of batch normalization.

::

    y = Mul(BiasAdd(Conv2D(x, kernel), bias), scale)
      ──▶  y = BiasAdd(Conv2D(x, kernel * scale), bias * scale)

TensorFlow's own optimizer does this for ``Conv2D`` but not for ``DepthwiseConv2dNative`` or through a bias.
"""

from __future__ import annotations

import numpy as np

from edgekit.converters.graph.layers import ADDITIONS, channels, is_layer, operand_per_channel, scaled_kernel
from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node


def fold_scales(graph: Graph) -> Graph:
    """The graph without multiplications by constants that a layer's weights can take over."""
    view = View(graph)
    for node in graph.nodes:
        if is_layer(node):
            while _fold_next(view, view.nodes[node.name]):
                pass
    return view.graph()


def _fold_next(view: View, layer: Node) -> bool:
    """Folds the factors that follow; whether there were any."""
    count, kernel = channels(view, layer), view.value(layer.inputs[1])
    addition, follower = None, view.sole_user(layer.name)
    if follower is not None and follower.op in ADDITIONS:
        addition, follower = follower, view.sole_user(follower.name)
    if follower is None or follower.op != "Mul" or count is None or kernel is None:
        return False
    factors = operand_per_channel(view, follower, layer, count)
    bias = None if addition is None else operand_per_channel(view, addition, layer, count)
    if factors is None or (addition is not None and bias is None):
        return False
    kernel_name = view.put_constant(f"{layer.name}/kernel", scaled_kernel(kernel, layer, factors))
    view.put(layer.with_inputs((layer.inputs[0], kernel_name)))
    last = layer.name
    if addition is not None and bias is not None:
        bias_name = view.put_constant(f"{layer.name}/bias", np.asarray(bias * factors, np.float32))
        view.put(Node(addition.name, "BiasAdd", (layer.name, bias_name), {"T": layer.attrs["T"]}))
        last = addition.name
    view.redirect(follower.name, last)
    view.remove(follower.name)
    return True
