"""Calls of functions in a TensorFlow graph, replaced by what they call.

Keras compiles a few functions of its own with XLA (a convolution with groups), and TensorFlow never inlines
these. tf2onnx does not look into functions, those of loops and branches apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})

_KEPT_APART = ("_noinline", "_XlaMustCompile")
"""Attributes of a function, and of a call of it, that keep it from being inlined."""


def inline_calls(graph_def: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    """A ``GraphDef`` without calls; loops and branches stay functions.

    Args:
        graph_def: as TensorFlow saved it; it is left as it is.
        inputs: names of the tensors (``image:0``).
        outputs: likewise.
    """
    if not any(node.op in CALLS for nodes in _bodies(graph_def) for node in nodes):
        return graph_def
    from tensorflow.core.framework import graph_pb2
    from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
    from tensorflow.python.grappler import tf_optimizer

    opened = graph_pb2.GraphDef.FromString(graph_def.SerializeToString())
    for entry in (*opened.library.function, *(node for nodes in _bodies(opened) for node in nodes)):
        for name in _KEPT_APART:
            entry.attr.pop(name, None)
    meta = meta_graph_pb2.MetaGraphDef(graph_def=opened)
    # Grappler removes what leads nowhere, so it has to know where the graph begins and ends.
    meta.collection_def["train_op"].node_list.value.extend([*inputs, *outputs])
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers.append("function")
    config.graph_options.rewrite_options.min_graph_nodes = -1  # small graphs too
    return tf_optimizer.OptimizeGraph(config, meta)


def _bodies(graph_def: Any) -> list[Any]:
    return [graph_def.node, *(function.node_def for function in graph_def.library.function)]
