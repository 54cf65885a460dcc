"""Graphs of layers: opening nested models, finding a layer's output, pooling. Works on every backend of Keras."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from edgekit.errors import UsageError

_SHOWN = 6


def is_graph(keras: Any, layer: Any) -> bool:
    """Whether a layer is a model with a graph of its own, from one input to one output."""
    if not isinstance(layer, keras.Model):
        return False
    inputs, outputs = getattr(layer, "inputs", None) or [], getattr(layer, "outputs", None) or []
    return len(inputs) == len(outputs) == 1


def flatten(keras: Any, model: Any, x: Any, training: bool | None = None) -> Any:
    """Runs a model on another symbolic input and opens the models nested in it; layers are shared.

    A nested model counts as one layer: it could only be frozen as a whole. Models stay nested where
    layers of the same name would meet.

    Args:
        keras: the module.
        model: a graph, see :func:`is_graph`.
        x: symbolic tensor of the model's input shape.
        training: fixed for all layers; ``None`` leaves what the model says.

    Returns:
        The output's symbolic tensor.
    """
    names = [operation.name for operation in _operations(keras, model)]
    if len(set(names)) < len(names) or not any(is_graph(keras, layer) for layer in model.layers):
        # Calling its call, not the model, adds its layers to the graph and not itself.
        return model.call(x, training=training)
    return _open(keras, model, x, training)


def _open(keras: Any, model: Any, x: Any, training: bool | None) -> Any:
    last = x

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal last
        if is_graph(keras, layer):
            last = _open(keras, layer, args[0], kwargs.get("training") if training is None else training)
        else:
            if training is not None and "training" in inspect.signature(layer.call).parameters:
                kwargs["training"] = training
            last = layer(*args, **kwargs)
        return last

    # A fresh Functional: Sequential takes no call_function, and a compiled model would be compiled again.
    # What clone_model returns begins with a copy of x, hence the output of the last call is taken.
    graph = keras.Model(model.inputs[0], model.outputs[0])
    keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=call, input_tensors=x)
    return last


def _operations(keras: Any, model: Any) -> Iterator[Any]:
    for operation in keras.Model(model.inputs[0], model.outputs[0]).operations:
        if is_graph(keras, operation):
            yield from _operations(keras, operation)
        elif not isinstance(operation, keras.layers.InputLayer):
            yield operation


def leaf_layers(keras: Any, model: Any) -> tuple[Any, ...]:
    """The layers from input to output, those of nested models in their place, no inputs."""
    found: list[Any] = []
    for layer in model.layers:
        if is_graph(keras, layer):
            found += leaf_layers(keras, layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            found.append(layer)
    return tuple(found)


def node_of(tensor: Any) -> Any:
    """The call that made a symbolic tensor: ``operation``, ``input_tensors`` and ``outputs``."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def output_of(keras: Any, model: Any, layer: str, name: str) -> Any:
    """The output of a layer, by the layer's name.

    Args:
        keras: the module.
        model: a graph; nested models are not opened.
        layer: its name.
        name: of the model, for messages.

    Raises:
        UsageError: no such layer, with the names of similar ones; or it has several outputs.
    """
    calls = {
        node.operation.name: node
        for node in _nodes(model.outputs)
        if not isinstance(node.operation, keras.layers.InputLayer)
    }
    if layer not in calls:
        ordered = [operation.name for operation in model.operations if operation.name in calls]
        # Where branches meet a block ends: the places at which networks are cut.
        merging = [known for known in ordered if len(calls[known].input_tensors) > 1]
        raise UsageError(f"{name} has no layer {layer!r}. {suggest(layer, ordered, merging)}")
    outputs = calls[layer].outputs
    if len(outputs) != 1:
        raise UsageError(f"The layer {layer!r} of {name} has {len(outputs)} outputs. Choose one with a single output.")
    return outputs[0]


def _nodes(tensors: Iterable[Any]) -> Iterator[Any]:
    """All calls that lead to the tensors, each once; of a shared layer the last call comes first."""
    waiting, seen = [node_of(tensor) for tensor in tensors], set()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += [node_of(tensor) for tensor in node.input_tensors]


def suggest(wanted: str, names: Iterable[str], landmarks: Sequence[str] = ()) -> str:
    """Similar names, and some of them all: of the landmarks where there are any."""
    known = list(names)
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    shown = landmarks or known
    step = max(1, len(shown) // _SHOWN)
    some = ", ".join(shown[step - 1 :: step][:_SHOWN])
    listed = f"Some of its {len(known)} layers: {some}." if len(known) > _SHOWN else f"Its layers: {', '.join(known)}."
    return f"Did you mean {' or '.join(close)}? {listed}" if close else listed


def to_features(keras: Any, x: Any, where: str) -> Any:
    """One row of numbers for each sample: averages over height and width, or over time.

    Args:
        keras: the module.
        x: symbolic tensor; (batch, n) is returned as it is.
        where: the words for its place, for messages.

    Raises:
        UsageError: a tensor that cannot be pooled.
    """
    pools = {3: "GlobalAveragePooling1D", 4: "GlobalAveragePooling2D", 5: "GlobalAveragePooling3D"}
    rank = len(x.shape)
    if rank == 2 and x.shape[-1] is not None:
        return x
    if rank not in pools or x.shape[-1] is None:
        raise UsageError(f"{where} has the shape {x.shape}; it should be (batch, features) or a map of features.")
    return getattr(keras.layers, pools[rank])(name=free_name("features", x))(x)


def free_name(name: str, *tensors: Any) -> str:
    """``name``, or with a number where a layer that leads to the tensors has it already."""
    taken = {node.operation.name for node in _nodes(tensors)}
    return next(free for free in (name, *(f"{name}_{n}" for n in range(1, len(taken) + 2))) if free not in taken)
