"""From TensorFlow's ``GraphDef`` to :class:`~edgekit.tfjs.graph.Graph`. Needs TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from edgekit.errors import ConversionError
from edgekit.tfjs.graph import PLACEHOLDER, Function, Graph, Node, read_string, string, tensor

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_UNNEEDED = frozenset({"experimental_debug_stack_traces", "use_cudnn_on_gpu", "parallel_iterations"})
"""Attributes that mean nothing outside of TensorFlow's own runtime."""


def read_graph_def(graph_def: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Graph:
    """Reads a frozen graph; calls of functions are replaced by their bodies, loops and branches stay.

    Args:
        graph_def: a ``GraphDef`` without variables.
        inputs: name to tensor (``image:0``).
        outputs: likewise.
    """
    library = {function.signature.name: function for function in graph_def.library.function}
    reader = _Reader(library)
    nodes = reader.nodes(graph_def.node, "", {})
    graph = Graph(
        nodes=tuple(nodes),
        inputs={name: _short(text) for name, text in inputs.items()},
        outputs={name: reader.resolve(_short(text)) for name, text in outputs.items()},
        weights=reader.weights,
        shapes=_shapes(graph_def),
        producer=graph_def.versions.producer,
    )
    return replace(graph, functions=tuple(reader.functions.values()))


class _Reader:
    def __init__(self, library: Mapping[str, Any]) -> None:
        self._library = library
        self.weights: dict[str, NDArray[Any]] = {}
        self.functions: dict[str, Function] = {}
        self._results: dict[str, str] = {}

    def resolve(self, name: str) -> str:
        """The tensor inside an inlined body that a call's result is."""
        while name in self._results:
            name = self._results[name]
        return name

    def nodes(self, node_defs: Sequence[Any], prefix: str, arguments: Mapping[str, str]) -> list[Node]:
        """Reads nodes; ``arguments`` are what a body's own arguments stand for."""
        indices = {node.name: _result_offsets(node) for node in node_defs}
        found: list[Node] = []
        for node_def in node_defs:
            inputs = tuple(
                _flat(text, prefix, arguments, indices) for text in node_def.input if not text.startswith("^")
            )
            found.extend(self._node(node_def, prefix + node_def.name, inputs))
        if not prefix:
            found = [node.with_inputs(self.resolve(name) for name in node.inputs) for node in found]
        return found

    def _node(self, node_def: Any, name: str, inputs: tuple[str, ...]) -> list[Node]:
        if node_def.op in _CALLS:
            return self._inlined(node_def, name, inputs)
        for attribute in node_def.attr.values():
            if attribute.func.name:
                self._read_function(attribute.func.name)
        if node_def.op == "Const":
            self.weights[name] = _values(node_def)
            return [Node(name, "Const", (), {"dtype": _json(node_def.attr["dtype"])})]
        attrs = {
            key: _json(value)
            for key, value in sorted(node_def.attr.items())
            if not key.startswith("_") and key not in _UNNEEDED
        }
        if "frame_name" in attrs:  # two inlined bodies may have loops of the same name
            attrs["frame_name"] = string(f"{name.rpartition('/')[0]}/{read_string(attrs['frame_name'])}")
        return [Node(name, node_def.op, inputs, attrs)]

    def _inlined(self, node_def: Any, name: str, inputs: tuple[str, ...]) -> list[Node]:
        function = self._library[node_def.attr["f"].func.name]
        prefix = f"{name}/"
        arguments = dict(zip((arg.name for arg in function.signature.input_arg), inputs, strict=True))
        nodes = self.nodes(function.node_def, prefix, arguments)
        indices = {node.name: _result_offsets(node) for node in function.node_def}
        for index, output in enumerate(function.signature.output_arg):
            self._results[tensor(name, index)] = _flat(function.ret[output.name], prefix, arguments, indices)
        return nodes

    def _read_function(self, name: str) -> None:
        if name in self.functions:
            return
        function = self._library[name]
        placeholders = [
            Node(arg.name, PLACEHOLDER, (), {"dtype": {"type": _type_name(arg.type)}})
            for arg in function.signature.input_arg
        ]
        arguments = {arg.name: arg.name for arg in function.signature.input_arg}
        reader = _Reader(self._library)
        inner = reader.nodes(function.node_def, "", arguments)
        indices = {node.name: _result_offsets(node) for node in function.node_def}
        outputs = {
            output.name: reader.resolve(_flat(function.ret[output.name], "", arguments, indices))
            for output in function.signature.output_arg
        }
        kinds = {output.name: _type_name(output.type) for output in function.signature.output_arg}
        self.functions |= reader.functions
        self.functions[name] = Function(name, Graph((*placeholders, *inner), arguments, outputs, reader.weights), kinds)


def _flat(text: str, prefix: str, arguments: Mapping[str, str], indices: Mapping[str, Mapping[str, int]]) -> str:
    """A tensor's plain name from ``NODE``, ``NODE:INDEX``, ``NODE:RESULT:INDEX`` or ``ARGUMENT``."""
    parts = text.split(":")
    if parts[0] in arguments and parts[0] not in indices:
        return arguments[parts[0]]
    if len(parts) == 1:
        return prefix + parts[0]
    if len(parts) == 2:
        return tensor(prefix + parts[0], int(parts[1]))
    return tensor(prefix + parts[0], indices[parts[0]][parts[1]] + int(parts[2]))


def _result_offsets(node_def: Any) -> dict[str, int]:
    """Where each named result of an operation begins among all its results; several may share a name."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(node_def.op)
    if definition is None:
        raise ConversionError(f"TensorFlow does not know the operation {node_def.op} of node {node_def.name}.")
    offsets, offset = {}, 0
    for result in definition.output_arg:
        offsets[result.name] = offset
        if result.number_attr:
            offset += node_def.attr[result.number_attr].i
        elif result.type_list_attr:
            offset += len(node_def.attr[result.type_list_attr].list.type)
        else:
            offset += 1
    return offsets


def _values(node_def: Any) -> NDArray[Any]:
    import tensorflow as tf

    values: NDArray[Any] = tf.make_ndarray(node_def.attr["value"].tensor)
    return values


def _json(attribute: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    document: dict[str, Any] = MessageToDict(attribute)
    return document


def _type_name(number: int) -> str:
    from tensorflow.core.framework import types_pb2

    return str(types_pb2.DataType.Name(number))


def _short(text: str) -> str:
    return text.removesuffix(":0")


def _shapes(graph_def: Any) -> dict[str, tuple[int | None, ...]]:
    """What TensorFlow infers of the shapes."""
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    return {
        _short(result.name): tuple(result.shape.as_list())
        for operation in graph.get_operations()
        for result in operation.outputs
        if result.shape.rank is not None
    }
