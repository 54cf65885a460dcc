"""What an ``.onnx`` file says about itself, read without onnx and without onnxruntime.

Field numbers are those of ``onnx/onnx.proto``. Weights are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edgekit.errors import ModelFileError
from edgekit.onnxfile.wire import WireError, as_bytes, as_int, as_text, read_fields

# ModelProto
_IR_VERSION, _PRODUCER, _GRAPH, _OPSETS, _METADATA, _FUNCTIONS = 1, 2, 7, 8, 14, 25
# GraphProto; a FunctionProto has its nodes in 7
_NODE, _INITIALIZER, _SPARSE, _FUNCTION_NODE = 1, 5, 15, 7
# NodeProto and FunctionProto
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_FUNCTION_NAME, _FUNCTION_DOMAIN = 1, 10
# AttributeProto: tensors, graphs, sparse tensors, one or many
_TENSORS, _GRAPHS, _SPARSES = (5, 10), (6, 11), (22, 23)
# TensorProto; SparseTensorProto has its values in 1 and its indices in 2
_EXTERNAL = 13

_DEEPEST = 32
"""Levels of graphs inside of graphs; loops in branches in loops need three."""

STANDARD = ("", "ai.onnx")
"""Names of the domain of ONNX' own operators."""


@dataclass(frozen=True)
class ONNXFile:
    """The outline of a model.

    Attributes:
        ir_version: of the file format.
        producer: the name of what wrote it.
        opsets: version of each operator set, by domain; ``""`` is ONNX' own.
        metadata: texts by key.
        operators: domain and name of every operator in the graph, loops and branches included, that is not a
            function of the file's own.
        external: places of weights in other files, relative to this one.
    """

    ir_version: int = 0
    producer: str = ""
    opsets: Mapping[str, int] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    operators: frozenset[tuple[str, str]] = frozenset()
    external: frozenset[str] = frozenset()


def read_onnx(data: bytes | memoryview, name: str) -> ONNXFile:
    """Reads the outline of a file.

    Args:
        data: the bytes.
        name: what to call the file in an error.

    Raises:
        ModelFileError: it is no ONNX model, or damaged.
    """
    try:
        found = _read_model(memoryview(data))
    except WireError as error:
        raise ModelFileError(f"{name} is no readable ONNX model ({error}). Get or export it again.") from error
    if found is None:
        raise ModelFileError(f"{name} is no ONNX model (it has no graph or no operator set). Check the file.")
    return found


@dataclass
class _Contents:
    operators: set[tuple[str, str]] = field(default_factory=set)
    external: set[str] = field(default_factory=set)


def _read_model(message: memoryview) -> ONNXFile | None:
    ir_version, producer, graphs = 0, "", 0
    opsets: dict[str, int] = {}
    metadata: dict[str, str] = {}
    functions: set[tuple[str, str]] = set()
    contents = _Contents()
    for number, value in read_fields(message):
        if number == _IR_VERSION:
            ir_version = as_int(value)
        elif number == _PRODUCER:
            producer = as_text(value)
        elif number == _GRAPH:
            graphs += 1
            _read_graph(as_bytes(value), contents, _NODE, 0)
        elif number == _OPSETS:
            entry = dict(read_fields(as_bytes(value)))
            opsets[as_text(entry.get(1, memoryview(b"")))] = as_int(entry.get(2, 0))
        elif number == _METADATA:
            key, text = _read_entry(as_bytes(value))
            metadata[key] = text
        elif number == _FUNCTIONS:
            functions.add(_read_function(as_bytes(value), contents))
    if not graphs or not opsets or ir_version < 1:
        return None
    opsets = {("" if domain in STANDARD else domain): version for domain, version in opsets.items()}
    operators = frozenset(contents.operators - functions)
    return ONNXFile(ir_version, producer, opsets, metadata, operators, frozenset(contents.external))


def _read_graph(message: memoryview, contents: _Contents, nodes: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise WireError(f"graphs lie more than {_DEEPEST} deep in each other")
    for number, value in read_fields(message):
        if number == nodes:
            _read_node(as_bytes(value), contents, depth)
        elif nodes == _NODE and number == _INITIALIZER:
            contents.external.update(_external(as_bytes(value)))
        elif nodes == _NODE and number == _SPARSE:
            contents.external.update(_external_of_sparse(as_bytes(value)))


def _read_node(message: memoryview, contents: _Contents, depth: int) -> None:
    name = domain = ""
    for number, value in read_fields(message):
        if number == _OP_TYPE:
            name = as_text(value)
        elif number == _DOMAIN:
            domain = as_text(value)
        elif number == _ATTRIBUTE:
            _read_attribute(as_bytes(value), contents, depth)
    contents.operators.add(("" if domain in STANDARD else domain, name))


def _read_attribute(message: memoryview, contents: _Contents, depth: int) -> None:
    for number, value in read_fields(message):
        if number in _GRAPHS:
            _read_graph(as_bytes(value), contents, _NODE, depth + 1)
        elif number in _TENSORS:
            contents.external.update(_external(as_bytes(value)))
        elif number in _SPARSES:
            contents.external.update(_external_of_sparse(as_bytes(value)))


def _read_function(message: memoryview, contents: _Contents) -> tuple[str, str]:
    names = {_FUNCTION_NAME: "", _FUNCTION_DOMAIN: ""}
    for number, value in read_fields(message):
        if number in names:
            names[number] = as_text(value)
    _read_graph(message, contents, _FUNCTION_NODE, 0)
    return names[_FUNCTION_DOMAIN], names[_FUNCTION_NAME]


def _external(tensor: memoryview) -> Iterator[str]:
    for number, value in read_fields(tensor):
        if number == _EXTERNAL:
            key, text = _read_entry(as_bytes(value))
            if key == "location":
                yield text


def _external_of_sparse(tensor: memoryview) -> Iterator[str]:
    for number, value in read_fields(tensor):
        if number in (1, 2):
            yield from _external(as_bytes(value))


def _read_entry(message: memoryview) -> tuple[str, str]:
    """A StringStringEntryProto."""
    entry = dict(read_fields(message))
    empty = memoryview(b"")
    return as_text(entry.get(1, empty)), as_text(entry.get(2, empty))
