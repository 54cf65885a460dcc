"""Walking an ONNX graph with the graphs of its loops and branches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def all_graphs(graph: Any) -> Iterator[Any]:
    """A ``GraphProto`` and the graphs inside of its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from all_graphs(attribute.g)
            for inner in attribute.graphs:
                yield from all_graphs(inner)


def all_nodes(graph: Any) -> Iterator[Any]:
    """Every node of a ``GraphProto``, those of loops and branches too."""
    for part in all_graphs(graph):
        yield from part.node
