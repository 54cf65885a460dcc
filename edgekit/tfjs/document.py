"""The JSON of a graph model: what ``model.json`` says, without the weights' values.

Form: ``tensorflowjs/converters/tf_saved_model_conversion_v2.py`` (``write_artifacts``) and
``tfjs-converter/src/data/compiled_api.ts`` of TensorFlow.js 4.22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgekit.spec import ModelSpec, TensorSpec
from edgekit.tfjs.graph import CONST, DATA_TYPES, Function, Graph, Node, read_type, tensor
from edgekit.tfjs.weights import Quantization, WeightEntry

FORMAT = "graph-model"
SPEC_KEY = "edgekit.spec"
_DEFAULT_MIN_CONSUMER = 12
"""Of TensorFlow's graphs since 2015; TF.js shows it and no more."""


def describe_graph(graph: Graph) -> dict[str, Any]:
    """The ``modelTopology``: TensorFlow's ``GraphDef`` in JSON, without values of constants."""
    return {
        "node": [_node(node, graph) for node in graph.nodes],
        "library": {"function": [_function(function, graph) for function in graph.functions]},
        "versions": {"producer": graph.producer, "minConsumer": _DEFAULT_MIN_CONSUMER},
    }


def describe_signature(graph: Graph, spec: ModelSpec) -> dict[str, Any]:
    """The ``signature``, in the order of the spec; its names are the spec's."""
    return {
        "inputs": {item.name: _tensor_info(graph.inputs[item.name], item) for item in spec.inputs},
        "outputs": {item.name: _tensor_info(graph.outputs[item.name], item) for item in spec.outputs},
    }


def describe_weight(entry: WeightEntry) -> dict[str, Any]:
    """A weight's line in the ``weightsManifest``."""
    line: dict[str, Any] = {"name": entry.name, "shape": list(entry.shape), "dtype": entry.dtype}
    if entry.quantization is not None:
        line["quantization"] = _quantization(entry.quantization, entry.dtype)
    return line


def describe_group(paths: Sequence[str], entries: Sequence[WeightEntry]) -> dict[str, Any]:
    """A group of the ``weightsManifest``: files that hold these weights one after the other."""
    return {"paths": list(paths), "weights": [describe_weight(entry) for entry in entries]}


def _quantization(quantization: Quantization, dtype: str) -> dict[str, Any]:
    if quantization.dtype == "float16":
        return {"dtype": quantization.dtype, "original_dtype": dtype}
    return {
        "dtype": quantization.dtype,
        "min": quantization.minimum,
        "scale": quantization.scale,
        "original_dtype": dtype,
    }


def _node(node: Node, graph: Graph) -> dict[str, Any]:
    described: dict[str, Any] = {"name": node.name, "op": node.op}
    if node.inputs:
        described["input"] = list(node.inputs)
    attrs = dict(node.attrs)
    if node.op == CONST:
        dtype, shape = read_type(attrs["dtype"]), graph.weights[node.name].shape
        attrs["value"] = {"tensor": {"dtype": dtype, "tensorShape": _shape(shape)}}
    if attrs:
        described["attr"] = attrs
    return described


def _function(function: Function, graph: Graph) -> dict[str, Any]:
    arguments = list(function.body.inputs)
    placeholders = {node.name: node for node in function.body.nodes if node.name in arguments}
    types = {name: read_type(node.attrs.get("dtype")) for name, node in placeholders.items()}
    nodes = [_node(node, graph) for node in function.body.nodes if node.name not in placeholders]
    return {
        "signature": {
            "name": function.name,
            "inputArg": [{"name": name, "type": types[name]} for name in arguments],
            "outputArg": [{"name": name, "type": function.result_types[name]} for name in function.body.outputs],
        },
        "nodeDef": nodes,
        "ret": {name: _full(result) for name, result in function.body.outputs.items()},
    }


def _tensor_info(text: str, item: TensorSpec) -> dict[str, Any]:
    return {"name": _full(text), "dtype": DATA_TYPES[item.dtype], "tensorShape": _shape(item.shape)}


def _shape(shape: Sequence[int | None]) -> Mapping[str, Any]:
    return {"dim": [{"size": "-1" if size is None else str(size)} for size in shape]} if shape else {}


def _full(text: str) -> str:
    return text if ":" in text else tensor(text) + ":0"
