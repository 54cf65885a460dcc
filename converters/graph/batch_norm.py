"""Turns batch normalization of known statistics into a multiplication and an addition.

::

    y = FusedBatchNormV3(x, scale, offset, mean, variance)
      ──▶  y = AddV2(Mul(x, scale / sqrt(variance + epsilon)), offset - mean * scale / sqrt(variance + epsilon))

Both then fold into the convolution before. Keras 3 writes this form itself; graphs of Keras 2 have the op.
"""

from __future__ import annotations

import numpy as np

from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node, read_bool, read_string, tensor

_BATCH_NORMS = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
_DEFAULT_EPSILON = 1e-4
"""Of the op, ``tensorflow/core/ops/nn_ops.cc``."""


def decompose_batch_norms(graph: Graph) -> Graph:
    """The graph without ``FusedBatchNorm`` of constant statistics over the last axis."""
    view = View(graph)
    for node in graph.nodes:
        if node.op not in _BATCH_NORMS or read_bool(node.attrs.get("is_training")):
            continue
        if read_string(node.attrs.get("data_format"), "NHWC") not in ("NHWC", "NDHWC"):
            continue
        values = [view.value(name) for name in node.inputs[1:5]]
        if any(view.is_used(tensor(node.name, index)) for index in range(1, 6)) or any(v is None for v in values):
            continue
        scale, offset, mean, variance = (np.asarray(v, np.float64) for v in values)
        factor = scale / np.sqrt(variance + float(node.attrs.get("epsilon", {}).get("f", _DEFAULT_EPSILON)))
        kind = {"T": node.attrs["T"]}
        multiplied = view.put_constant(f"{node.name}/scale", factor.astype(np.float32))
        added = view.put_constant(f"{node.name}/offset", (offset - mean * factor).astype(np.float32))
        view.put(Node(f"{node.name}/mul", "Mul", (node.inputs[0], multiplied), kind))
        view.put(Node(node.name, "AddV2", (f"{node.name}/mul", added), kind))
    return view.graph()
