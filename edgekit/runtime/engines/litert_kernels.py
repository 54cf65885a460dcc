"""Which kernels really run: read from the interpreter's graph, not from what it announces.

XNNPACK can silently not start (no usable processor description), or take over only a part of the
graph. When it takes over operators, the interpreter appends a node called ``DELEGATE`` that stands
for them; XNNPACK is the only delegate that the interpreter applies by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DELEGATE = "DELEGATE"


@dataclass(frozen=True)
class Node:
    """One node of the interpreter's main graph; inputs and outputs are tensor indices."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def count_nodes(interpreter: Any) -> int | None:
    """How many operators the model has: asked before tensors are allocated, when no delegate has come."""
    try:
        return int(interpreter._interpreter.NumNodes())
    except Exception:  # not a public function: a version without it must still run models
        return None


def read_nodes(interpreter: Any) -> list[Node]:
    """All nodes, those of delegates last; empty where the interpreter does not tell."""
    try:
        inner = interpreter._interpreter
        return [
            Node(inner.NodeName(i), tuple(inner.NodeInputs(i).tolist()), tuple(inner.NodeOutputs(i).tolist()))
            for i in range(inner.NumNodes())
        ]
    except Exception:  # as above
        return []


def count_delegated(nodes: Sequence[Node], operators: int) -> int:
    """How many of the first ``operators`` nodes are for certain replaced by the delegates after them.

    Those are the operators between a delegate's outputs and its inputs. An operator without
    outputs is not counted, so this never claims too much.
    """
    producers = {tensor: index for index, node in enumerate(nodes[:operators]) for tensor in node.outputs}
    replaced: set[int] = set()
    for delegate in nodes[operators:]:
        if delegate.name != _DELEGATE:
            continue
        waiting = list(delegate.outputs)
        while waiting:
            index = producers.get(waiting.pop())
            if index is not None and index not in replaced:
                replaced.add(index)
                waiting.extend(set(nodes[index].inputs) - set(delegate.inputs))
    return len(replaced)


def describe_kernels(nodes: Sequence[Node], operators: int | None) -> str:
    """``XNNPACK``, ``builtin``, both with their share, or ``unknown``."""
    if operators is None or not nodes:
        return "unknown"
    delegated = count_delegated(nodes, operators)
    if delegated == 0:
        return "builtin"
    if delegated == operators:
        return "XNNPACK"
    return f"XNNPACK ({delegated} of {operators} operators), builtin"
