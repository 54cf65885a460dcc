"""How a model of the user's own ends: with the classes' probabilities, or with features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from edgekit.errors import UsageError
from edgekit.training.graph import node_of
from edgekit.training.objective import Objective

Verdict = Literal["complete", "append", "replace", "features"]

_CLASSIFIERS = ("softmax", "sigmoid")
_NAMES = ("probabilities", "predictions", "logits", "output", "outputs", "classifier")


@dataclass(frozen=True)
class Ending:
    """The end of a graph.

    Attributes:
        shape: of the output, with the batch.
        activation: the last one's name; ``linear`` for none.
        layer: the name of the last layer.
    """

    shape: tuple[int | None, ...]
    activation: str
    layer: str


def judge_ending(ending: Ending, objective: Objective, told: bool) -> Verdict:
    """What becomes of a model's own last layer.

    Args:
        ending: of the model.
        objective: the task.
        told: whether the model's builder was given the number of classes or outputs.

    Returns:
        ``complete``: these are the probabilities. ``append``: they are, once the activation is put
        behind. ``replace``: it classifies something else, so its last layer is left out. ``features``: a
        head is put behind.

    Raises:
        UsageError: it was told, and yet its output does not fit.
    """
    fits = ending.shape[1:] == (objective.outputs,)
    if told:
        _check_told(ending, objective, fits)
        return "append" if ending.activation == "linear" else "complete"
    if fits and ending.activation == objective.activation:
        return "complete"
    if ending.activation in _CLASSIFIERS:
        return "replace"
    return "append" if fits and ending.activation == "linear" and ending.layer in _NAMES else "features"


def _check_told(ending: Ending, objective: Objective, fits: bool) -> None:
    task, outputs = f"The task {objective.task} with {objective.classes} classes", objective.outputs
    if not fits:
        hint = "Take the argument outputs instead of classes: a binary classifier has one" if outputs == 1 else ""
        raise UsageError(
            f"its output has the shape {ending.shape}. {task} needs (None, {outputs}). "
            + (f"{hint}." if hint else "Make the last layer Dense(outputs), or leave classes and outputs out of the "
               "arguments and return features.")
        )  # fmt: skip
    if ending.activation not in ("linear", objective.activation):
        raise UsageError(
            f"its last layer {ending.layer!r} ends in {ending.activation}. {task} needs {objective.activation}; with "
            "none, EdgeKit puts it behind."
        )


def read_ending(keras: Any, output: Any) -> Ending:
    """Looks at the end of a graph.

    Args:
        keras: the module.
        output: its symbolic output.
    """
    activation, tensor = "linear", output
    while activation == "linear":
        node = node_of(tensor)
        activation = _activation(keras, node.operation)
        if not isinstance(node.operation, keras.layers.Activation) or len(node.input_tensors) != 1:
            break
        tensor = node.input_tensors[0]
    return Ending(tuple(output.shape), activation, node_of(output).operation.name)


def before_classifier(keras: Any, output: Any) -> Any:
    """The symbolic tensor before the last layer with weights, and before the dropout in front of that."""
    tensor, weighted = output, False
    while True:
        node = node_of(tensor)
        if len(node.input_tensors) != 1 or (weighted and not isinstance(node.operation, keras.layers.Dropout)):
            return tensor if weighted else output
        weighted = weighted or has_weights(node.operation)
        tensor = node.input_tensors[0]


def compute_in_float32(keras: Any, output: Any) -> None:
    """Lets the layers from the last one with weights on compute in float32, whatever the policy is."""
    tensor = output
    while True:
        node = node_of(tensor)
        if isinstance(node.operation, keras.layers.Layer) and not isinstance(node.operation, keras.layers.InputLayer):
            node.operation.dtype_policy = "float32"
        if len(node.input_tensors) != 1 or has_weights(node.operation):
            return
        tensor = node.input_tensors[0]


def has_weights(operation: Any) -> bool:
    """Whether an operation is a layer that can learn."""
    return len(getattr(operation, "weights", [])) > 0


def _activation(keras: Any, operation: Any) -> str:
    if isinstance(operation, keras.layers.Softmax):
        return "softmax"
    if isinstance(operation, keras.layers.ReLU):
        return "relu"
    if not isinstance(operation, keras.layers.Layer):  # keras.ops.softmax(x), x / 2
        name = type(operation).__name__.casefold()
        return name if name in (*_CLASSIFIERS, "relu") else "linear"
    function = getattr(operation, "activation", None)
    # A recurrent layer's tanh makes features.
    return str(getattr(function, "__name__", "linear")) if function is not None else "linear"
