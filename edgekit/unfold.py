"""Ops of preprocessing layers that runtimes lack, written out as plain arithmetic when a program is frozen.

Tables of whole numbers (``IntegerLookup``). A hash table is a resource beside the graph: it cannot be folded in as
variables are, and no runtime on a device has one. What is in it is known::

    before   found = LookupTableFindV2(table, numbers, default)

    after    ones  = Cast(Equal(numbers[..., None], keys))     # (..., entries), at most one in each row
             found = Sum(ones * values) + (1 - Sum(ones)) * default

Counts (``CategoryEncoding``, and the output modes ``multi_hot`` and ``count``)::

    before   counts = DenseBincount(numbers, size, weights=[])

    after    counts = Sum(Cast(Equal(numbers[..., None], Range(size))), -2)    # Max for binary_output

Needs TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgekit.errors import ConversionError

LARGEST = 1 << 16
"""Entries of a table, each of which is compared with each number."""

_FIND, _COUNT = "LookupTableFindV2", "DenseBincount"


def unfold(frozen: Any, traced: Any, name: str) -> Any:
    """A frozen function without the tables that it still takes as arguments, and without counting.

    Args:
        frozen: a flat concrete function whose variables are folded in.
        traced: what it was made of, which holds the tables.
        name: of the model.

    Raises:
        ConversionError: a table of text, one that is too large, or another resource that cannot be folded in.
    """
    import tensorflow as tf
    from tensorflow.python.eager import wrap_function

    graph_def = frozen.graph.as_graph_def()
    handles = {tensor.op.name: tensor.name for tensor in frozen.inputs if tensor.dtype == tf.resource}
    if not handles and not any(node.op == _COUNT for node in graph_def.node):
        return frozen
    tables = {inside.name: outside for outside, inside in traced.graph.captures}
    for handle, tensor in handles.items():
        passed_on = _passed_on(graph_def, handle)
        _write_out_table(graph_def, passed_on, tables.get(tensor), name)
        _remove(graph_def, passed_on)
    for node in [node for node in graph_def.node if node.op == _COUNT]:
        _write_out_count(graph_def, node)
    inputs = [tensor for tensor in frozen.inputs if tensor.op.name not in handles]
    made = wrap_function.function_from_graph_def(
        graph_def, [tensor.name for tensor in inputs], [tensor.name for tensor in frozen.outputs]
    )
    for tensor, before in zip(made.inputs, inputs, strict=True):
        tensor.set_shape(before.shape)  # which are lost on the way
    return made


def _passed_on(graph_def: Any, handle: str) -> set[str]:
    """The node of a handle, and those that only hand it on, as inlined functions have them."""
    found = {handle}
    while True:
        more = {node.name for node in graph_def.node if node.op == "Identity" and _node_of(node.input[0]) in found}
        if more <= found:
            return found
        found |= more


def _remove(graph_def: Any, names: set[str]) -> None:
    for node in [node for node in graph_def.node if node.name in names]:
        graph_def.node.remove(node)
    for node in graph_def.node:
        taken = [one for one in node.input if not (one.startswith("^") and _node_of(one) in names)]
        if len(taken) < len(node.input):
            del node.input[:]
            node.input.extend(taken)


def _write_out_table(graph_def: Any, handles: set[str], table: Any, name: str) -> None:
    """Every look-up in one table."""
    import tensorflow as tf

    users = [
        node
        for node in graph_def.node
        if node.name not in handles and any(_node_of(one) in handles for one in node.input if not one.startswith("^"))
    ]
    where = users[0].name if users else min(handles)
    advice = "Cut the model behind that layer, and do its work in your program."
    if table is None or any(node.op != _FIND for node in users):
        op = users[0].op if users else "a resource"
        raise ConversionError(f"{name} keeps something beside the graph at {where!r} ({op}). {advice}")
    for node in users:
        kinds = [tf.dtypes.as_dtype(node.attr[label].type) for label in ("Tin", "Tout")]
        if not all(kind.is_integer for kind in kinds):
            raise ConversionError(
                f"{name} looks text up in the table at {where!r}, and runtimes on devices have neither text nor such "
                f"tables. {advice}"
            )
        keys, values = tf.raw_ops.LookupTableExportV2(table_handle=table, Tkeys=kinds[0], Tvalues=kinds[1])
        if len(keys) > LARGEST:
            raise ConversionError(
                f"{name} looks numbers up in a table of {len(keys):,} entries at {where!r}, and at most {LARGEST:,} "
                f"can be exported. {advice}"
            )
        _write_out_find(graph_def, node, keys.numpy(), values.numpy())


def _write_out_find(graph_def: Any, find: Any, keys: Any, values: Any) -> None:
    nodes = _Nodes(graph_def, find)
    _, numbers, default = find.input[:3]
    ones = nodes.equal(numbers, keys, values.dtype)
    chosen = nodes.add("Mul", "chosen", [ones, nodes.constant("values", values)], T=values.dtype)
    missing = [nodes.constant("one", values.dtype.type(1)), nodes.reduce("Sum", "hits", ones, -1, values.dtype)]
    otherwise = nodes.add(
        "Mul", "otherwise", [nodes.add("Sub", "missing", missing, T=values.dtype), default], T=values.dtype
    )
    nodes.finish("AddV2", [nodes.reduce("Sum", "found", chosen, -1, values.dtype), otherwise], T=values.dtype)


def _write_out_count(graph_def: Any, count: Any) -> None:
    """Leaves one whose size or weights are computed as it is."""
    import numpy as np
    import tensorflow as tf

    known = {node.name: node for node in graph_def.node}
    size, weights = _known_size(known, count.input[1]), _constant(known, count.input[2])
    if size is None or weights is None or weights.size:
        return
    nodes = _Nodes(graph_def, count)
    kind = tf.dtypes.as_dtype(count.attr["T"].type).as_numpy_dtype
    numbers = tf.dtypes.as_dtype(count.attr["Tidx"].type).as_numpy_dtype
    every = np.arange(size, dtype=numbers)
    ones = nodes.equal(count.input[0], every, np.dtype(kind))
    what = "Max" if count.attr["binary_output"].b else "Sum"
    nodes.finish("Identity", [nodes.reduce(what, "counts", ones, -2, np.dtype(kind))], T=kind)


def _known_size(known: Mapping[str, Any], tensor: str) -> int | None:
    """The value of a scalar; of ``min(a, max(b, ...))`` too, which is ``a`` where ``b`` is no smaller."""
    node = known.get(_node_of(tensor))
    if node is not None and node.op == "Minimum":
        for limit, other in (node.input[:2], reversed(node.input[:2])):
            inner = known.get(_node_of(other))
            least = [_constant(known, taken) for taken in inner.input[:2]] if inner and inner.op == "Maximum" else []
            most = _constant(known, limit)
            if most is not None and any(one is not None and one >= most for one in least):
                return int(most)
    value = _constant(known, tensor)
    return None if value is None else int(value)


def _constant(known: Mapping[str, Any], tensor: str) -> Any:
    """Its array, or ``None`` for what is computed."""
    import tensorflow as tf

    node = known.get(_node_of(tensor))
    return tf.make_ndarray(node.attr["value"].tensor) if node is not None and node.op == "Const" else None


class _Nodes:
    """Writes the nodes that stand for another one; the last takes its name, so that nothing else need change.

    Args:
        graph_def: that it is in, and that is changed.
        replaced: the node; gone after :meth:`finish`.
    """

    def __init__(self, graph_def: Any, replaced: Any) -> None:
        self._graph_def = graph_def
        self._name = str(replaced.name)
        self._waits = [taken for taken in replaced.input if taken.startswith("^")]
        self._replaced = replaced

    def add(self, op: str, part: str, taken: list[str], **attributes: Any) -> str:
        """A node; an attribute is a dtype, a flag, or what is an ``AttrValue`` already."""
        import tensorflow as tf

        node = self._graph_def.node.add(op=op, name=f"{self._name}/{part}" if part else self._name, input=taken)
        for label, given in attributes.items():
            if isinstance(given, bool):
                node.attr[label].b = given
            elif isinstance(given, tf.compat.v1.AttrValue):
                node.attr[label].CopyFrom(given)
            else:
                node.attr[label].type = tf.dtypes.as_dtype(given).as_datatype_enum
        return str(node.name)

    def constant(self, part: str, array: Any) -> str:
        import tensorflow as tf

        tensor = tf.make_tensor_proto(array)
        return self.add("Const", part, [], dtype=array.dtype, value=tf.compat.v1.AttrValue(tensor=tensor))

    def equal(self, numbers: str, known: Any, kind: Any) -> str:
        """1 where a number is the known one and else 0: (..., numbers) to (..., numbers, known)."""
        import numpy as np

        last = self.constant("last", np.int32(-1))
        column = self.add("ExpandDims", "column", [numbers, last], T=known.dtype, Tdim=np.int32)
        pair = [column, self.constant("known", known)]
        equal = self.add("Equal", "equal", pair, T=known.dtype, incompatible_shape_error=True)
        return self.add("Cast", "ones", [equal], SrcT=np.bool_, DstT=kind, Truncate=False)

    def reduce(self, op: str, part: str, what: str, axis: int, kind: Any) -> str:
        import numpy as np

        place = self.constant(f"{part}/axis", np.int32(axis))
        return self.add(op, part, [what, place], T=kind, Tidx=np.int32, keep_dims=False)

    def finish(self, op: str, taken: list[str], **attributes: Any) -> None:
        self._graph_def.node.remove(self._replaced)
        self.add(op, "", [*taken, *self._waits], **attributes)


def _node_of(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]
