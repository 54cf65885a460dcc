"""Which whole numbers a model can be tried with.

An id that no table has ends in an error, or in whatever lies behind the table; always the same id proves
nothing. So the graph is searched for what looks something up by an input.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.api.model import Model
from edgekit.errors import EdgeKitError
from edgekit.program import load_graph
from edgekit.spec import TensorSpec

Range = tuple[float, float]

_LOOKUPS = {"Gather": (0, 1), "GatherV2": (0, 1), "ResourceGather": (0, 1), "GatherNd": (0, 1), "OneHot": (None, 0)}
"""Operations to the places of table and indices among their inputs."""

_LOOPS = frozenset({"While", "StatelessWhile", "If", "StatelessIf", "Case", "PartitionedCall"})
"""Whose functions are not searched."""

_SMALL = 8


def integer_ranges(model: Model) -> dict[str, tuple[Range, ...]]:
    """Ranges to try, by the names of inputs of whole numbers or flags that have none in the spec, the widest first.

    They are guesses: where a computed number is looked up, or a size is made of one, the model may fail on the first.
    """
    unknown = [tensor for tensor in model.spec.inputs if tensor.value_range is None and _is_whole(tensor)]
    if not unknown:
        return {}
    sizes = {} if all(np.dtype(tensor.dtype).kind == "b" for tensor in unknown) else _table_sizes(model)
    return {tensor.name: _candidates(tensor, sizes) for tensor in unknown}


def _is_whole(tensor: TensorSpec) -> bool:
    return np.dtype(tensor.dtype).kind in "biu"


def _candidates(tensor: TensorSpec, sizes: dict[str, int | None] | None) -> tuple[Range, ...]:
    dtype = np.dtype(tensor.dtype)
    if dtype.kind == "b":
        return ((0.0, 1.0),)
    if sizes is None or (tensor.name in sizes and sizes[tensor.name] is None):
        return ((0.0, 1.0),)  # which all but the smallest tables have
    size = sizes.get(tensor.name)
    if size is not None:
        return ((0.0, float(size - 1)), (0.0, float(min(1, size - 1))))
    if dtype == np.uint8:  # pixels mostly
        return ((0.0, 255.0), (0.0, 1.0))
    return ((0.0 if dtype.kind == "u" else -float(_SMALL), float(_SMALL)), (1.0, float(_SMALL)), (0.0, 1.0))


def _table_sizes(model: Model) -> dict[str, int | None] | None:
    """Of each input that something is looked up by: the least size of the tables, ``None`` where it cannot be told.

    ``None`` altogether where the graph cannot be had; the export will say why.
    """
    with tempfile.TemporaryDirectory(prefix="edgekit-") as folder:
        try:
            graph = load_graph(model.freeze(Path(folder) / "program", None))
        except EdgeKitError:
            return None
        found = {}
        for tensor, name in zip(model.spec.inputs, graph.inputs, strict=True):
            tables = _tables(graph.function.graph.get_tensor_by_name(name))
            if tables:
                found[tensor.name] = None if None in tables else min(size for size in tables if size is not None)
        return found


def _tables(start: Any) -> list[int | None]:
    """The sizes of all that is looked up by a tensor, or by whole numbers that are computed of it."""
    found: list[int | None] = []
    waiting, seen = [start], {start.name}
    while waiting:
        tensor = waiting.pop()
        for operation in tensor.consumers():
            table, indices = _LOOKUPS.get(operation.type, (None, None))
            if indices is not None and operation.inputs[indices] is tensor:
                found.append(_size(operation, table))
                continue
            if operation.type in _LOOPS:
                found.append(None)
                continue
            for output in operation.outputs:
                whole = output.dtype.is_integer or (operation.type == "Cast" and output.dtype.is_floating)
                if whole and output.name not in seen:
                    seen.add(output.name)
                    waiting.append(output)
    return found


def _size(operation: Any, table: int | None) -> int | None:
    """How many entries a lookup has; ``None`` where that is known in a run only."""
    import tensorflow as tf

    if table is None:
        depth = tf.get_static_value(operation.inputs[1])
        return None if depth is None else max(1, int(depth))
    shape = operation.inputs[table].shape
    axis = tf.get_static_value(operation.inputs[2]) if operation.type == "GatherV2" else 0
    if shape.rank is None or axis is None:
        return None
    if operation.type == "GatherNd":
        depth = operation.inputs[1].shape[-1] if operation.inputs[1].shape.rank else None
        sizes = [None] if depth is None else shape.as_list()[:depth]
        return None if None in sizes or not sizes else min(sizes)
    size = shape.as_list()[int(axis)]
    return None if not size else int(size)
