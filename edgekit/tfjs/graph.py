"""A TensorFlow graph with its weights beside it, as TF.js graph models keep it; no TensorFlow needed.

The same dataclasses serve the passes of :mod:`edgekit.converters.graph`, the writer and the reader.
Attributes of nodes stay in the JSON form of TensorFlow's ``NodeDef`` (``{"b": false}``,
``{"list": {"i": ["1", "2"]}}``), which is what ``model.json`` holds.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONST = "Const"
PLACEHOLDER = "Placeholder"

DATA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "float32": "DT_FLOAT",
        "float64": "DT_DOUBLE",
        "float16": "DT_HALF",
        "int32": "DT_INT32",
        "int64": "DT_INT64",
        "int16": "DT_INT16",
        "int8": "DT_INT8",
        "uint8": "DT_UINT8",
        "uint16": "DT_UINT16",
        "bool": "DT_BOOL",
        "complex64": "DT_COMPLEX64",
        "object": "DT_STRING",
    }
)
"""NumPy's name of a dtype (``object`` for byte strings) to TensorFlow's, from
``tensorflow/core/framework/types.proto``."""


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        name: unique in its graph.
        op: TensorFlow's name of the operation, as in ``Conv2D``.
        inputs: tensors: ``NAME`` for a node's first result, ``NAME:INDEX`` for the others. No control inputs.
            A foreign graph may have ``NAME:RESULT:INDEX``, as functions of TensorFlow do.
        attrs: attributes in JSON form.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def with_inputs(self, inputs: Iterable[str]) -> Node:
        """The same operation on other tensors."""
        return replace(self, inputs=tuple(inputs))


@dataclass(frozen=True)
class Function:
    """The body or the condition of a loop, or a branch, as ``While`` and ``If`` call it.

    Attributes:
        name: as the calling node's attributes have it.
        body: its graph; inputs and outputs in the order of the call.
        result_types: TensorFlow's dtypes of the outputs, by name.
    """

    name: str
    body: Graph
    result_types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Nodes, and the values of the ``Const`` nodes among them.

    Attributes:
        nodes: in any order.
        inputs: name to the tensor of its ``Placeholder``, in order.
        outputs: name to the tensor that answers it, in order.
        weights: the values of ``Const`` nodes, by node name.
        functions: what control flow calls.
        shapes: tensor to dimensions, ``None`` where one is not known; only of tensors of known rank.
        producer: the GraphDef version that TensorFlow wrote.
    """

    nodes: tuple[Node, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    functions: tuple[Function, ...] = ()
    shapes: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    producer: int = 0

    def all_nodes(self) -> Iterator[Node]:
        """The nodes of the graph and of its functions."""
        yield from self.nodes
        for function in self.functions:
            yield from function.body.all_nodes()


def tensor(name: str, index: int = 0) -> str:
    """The tensor that is a node's result of this index."""
    return f"{name}:{index}" if index else name


def split_tensor(text: str) -> tuple[str, int]:
    """Node and index of a tensor; :func:`tensor` the other way round.

    Raises:
        ValueError: it is no tensor; the reader of foreign graphs has seen to that.
    """
    name, colon, rest = text.partition(":")
    return name, int(rest.rpartition(":")[2]) if colon else 0


def constant(name: str, values: NDArray[Any]) -> Node:
    """The ``Const`` node for these values, which belong into :attr:`Graph.weights`."""
    return Node(name, CONST, (), {"dtype": {"type": data_type(values)}})


def data_type(values: NDArray[Any]) -> str:
    """TensorFlow's name for an array's dtype.

    Raises:
        KeyError: it has none here.
    """
    return DATA_TYPES["object" if values.dtype.kind in "SUO" else values.dtype.name]


def string(value: str) -> dict[str, str]:
    """A text as an attribute; JSON has bytes in base 64."""
    return {"s": base64.b64encode(value.encode()).decode()}


def strings(values: Sequence[str]) -> dict[str, Any]:
    """A list of texts as an attribute."""
    return {"list": {"s": [string(value)["s"] for value in values]}}


def read_string(attribute: Mapping[str, Any] | None, default: str = "") -> str:
    """The text of an attribute."""
    if not attribute or "s" not in attribute:
        return default
    return base64.b64decode(attribute["s"]).decode("utf-8", errors="replace")


def read_type(attribute: Mapping[str, Any] | None) -> str:
    """TensorFlow's name of the dtype in an attribute, ``""`` without one."""
    return str(attribute.get("type", "")) if attribute else ""


def read_bool(attribute: Mapping[str, Any] | None) -> bool:
    """The truth of an attribute, ``False`` without one."""
    return bool(attribute and attribute.get("b", False))


def read_int(attribute: Mapping[str, Any] | None, default: int) -> int:
    """The whole number of an attribute."""
    return int(attribute["i"]) if attribute and "i" in attribute else default


def is_float(values: NDArray[Any]) -> bool:
    """Whether weights are float32, the only float dtype that TF.js computes in."""
    return values.dtype == np.float32
