"""Gives an answer a node of its own where TF.js could not tell it from another one.

::

    outputs: a = Split(x):0, b = Split(x):1  ──▶  outputs: a = Split(x):0, b = Identity(Split(x):1)

TF.js' executor finds an answer by the name of its node, and two answers by two names.
"""

from __future__ import annotations

from dataclasses import replace

from edgekit.tfjs.graph import CONST, PLACEHOLDER, Graph, Node


def distinct_outputs(graph: Graph) -> Graph:
    """The model's graph with a node for each answer, which is neither an input nor a weight."""
    return _distinct(graph, frozenset({PLACEHOLDER, CONST}), shared=False)


def distinct_results(body: Graph) -> Graph:
    """A function's body: an argument may be handed on, but a weight would be freed with the results."""
    return _distinct(body, frozenset({CONST}), shared=True)


def _distinct(graph: Graph, not_as_they_are: frozenset[str], *, shared: bool) -> Graph:
    makers = {node.name: node for node in graph.nodes}
    taken: set[str] = set()
    outputs: dict[str, str] = {}
    added: dict[str, Node] = {}
    for name, result in graph.outputs.items():
        maker = makers.get(result)
        if maker is None or maker.op in not_as_they_are or (result in taken and not shared):
            copy, count = f"{name}_output", 0
            while copy in makers or copy in added:
                count += 1
                copy = f"{name}_output_{count}"
            added[copy] = Node(copy, "Identity", (result,))
            result = copy
        taken.add(result)
        outputs[name] = result
    return replace(graph, nodes=(*graph.nodes, *added.values()), outputs=outputs)
