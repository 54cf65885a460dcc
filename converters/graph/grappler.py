"""TensorFlow's own graph optimizer, with what it needs to know. Needs TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OPTIMIZERS = ("pruning", "constfold", "dependency", "pruning", "constfold", "dependency")
"""Twice, since each makes work for the others. Without ``arithmetic``, which the reference converter has too
(``optimize_graph`` in ``tensorflowjs/converters/tf_saved_model_conversion_v2.py``): it gathers a residual
block's additions in one ``AddN`` and so parts a convolution from its bias, which then cannot be fused.
``remap`` makes no fused convolution here."""


def optimize(graph_def: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Any:
    """Folds constants, simplifies arithmetic and removes what is not needed.

    Args:
        graph_def: a frozen ``GraphDef``.
        inputs: name to tensor (``image:0``).
        outputs: likewise.

    Returns:
        A new ``GraphDef`` that computes the same.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.grappler import tf_optimizer
    from tensorflow.python.training.saver import export_meta_graph

    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    meta_graph = export_meta_graph(graph_def=graph_def, graph=graph)
    # Without name, dtype and shape of each tensor the optimizer ends the process.
    signature = meta_graph.signature_def["serving_default"]
    for infos, tensors in ((signature.inputs, inputs), (signature.outputs, outputs)):
        for name, text in tensors.items():
            tensor = graph.get_tensor_by_name(text)
            infos[name].name = text
            infos[name].dtype = tensor.dtype.as_datatype_enum
            infos[name].tensor_shape.CopyFrom(tensor.shape.as_proto())
    config = config_pb2.ConfigProto()
    rewrites = config.graph_options.rewrite_options
    rewrites.optimizers[:] = _OPTIMIZERS
    # A graph this small is skipped otherwise; there is always something to fold.
    rewrites.min_graph_nodes = -1
    return tf_optimizer.OptimizeGraph(config, meta_graph, cluster=_processor())


def _processor() -> Any:
    """A machine to optimize for. Without one the optimizer looks for the devices of this process."""
    from tensorflow.core.protobuf import device_properties_pb2
    from tensorflow.python.grappler import cluster

    device = device_properties_pb2.NamedDevice()
    device.name = "/CPU:0"
    device.properties.type = "CPU"
    return cluster.Cluster(devices=[device])
