"""Gives bounds of 64 bits that nothing of 32 bits reaches a value of 32 bits that does the same.

::

    y = Minimum(x, 9223372036854775807)             ──▶  y = Minimum(x, 2147483647)
    y = StridedSlice(x, 0, 9223372036854775807, 1)  ──▶  y = StridedSlice(x, 0, 2147483647, 1)

TF.js has integers of 32 bits only, so no value lies beyond such a bound, and no tensor is longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node

SMALLEST, LARGEST = int(np.iinfo(np.int32).min), int(np.iinfo(np.int32).max)


class _Cut(NamedTuple):
    """From where on a constant operand may be cut; ``None`` where a value beyond would be an answer."""

    below: int | None
    above: int | None


_BOTH = _Cut(SMALLEST, LARGEST)
_UPPER, _LOWER = _Cut(None, LARGEST), _Cut(SMALLEST, None)

_PLACES: Mapping[str, Mapping[int, _Cut]] = {
    "Minimum": {0: _UPPER, 1: _UPPER},
    "Maximum": {0: _LOWER, 1: _LOWER},
    "ClipByValue": {1: _LOWER, 2: _UPPER},
    "StridedSlice": {1: _BOTH, 2: _BOTH, 3: _BOTH},
}
"""Operation to its operands that are bounds. Sizes of tensors are below 2**31."""


def cut_bounds(graph: Graph) -> Graph:
    """The graph with fewer constants beyond 32 bits."""
    view = View(graph)
    for node in graph.nodes:
        if node.op in _PLACES:
            view.put(node.with_inputs(_cut(view, node, place) for place in range(len(node.inputs))))
    return view.graph()


def _cut(view: View, node: Node, place: int) -> str:
    tensor = node.inputs[place]
    values, cut = view.value(tensor), _PLACES[node.op].get(place)
    if cut is None or values is None or values.dtype.kind not in "iu" or values.dtype.itemsize < 8:
        return tensor
    bounded = np.clip(values, cut.below, cut.above)
    if np.array_equal(bounded, values):
        return tensor
    # A constant of its own: elsewhere the same one may be a value.
    return view.put_constant(f"{tensor}/bound", np.asarray(bounded, values.dtype))
