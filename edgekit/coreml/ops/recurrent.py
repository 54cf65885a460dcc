"""Recurrent layers as single operators: sequences are (steps, batch, features)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.activation import sigmoid
from edgekit.coreml.ops.registry import kernel

Array = NDArray[Any]
Activation = Callable[[Array], Array]

_ACTIVATIONS: dict[str, Activation] = {
    "hard_sigmoid": lambda x: np.asarray(np.clip(0.2 * x + 0.5, 0, 1)),
    "linear": lambda x: x,
    "relu": lambda x: np.asarray(np.maximum(x, 0)),
    "sigmoid": sigmoid,
    "sigmoid_hard": lambda x: np.asarray(np.clip(0.2 * x + 0.5, 0, 1)),
    "tanh": lambda x: np.asarray(np.tanh(x)),
}


def _refuse_activations(constants: Any) -> str | None:
    """``scaled_tanh`` has parameters that the operator does not name."""
    names = [constants.get(key, "tanh") for key in ("activation", "recurrent_activation", "cell_activation")]
    unknown = [name for name in names if str(name).lower() not in _ACTIVATIONS]
    return f"the activation {unknown[0]}" if unknown else None


@kernel("rnn", refuse=_refuse_activations)
def rnn(
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    direction: str = "forward",
    output_sequence: Array | bool = False,
    activation: str = "tanh",
) -> tuple[Array, Array]:
    act = _ACTIVATIONS[activation.lower()]
    given = _project(x, weight_ih, bias)
    hidden, states = initial_h, []
    for step in _order(len(x), direction):
        hidden = act(given[step] + hidden @ weight_hh.T)
        states.append(hidden)
    return _sequence(states, direction, output_sequence), hidden


@kernel("gru", refuse=_refuse_activations)
def gru(
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    direction: str = "forward",
    output_sequence: Array | bool = False,
    recurrent_activation: str = "sigmoid",
    activation: str = "tanh",
    reset_after: Array | bool = False,
    input_bias: Array | None = None,
) -> tuple[Array, Array]:
    """Gates in the order reset, output, update.

    Without ``reset_after`` the reset gate multiplies the state before its matrix product (``tanh(W x + R (r
    * h))``), with it afterwards; then ``bias`` belongs to the recurrent product and ``input_bias`` to the input's.
    """
    act, gate = _ACTIVATIONS[activation.lower()], _ACTIVATIONS[recurrent_activation.lower()]
    size = weight_hh.shape[1]
    zeros = np.zeros(3 * size, np.float32)
    recurrent_bias = zeros if bias is None else bias
    given = _project(x, weight_ih, input_bias)
    reset_w, output_w, update_w = np.split(weight_hh, 3)
    reset_b, output_b, update_b = np.split(recurrent_bias, 3)
    hidden, states = initial_h, []
    for step in _order(len(x), direction):
        reset_x, output_x, update_x = np.split(given[step], 3, axis=-1)
        reset = gate(reset_x + hidden @ reset_w.T + reset_b)
        update = gate(update_x + hidden @ update_w.T + update_b)
        if reset_after:
            candidate = act(output_x + reset * (hidden @ output_w.T + output_b))
        else:
            candidate = act(output_x + (reset * hidden) @ output_w.T + output_b)
        hidden = (1 - update) * candidate + update * hidden
        states.append(hidden)
    return _sequence(states, direction, output_sequence), hidden


@kernel("lstm", refuse=_refuse_activations)
def lstm(
    x: Array,
    initial_h: Array,
    initial_c: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    peephole: Array | None = None,
    weight_ih_back: Array | None = None,
    weight_hh_back: Array | None = None,
    bias_back: Array | None = None,
    peephole_back: Array | None = None,
    direction: str = "forward",
    output_sequence: Array | bool = False,
    recurrent_activation: str = "sigmoid",
    cell_activation: str = "tanh",
    activation: str = "tanh",
    clip: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Gates in the order input, forget, output, cell; ``bidirectional`` joins both directions' features."""
    acts = tuple(_ACTIVATIONS[name.lower()] for name in (recurrent_activation, cell_activation, activation))
    size = weight_hh.shape[1]
    if direction != "bidirectional":
        weights = (weight_ih, weight_hh, bias, peephole)
        return _lstm(x, initial_h, initial_c, weights, direction, output_sequence, acts, clip)
    ahead = _lstm(
        x,
        initial_h[:, :size],
        initial_c[:, :size],
        (weight_ih, weight_hh, bias, peephole),
        "forward",
        output_sequence,
        acts,
        clip,
    )
    back = _lstm(
        x,
        initial_h[:, size:],
        initial_c[:, size:],
        (np.asarray(weight_ih_back), np.asarray(weight_hh_back), bias_back, peephole_back),
        "reverse",
        output_sequence,
        acts,
        clip,
    )
    joined = tuple(np.concatenate(pair, axis=-1) for pair in zip(ahead, back, strict=True))
    return joined[0], joined[1], joined[2]


def _lstm(
    x: Array,
    hidden: Array,
    cell: Array,
    weights: tuple[Array, Array, Array | None, Array | None],
    direction: str,
    output_sequence: Array | bool,
    activations: tuple[Activation, ...],
    clip: Array | None,
) -> tuple[Array, Array, Array]:
    weight_ih, weight_hh, bias, peephole = weights
    gate, cell_act, act = activations
    size = weight_hh.shape[1]
    see_input, see_forget, see_output = np.split(np.zeros(3 * size, np.float32) if peephole is None else peephole, 3)
    given = _project(x, weight_ih, bias)
    states = []
    for step in _order(len(x), direction):
        i, f, o, z = np.split(given[step] + hidden @ weight_hh.T, 4, axis=-1)
        fresh = gate(i + see_input * cell) * cell_act(z)
        cell = gate(f + see_forget * cell) * cell + fresh
        if clip is not None:
            cell = np.clip(cell, -clip, clip)
        hidden = gate(o + see_output * cell) * act(cell)
        states.append(hidden)
    return _sequence(states, direction, output_sequence), hidden, cell


def _project(x: Array, weight: Array, bias: Array | None) -> Array:
    """The input's part of all gates, for all steps in one product."""
    product: Array = np.matmul(x, weight.T)
    return product if bias is None else product + bias


def _order(steps: int, direction: str) -> range:
    return range(steps - 1, -1, -1) if direction == "reverse" else range(steps)


def _sequence(states: list[Array], direction: str, whole: Array | bool) -> Array:
    """All states in the order of the input's steps, or the last computed."""
    if not whole:
        return states[-1][None]
    return np.stack(states[::-1] if direction == "reverse" else states)
