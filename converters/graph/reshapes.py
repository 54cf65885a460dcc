"""Writes a reshape's target down where only one of its sizes is computed, mostly the batch.

::

    y = Reshape(x, Pack(StridedSlice(Shape(x), 0), 4, 8))  ──▶  y = Reshape(x, [-1, 4, 8])

A reshape keeps the number of elements, so the one size follows from the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node


def write_down_reshapes(graph: Graph) -> Graph:
    """The graph with fewer computed shapes."""
    view = View(graph)
    for node in graph.nodes:
        if node.op == "Reshape" and view.value(node.inputs[1]) is None:
            target = _known(view.shape(node.name)) or _packed(view, view.maker(node.inputs[1]))
            if target is not None:
                name = view.put_constant(f"{node.name}/shape", np.array(target, np.int32))
                view.put(node.with_inputs((node.inputs[0], name)))
    return view.graph()


def _known(shape: tuple[int | None, ...] | None) -> list[int] | None:
    return None if shape is None else _with_one_open(shape)


def _packed(view: View, pack: Node) -> list[int] | None:
    if pack.op != "Pack":
        return None
    parts = [view.value(name) for name in pack.inputs]
    if any(part is not None and part.size != 1 for part in parts):
        return None
    return _with_one_open([None if part is None else int(part.reshape(())) for part in parts])


def _with_one_open(sizes: Sequence[int | None]) -> list[int] | None:
    """The target of a reshape; ``None`` where more than one size is not known, or one is 0."""
    if sum(size is None for size in sizes) > 1 or any(size is not None and size < 1 for size in sizes):
        return None
    return [-1 if size is None else size for size in sizes]
