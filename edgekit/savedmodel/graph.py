"""The graph of a SavedModel as plain data: nodes, functions, and who calls whom."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Body:
    """The nodes of one function, or of the main graph.

    Attributes:
        name: of the function; empty for the main graph.
        arguments: of the function, in order; placeholders of the main graph are ordinary nodes.
        nodes: ``NodeDef`` by name.
    """

    name: str
    arguments: tuple[str, ...]
    nodes: Mapping[str, Any]

    def source(self, tensor: str) -> str:
        """The argument or node that an input comes from, past the operators that only pass it on."""
        seen: set[str] = set()
        name = producer(tensor)
        while name in self.nodes and self.nodes[name].op == "Identity" and name not in seen:
            seen.add(name)
            name = producer(self.nodes[name].input[0]) if self.nodes[name].input else ""
        return name

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """The nodes that the named ones need, themselves included."""
        found: set[str] = set()
        waiting = [producer(name) for name in names]
        while waiting:
            name = waiting.pop()
            if name in self.nodes and name not in found:
                found.add(name)
                waiting += [producer(tensor) for tensor in self.nodes[name].input]
        return found


def producer(tensor: str) -> str:
    """``conv`` for ``conv:0``, ``conv:output:0`` or ``^conv``."""
    return tensor.removeprefix("^").partition(":")[0]


def read_bodies(graph_def: Any) -> tuple[Body, dict[str, Body]]:
    """The main graph, and its functions by name, in the order in which TensorFlow made and numbered them.

    In the file they stand in the order of a hash table, so that what is found first would change from one
    save of the same model to the next.

    Raises:
        ValueError: a name stands for two things, so what is checked might not be what runs.
    """
    functions: dict[str, Body] = {}
    for function in graph_def.library.function:
        name = function.signature.name
        if name in functions:
            raise ValueError(f"two functions are called {name}")
        functions[name] = _body(name, (argument.name for argument in function.signature.input_arg), function.node_def)
    return _body("", (), graph_def.node), {name: functions[name] for name in sorted(functions, key=_numbered)}


def _numbered(name: str) -> tuple[int, str]:
    """``__inference_call_9`` comes before ``__inference_again_10``."""
    digits = re.search(r"\d+$", name)
    return int(digits[0]) if digits else 0, name


def _body(name: str, arguments: Iterable[str], nodes: Iterable[Any]) -> Body:
    arguments, nodes = tuple(arguments), tuple(nodes)
    names = Counter((*arguments, *(node.name for node in nodes)))
    if twice := next((key for key, times in names.items() if times > 1), None):
        raise ValueError(f"two nodes {f'of the function {name} ' if name else ''}are called {twice}")
    return Body(name, arguments, {node.name: node for node in nodes})


def called_by(node: Any, functions: Mapping[str, Body]) -> Iterator[str]:
    """The names of the functions that a node calls."""
    if node.op in functions:
        yield node.op
    for value in node.attr.values():
        for named in (value.func, *value.list.func):
            if named.name in functions:
                yield named.name


def reachable(roots: Iterable[str], functions: Mapping[str, Body]) -> set[str]:
    """The functions that running the given ones can run, themselves included."""
    found: set[str] = set()
    waiting = [name for name in roots if name in functions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [called for node in functions[name].nodes.values() for called in called_by(node, functions)]
    return found
