"""Short names inside of a model.

Names that tf2onnx and the quantizer build up are a fifth of a small int8 file. Nodes keep the path of the layer
that they come from, which is what viewers show, without what TensorFlow puts before it; tensors are numbered.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from edgekit.onnxfile.graphs import all_graphs

_CALLS = re.compile(r"^(?:(?:Stateful)?PartitionedCall(?:_\d+)?/)+")
"""The functions that TensorFlow has wrapped around a layer."""

_COUNTER = re.compile(r"__\d+")
"""tf2onnx counts what it makes in a process, so the same model would have other names the next time."""

_NAMELESS = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""They stand beside the node that they belong to."""


def shorten_names(model: Any) -> None:
    """Renames nodes and tensors; inputs and outputs of the model keep their names."""
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    names = {name: name for name in ("", *kept)}
    numbers = (f"t{number}" for number in itertools.count())
    graphs = list(all_graphs(model.graph))
    for graph in graphs:
        for name in _tensors(graph):
            if name not in names:
                names[name] = next(new for new in numbers if new not in kept)
    layers: dict[str, int] = {}
    for graph in graphs:
        _rename(graph, names, layers)


def _tensors(graph: Any) -> list[str]:
    """In the order of their use: onnxruntime writes constants in any order."""
    used = [name for node in graph.node for name in (*node.input, *node.output)]
    return [*(value.name for value in graph.input), *used, *(tensor.name for tensor in graph.initializer)]


def _layer(node: Any, taken: dict[str, int]) -> str:
    """A name that no node has yet; onnxruntime refuses two of a name."""
    if node.op_type in _NAMELESS:
        return ""
    wanted = _COUNTER.sub("", _CALLS.sub("", node.name)).removesuffix(":0") or str(node.op_type)
    name, number = wanted, taken.get(wanted, 0) + 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken[wanted] = max(number, taken.get(wanted, 0))
    taken.setdefault(name, 1)
    return name


def _rename(graph: Any, names: Mapping[str, str], layers: dict[str, int]) -> None:
    del graph.value_info[:], graph.quantization_annotation[:]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names.get(value.name, value.name)
    in_order = sorted(graph.initializer, key=lambda tensor: (len(tensor.name), tensor.name))
    del graph.initializer[:]
    graph.initializer.extend(in_order)
    for node in graph.node:
        node.name = _layer(node, layers)
        node.doc_string = ""
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
