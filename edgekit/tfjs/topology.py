"""Reading the graph of a foreign ``model.json``, with every reference checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from edgekit.tfjs.fields import objects, refuse, take, texts
from edgekit.tfjs.graph import CONST, PLACEHOLDER, Function, Graph, Node, split_tensor
from edgekit.tfjs.weights import WeightEntry

_TENSOR = re.compile(r"[^:]+((:[^:]+)?:[0-9]{1,9})?")
"""``NAME``, ``NAME:INDEX`` or, in functions, ``NAME:RESULT:INDEX``."""

_STORED: Mapping[Any, str] = MappingProxyType(
    {
        "DT_FLOAT": "float32",
        "DT_HALF": "float32",
        "DT_DOUBLE": "float32",
        "DT_INT32": "int32",
        "DT_INT64": "int32",
        "DT_BOOL": "bool",
        "DT_COMPLEX64": "complex64",
        "DT_STRING": "string",
    }
)
"""TensorFlow's dtype to the one that its weights are stored in, of those that every converter stores alike
(``_auto_convert_weight_entry`` in ``tensorflowjs/write_weights.py``, 4.22)."""


def read_graph(document: Any, weights: Mapping[str, WeightEntry], name: str) -> Graph:
    """The ``modelTopology`` and the ``signature``; the graph's :attr:`~Graph.weights` stay empty.

    Raises:
        ModelFileError: a node takes what no node gives, a constant has no weight, or the signature names
            what is not there.
    """
    topology = take(document, "modelTopology", dict, name)
    take(topology, "versions", dict, name)
    nodes = _read_nodes(objects(topology, "node", name), weights, name)
    functions = tuple(
        _read_function(item, weights, name)
        for item in objects(take(topology, "library", dict, name, {}), "function", name, optional=True)
    )
    _check_inputs(nodes, (), name)
    metadata = document.get("userDefinedMetadata")
    signature = metadata.get("signature") if isinstance(metadata, dict) else None
    signature = signature or document.get("signature") or {}
    makers = {node.name for node in nodes}
    inputs = _read_tensors(signature, "inputs", makers, name)
    outputs = _read_tensors(signature, "outputs", makers, name)
    used = {split_tensor(text)[0] for node in nodes for text in node.inputs}
    return Graph(
        nodes=nodes,
        inputs=inputs or {node.name: node.name for node in nodes if node.op == PLACEHOLDER},
        outputs=outputs or {node.name: node.name for node in nodes if node.name not in used},
        functions=functions,
    )


def _read_nodes(found: list[dict[str, Any]], weights: Mapping[str, WeightEntry], name: str) -> tuple[Node, ...]:
    nodes: dict[str, Node] = {}
    for item in found:
        label = take(item, "name", str, name)
        if label in nodes:
            refuse(name, f"it has two nodes of the name {label!r}")
        inputs = (_read_tensor(text, name) for text in texts(item, "input", name, optional=True))
        node = Node(label, take(item, "op", str, name), tuple(inputs), take(item, "attr", dict, name, {}))
        if node.op == CONST:
            _check_constant(node, weights, name)
        nodes[label] = node
    return tuple(nodes.values())


def _check_constant(node: Node, weights: Mapping[str, WeightEntry], name: str) -> None:
    if node.name not in weights:
        refuse(name, f"the constant {node.name!r} has no weight")
    declared, stored = node.attrs.get("dtype"), weights[node.name].dtype
    expected = _STORED.get(declared.get("type")) if isinstance(declared, dict) else None
    if expected not in (None, stored):
        refuse(name, f"the constant {node.name!r} is of {expected}, but its weight of {stored}")


def _read_function(item: dict[str, Any], weights: Mapping[str, WeightEntry], name: str) -> Function:
    signature = take(item, "signature", dict, name)
    label = take(signature, "name", str, name)
    where = f"{name} (function {label!r})"
    arguments = [take(one, "name", str, where) for one in objects(signature, "inputArg", where, optional=True)]
    results = [take(one, "name", str, where) for one in objects(signature, "outputArg", where, optional=True)]
    kinds = {one["name"]: str(one.get("type", "")) for one in objects(signature, "outputArg", where, optional=True)}
    nodes = _read_nodes(objects(item, "nodeDef", where, optional=True), weights, where)
    _check_inputs(nodes, arguments, where)
    ret = take(item, "ret", dict, where, {})
    outputs = {result: _read_tensor(take(ret, result, str, where), where) for result in results}
    known = {*(node.name for node in nodes), *arguments}
    for text in outputs.values():
        if _node_of(text) not in known:
            refuse(where, f"it answers {text!r}, which no node gives")
    return Function(label, Graph(nodes, {one: one for one in arguments}, outputs), kinds)


def _check_inputs(nodes: tuple[Node, ...], arguments: Iterable[str], name: str) -> None:
    known = {*(node.name for node in nodes), *arguments}
    for node in nodes:
        for text in node.inputs:
            if _node_of(text) not in known:
                refuse(name, f"the node {node.name!r} takes {text!r}, which no node gives")


def _read_tensors(signature: Any, key: str, makers: set[str], name: str) -> dict[str, str]:
    if not isinstance(signature, dict):
        refuse(name, "its signature is not an object")
    found = {}
    for label, info in take(signature, key, dict, name, {}).items():
        if isinstance(info, dict) and "resourceId" in info:  # a table that the model itself fills
            continue
        text = _read_tensor(take(info, "name", str, name), name)
        if _node_of(text) not in makers:
            refuse(name, f"its signature names the tensor {text!r}, which no node gives")
        found[label] = text
    return found


def _read_tensor(text: str, name: str) -> str:
    text = text.removeprefix("^")
    if not _TENSOR.fullmatch(text):
        refuse(name, f"{text!r} is no name of a tensor")
    return text


def _node_of(text: str) -> str:
    return text.partition(":")[0]
