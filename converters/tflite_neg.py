"""``Neg`` as ``Mul`` by -1 in a saved program: the same numbers, and TFLite has an integer kernel for it.

    y = Neg(x)    becomes    y = Mul(x, -1)

Keras' normalization layers subtract a mean that way. TensorFlow's quantizer leaves ``NEG`` in floating point.
The one of GELU, ``x / 2 * erfc(-x / sqrt(2))``, stays: TensorFlow's converter makes one operator of the whole,
and knows it by its ``Neg``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

_GRAPH = "saved_model.pb"


def without_neg(folder: Path, work: Path) -> Path:
    """A SavedModel that negates no float32 numbers: a copy, or the folder itself where it has no ``Neg``.

    Args:
        folder: a SavedModel.
        work: where a copy may go, a folder that is there.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / _GRAPH).read_bytes())
    graphs = [meta.graph_def for meta in saved.meta_graphs]
    functions = [function for graph in graphs for function in graph.library.function]
    found = [_replace(graph.node) for graph in graphs]
    found += [_replace(function.node_def, function.ret) for function in functions]
    if not any(found):
        return folder
    copy = work / "without-neg"
    shutil.copytree(folder, copy)
    (copy / _GRAPH).write_bytes(saved.SerializeToString())
    return copy


def _replace(nodes: Any, returned: Any = None) -> int:
    """Replaces in place; answers how many.

    Args:
        nodes: of a graph or a function.
        returned: of a function, its results' names to tensors.
    """
    from tensorflow.core.framework.types_pb2 import DT_FLOAT

    of_gelu = _before(nodes, _before(nodes, {node.name for node in nodes if node.op == "Erfc"}))
    negations = [
        node for node in nodes if node.op == "Neg" and node.attr["T"].type == DT_FLOAT and node.name not in of_gelu
    ]
    for node in negations:
        minus_one = nodes.add(name=f"{node.name}/minus_one", op="Const", device=node.device)
        minus_one.attr["dtype"].type = DT_FLOAT
        minus_one.attr["value"].tensor.dtype = DT_FLOAT
        minus_one.attr["value"].tensor.tensor_shape.SetInParent()
        minus_one.attr["value"].tensor.float_val.append(-1.0)
        node.op = "Mul"
        node.input.insert(1, minus_one.name if returned is None else f"{minus_one.name}:output:0")
    if returned is not None:  # inside a function, tensors have their outputs' names: y of Neg, z of Mul
        renamed = {f"{node.name}:y:0": f"{node.name}:z:0" for node in negations}
        for node in nodes:
            for place, name in enumerate(node.input):
                node.input[place] = renamed.get(name, name)
        for name, tensor in returned.items():
            returned[name] = renamed.get(tensor, tensor)
    return len(negations)


def _before(nodes: Any, names: set[str]) -> set[str]:
    """Names of the nodes whose outputs the named ones take."""
    return {name.split(":")[0] for node in nodes if node.name in names for name in node.input}
