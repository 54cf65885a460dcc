"""What the passes ask of a graph: who made a tensor, who uses it, is it constant; and the edited graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from edgekit.tfjs.graph import CONST, Graph, Node, constant, split_tensor


class View:
    """A graph under edit; :meth:`graph` gives the edited one, and the one given stays as it was.

    Args:
        graph: to edit.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.nodes = {node.name: node for node in graph.nodes}
        self.weights = dict(graph.weights)
        self._users: dict[str, list[str]] = {}
        for node in graph.nodes:
            self._link(node)
        self._outputs = dict(graph.outputs)

    def maker(self, tensor: str) -> Node:
        """The node that a tensor is a result of."""
        return self.nodes[split_tensor(tensor)[0]]

    def value(self, tensor: str) -> NDArray[Any] | None:
        """The values of a constant tensor, ``None`` for any other."""
        node = self.nodes.get(tensor)
        return self.weights.get(tensor) if node is not None and node.op == CONST else None

    def shape(self, tensor: str) -> tuple[int | None, ...] | None:
        """Dimensions, where they are known."""
        value = self.value(tensor)
        return self._graph.shapes.get(tensor) if value is None else value.shape

    def sole_user(self, tensor: str) -> Node | None:
        """The node that alone uses this tensor; ``None`` where there are more, or it is an answer of the graph."""
        users = [node for node in self._users_of(tensor) if tensor in node.inputs]
        alone = len(users) == 1 and users[0].inputs.count(tensor) == 1 and tensor not in self._outputs.values()
        return users[0] if alone else None

    def is_used(self, tensor: str) -> bool:
        """Whether anything takes this tensor."""
        return tensor in self._outputs.values() or any(tensor in node.inputs for node in self._users_of(tensor))

    def put(self, node: Node) -> None:
        """Adds a node, or replaces the one of this name."""
        self.nodes[node.name] = node
        self._link(node)

    def put_constant(self, like: str, values: NDArray[Any]) -> str:
        """Adds a constant under a new name that begins with ``like``; returns its tensor."""
        name, count = like, 0
        while name in self.nodes or name in self.weights:
            count += 1
            name = f"{like}_{count}"
        self.put(constant(name, values))
        self.weights[name] = values
        return name

    def redirect(self, old: str, new: str) -> None:
        """Makes all users of the tensor ``old`` take ``new``."""
        for node in self._users_of(old):
            self.put(node.with_inputs(new if text == old else text for text in node.inputs))
        self._outputs = {name: new if text == old else text for name, text in self._outputs.items()}

    def remove(self, name: str) -> None:
        """Takes a node away that nothing uses any more, so that it does not count as a user itself."""
        del self.nodes[name]

    def graph(self) -> Graph:
        """The edited graph, without what nothing needs any more."""
        nodes = tuple(self.nodes.values())
        return drop_dead(replace(self._graph, nodes=nodes, weights=self.weights, outputs=self._outputs))

    def _users_of(self, tensor: str) -> list[Node]:
        return [self.nodes[name] for name in set(self._users.get(tensor, ())) if name in self.nodes]

    def _link(self, node: Node) -> None:
        for name in set(node.inputs):
            self._users.setdefault(name, []).append(node.name)


def drop_dead(graph: Graph) -> Graph:
    """The graph without nodes and weights that no output needs; its inputs always stay."""
    nodes = {node.name: node for node in graph.nodes}
    alive: set[str] = set()
    waiting = [split_tensor(name)[0] for name in (*graph.outputs.values(), *graph.inputs.values())]
    while waiting:
        name = waiting.pop()
        if name not in alive:
            alive.add(name)
            waiting.extend(split_tensor(tensor)[0] for tensor in nodes[name].inputs)
    kept = tuple(node for node in graph.nodes if node.name in alive)
    needed = {node.name for node in replace(graph, nodes=kept).all_nodes() if node.op == CONST}
    weights = {name: values for name, values in graph.weights.items() if name in needed}
    return replace(graph, nodes=kept, weights=weights)


def rename_tensors(graph: Graph, renamed: dict[str, str]) -> Graph:
    """The graph in which users of the tensors in ``renamed`` take the others."""

    def final(name: str) -> str:
        while name in renamed:
            name = renamed[name]
        return name

    nodes = tuple(node.with_inputs(final(name) for name in node.inputs) for node in graph.nodes)
    outputs = {name: final(tensor) for name, tensor in graph.outputs.items()}
    return drop_dead(replace(graph, nodes=nodes, outputs=outputs))
