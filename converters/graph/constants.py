"""Keeps equal weights once, and only in dtypes that TF.js has."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.graph.view import rename_tensors
from edgekit.errors import ConversionError
from edgekit.tfjs.graph import Graph, Node

_STORED = {"float64": "float32", "float16": "float32", "complex128": "complex64"}
_INTEGERS = frozenset({"int64", "uint64", "uint32", "uint16", "int16", "uint8", "int8"})


def narrow_weights(graph: Graph) -> Graph:
    """The graph with weights as TF.js computes: float32, int32, bool, complex64 and strings.

    Raises:
        ConversionError: an integer is too large for 32 bits.
    """
    return replace(graph, weights={name: _narrow(name, values) for name, values in graph.weights.items()})


def gather_weights(graph: Graph) -> Graph:
    """The graph with the weights of its functions among its own: TF.js has one table for the whole model."""
    weights = dict(graph.weights)
    functions = []
    for function in graph.functions:
        renamed = {name: f"{function.name}/{name}" for name in function.body.weights}
        weights |= {renamed[name]: values for name, values in function.body.weights.items()}
        functions.append(replace(function, body=_renamed(replace(function.body, weights={}), renamed)))
    return replace(graph, weights=weights, functions=tuple(functions))


def share_weights(graph: Graph) -> Graph:
    """The graph in which weights of the same dtype, shape and values are one, in functions, too."""
    first: dict[tuple[str, tuple[int, ...], str], str] = {}
    renamed: dict[str, str] = {}
    for name, values in graph.weights.items():
        shared = first.setdefault(_identity(values), name)
        if shared != name:
            renamed[name] = shared
    functions = tuple(replace(function, body=_renamed(function.body, renamed)) for function in graph.functions)
    kept = {name: values for name, values in graph.weights.items() if name not in renamed}
    return _renamed(replace(graph, functions=functions, weights=kept), renamed)


def _renamed(graph: Graph, renamed: dict[str, str]) -> Graph:
    """A weight is found by its node's name, so a node of that name must be in each graph that uses it."""
    present = {node.name for node in graph.nodes}
    nodes: list[Node] = []
    for node in graph.nodes:
        shared = renamed.get(node.name) if node.op == "Const" else None
        if shared is None:
            nodes.append(node)
        elif shared not in present:
            present.add(shared)
            nodes.append(replace(node, name=shared))
    return rename_tensors(replace(graph, nodes=tuple(nodes)), renamed)


def _identity(values: NDArray[Any]) -> tuple[str, tuple[int, ...], str]:
    content = repr(values.tolist()).encode() if values.dtype.kind in "SUO" else np.ascontiguousarray(values).tobytes()
    return str(values.dtype), values.shape, hashlib.sha256(content).hexdigest()


def _narrow(name: str, values: NDArray[Any]) -> NDArray[Any]:
    kind = values.dtype.name
    if kind in _STORED:
        return values.astype(_STORED[kind])
    if kind in _INTEGERS:
        limits = np.iinfo(np.int32)
        large = values[(values < limits.min) | (values > limits.max)]
        if large.size:
            raise ConversionError(
                f"The constant {name} holds {large[0]:,}, and TF.js has integers of 32 bits only. "
                "Use smaller numbers, or export to another format."
            )
        return values.astype(np.int32)
    return values
