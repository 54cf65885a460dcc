"""Makes one operation of a layer, its bias and its activation, as TF.js' kernels have them.

::

    y = Relu6(BiasAdd(Conv2D(x, kernel), bias))
      ──▶  y = _FusedConv2D(x, kernel, bias) {fused_ops: [BiasAdd, Relu6], num_args: 1}

Which operations and attributes: ``convolution_executor.ts`` and ``matrices_executor.ts`` of
``tfjs-converter`` 4.22. Which activations: ``FusableActivation`` of the WebAssembly backend
(``tfjs-backend-wasm/src/kernels/types.ts``), ``mapActivationToShaderProgram`` of the WebGL backend and
``applyActivation`` of ``tfjs-core``; all three have the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgekit.converters.graph.layers import ADDITIONS, DEPTHWISE, channels, is_layer, operand_per_channel
from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node, strings

FUSED = {"Conv2D": "_FusedConv2D", DEPTHWISE: "FusedDepthwiseConv2dNative", "MatMul": "_FusedMatMul"}

_ACTIVATIONS = frozenset({"Relu", "Relu6", "Elu", "Sigmoid", "LeakyRelu"})
_DEFAULT_ALPHA = 0.2
"""Of ``LeakyRelu``, ``tensorflow/core/ops/nn_ops.cc``."""


def fuse_layers(graph: Graph) -> Graph:
    """The graph with fused layers wherever a bias follows; an activation alone is not fused by TF.js."""
    view = View(graph)
    for node in graph.nodes:
        if is_layer(node):
            _fuse(view, node)
    return view.graph()


def _fuse(view: View, layer: Node) -> None:
    count, addition = channels(view, layer), view.sole_user(layer.name)
    if count is None or addition is None or addition.op not in ADDITIONS:
        return
    bias = operand_per_channel(view, addition, layer, count)
    if bias is None:
        return
    bias_name = view.put_constant(f"{layer.name}/bias", bias.astype(np.float32))
    inputs, fused, attrs, last = (*layer.inputs, bias_name), ["BiasAdd"], dict(layer.attrs), addition
    activation = view.sole_user(addition.name)
    if activation is not None:
        more = _activation(view, activation, addition.name, count)
        if more is not None:
            inputs, last = (*inputs, *more[0]), activation
            fused.append(activation.op)
            attrs |= more[1]
    attrs |= {"fused_ops": strings(fused), "num_args": {"i": str(len(inputs) - len(layer.inputs))}}
    for part in (layer, addition):
        view.remove(part.name)
    view.put(Node(last.name, FUSED[layer.op], inputs, attrs))


def _activation(view: View, node: Node, source: str, count: int) -> tuple[tuple[str, ...], Mapping[str, Any]] | None:
    """More inputs and attributes for a fused activation; ``None`` where it cannot be fused."""
    if node.op == "Prelu" and node.inputs[0] == source:
        alpha = view.value(node.inputs[1])
        # The kernels take one value for each channel.
        return None if alpha is None or alpha.size != count else ((node.inputs[1],), {})
    if node.op not in _ACTIVATIONS:
        return None
    alpha = node.attrs.get("alpha", {"f": _DEFAULT_ALPHA})
    return (), {"leakyrelu_alpha": alpha} if node.op == "LeakyRelu" else {}
