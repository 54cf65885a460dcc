"""What of a graph's integers TF.js cannot hold: it has those of 32 bits only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgekit.errors import ConversionError
from edgekit.tfjs.graph import CONST, Graph, Node, read_type, split_tensor

_LIMITS = np.iinfo(np.int32)

_SEEDS = frozenset({"seed", "seed2"})
"""Attributes of 64 bits of which any will do."""

_ARITHMETIC = frozenset(
    [
        "Add",
        "AddV2",
        "AddN",
        "BiasAdd",
        "Sub",
        "Mul",
        "Pow",
        "Square",
        "SquaredDifference",
        "Sum",
        "Prod",
        "Cumsum",
        "Cumprod",
        "MatMul",
        "BatchMatMulV2",
    ]
)
"""Operations whose results may be larger than what they take."""

_SIZES = frozenset({"Shape", "ShapeN", "Size", "Rank"})

_OTHERS = frozenset({"DT_INT8", "DT_UINT8", "DT_INT16", "DT_UINT16", "DT_UINT32", "DT_INT64", "DT_UINT64"})
"""Integers that TF.js computes as if they were int32."""


def check_attributes(graph: Graph) -> None:
    """Refuses whole numbers in attributes, as of a hash table's size, that TF.js would cut.

    Raises:
        ConversionError: there is one; the sentence names the node.
    """
    for node in graph.all_nodes():
        for name, attribute in node.attrs.items():
            large = [value for value in _numbers(attribute) if not _LIMITS.min <= value <= _LIMITS.max]
            if large and name not in _SEEDS:
                raise ConversionError(
                    f"The operation {node.name} ({node.op}) has {name} = {large[0]:,}, and TF.js has integers of "
                    "32 bits only. Use a smaller number, or export to another format."
                )


def computed_integers(graph: Graph) -> tuple[str, ...]:
    """The operations that compute integers of other than 32 bits from the model's inputs, by node name.

    Their results can lie where those of 32 bits are others; sizes of tensors cannot.
    """
    found = []
    for body in (graph, *(function.body for function in graph.functions)):
        sizes = _of_sizes(body)
        found += [node.name for node in body.nodes if _may_overflow(node) and node.name not in sizes]
    return tuple(found)


def _numbers(attribute: Any) -> Iterator[int]:
    if isinstance(attribute, dict):
        yield from (int(value) for value in (attribute.get("i"), *_list(attribute)) if value is not None)


def _list(attribute: dict[str, Any]) -> list[Any]:
    listed = attribute.get("list")
    return list(listed.get("i", ())) if isinstance(listed, dict) else []


def _may_overflow(node: Node) -> bool:
    if node.op == "Cast":  # of a real number, or into fewer bits
        return read_type(node.attrs.get("DstT")) in _OTHERS and not _widens(node)
    return node.op in _ARITHMETIC and read_type(node.attrs.get("T")) in _OTHERS


def _widens(node: Node) -> bool:
    source, target = (read_type(node.attrs.get(name)) for name in ("SrcT", "DstT"))
    return source in ("DT_BOOL", "DT_INT32", *_OTHERS) and target == "DT_INT64"


def _of_sizes(body: Graph) -> frozenset[str]:
    """The nodes that depend on nothing but sizes of tensors and constants; nodes may stand in any order."""
    known = {node.name: node.op in _SIZES or node.op == CONST for node in body.nodes}
    inner = [node for node in body.nodes if node.inputs and node.op not in _SIZES]
    changed = True
    while changed:
        changed = False
        for node in inner:
            if not known[node.name] and all(known.get(split_tensor(name)[0], False) for name in node.inputs):
                known[node.name] = changed = True
    return frozenset(name for name, sized in known.items() if sized)
