"""Recurrent kernels against Keras' layers, and compressed weights against coremltools' own unpacking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.coreml.ops import KERNELS
from tests.coreml.references import compute, normal

pytest.importorskip("coremltools", reason="the evaluator needs the extra 'coreml'")
pytest.importorskip("tensorflow", reason="the reference is Keras")
import keras

STEPS, BATCH, FEATURES, UNITS = 6, 2, 3, 4


def reorder(weights: Any, order: str, wanted: str) -> Any:
    """Keras' gates, the last axis, in MIL's order and form: (gates * units, inputs)."""
    parts = dict(zip(order, np.split(np.asarray(weights), len(order), axis=-1), strict=True))
    return np.concatenate([parts[gate] for gate in wanted], axis=-1).T


def layer_answer(layer: Any, x: Any) -> Any:
    return np.asarray(layer(x.transpose(1, 0, 2)))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_rnn(whole: bool, reverse: bool, activation: str) -> None:
    x = normal(STEPS, BATCH, FEATURES) / 4
    layer = keras.layers.SimpleRNN(
        UNITS, activation, return_sequences=True, go_backwards=reverse, bias_initializer="normal"
    )
    expected = layer_answer(layer, x).transpose(1, 0, 2)
    kernel, recurrent, bias = (np.asarray(weight) for weight in layer.weights)
    answer, final = compute(
        "rnn",
        x=x,
        initial_h=np.zeros((BATCH, UNITS), np.float32),
        weight_ih=kernel.T,
        weight_hh=recurrent.T,
        bias=bias,
        direction="reverse" if reverse else "forward",
        output_sequence=whole,
        activation=activation,
    )
    np.testing.assert_allclose(final, expected[-1], atol=1e-5)
    # MIL gives the states in the order of the steps, Keras in the order it computed them.
    ordered = expected[::-1] if reverse else expected
    np.testing.assert_allclose(answer, ordered if whole else expected[-1:], atol=1e-5)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("whole", [False, True])
def test_lstm(direction: str, whole: bool) -> None:
    x, states = normal(STEPS, BATCH, FEATURES), []
    weights: dict[str, Any] = {}
    sides = {"forward": [""], "reverse": [""], "bidirectional": ["", "_back"]}[direction]
    expected = []
    for side in sides:
        backwards = direction == "reverse" or side == "_back"
        layer = keras.layers.LSTM(
            UNITS, return_sequences=True, return_state=True, go_backwards=backwards, bias_initializer="normal"
        )
        h, c = normal(BATCH, UNITS, seed=3), normal(BATCH, UNITS, seed=4)
        sequence, last_h, last_c = layer(x.transpose(1, 0, 2), initial_state=[h, c])
        states.append((h, c))
        ordered = np.asarray(sequence).transpose(1, 0, 2)
        expected.append((ordered[::-1] if backwards else ordered, np.asarray(last_h), np.asarray(last_c)))
        kernel, recurrent, bias = layer.weights
        weights[f"weight_ih{side}"] = reorder(kernel, "ifzo", "ifoz")
        weights[f"weight_hh{side}"] = reorder(recurrent, "ifzo", "ifoz")
        weights[f"bias{side}"] = reorder(bias, "ifzo", "ifoz")
    answer = compute(
        "lstm",
        x=x,
        initial_h=np.concatenate([h for h, _ in states], -1),
        initial_c=np.concatenate([c for _, c in states], -1),
        **weights,
        direction=direction,
        output_sequence=whole,
    )
    sequence, last_h, last_c = (np.concatenate(parts, -1) for parts in zip(*expected, strict=True))
    if whole:
        np.testing.assert_allclose(answer[0], sequence, atol=1e-5)
    else:
        np.testing.assert_allclose(answer[0], last_h[None], atol=1e-5)
    np.testing.assert_allclose(answer[1], last_h, atol=1e-5)
    np.testing.assert_allclose(answer[2], last_c, atol=1e-5)


def test_lstm_with_peepholes_and_clipping() -> None:
    """One step by hand, after the formulas on the operator's page."""
    x, h, c = normal(1, 1, 2), normal(1, 1, seed=1), np.float32([[3.0]])
    weight_ih, weight_hh, peephole = normal(4, 2, seed=2), normal(4, 1, seed=3), np.float32([0.5, -0.4, 0.3])
    i, f, o, z = (weight_ih @ x[0, 0] + weight_hh @ h[0]).tolist()

    def sigmoid(value: float) -> float:
        return float(1 / (1 + np.exp(-value)))

    new_c = sigmoid(f - 0.4 * 3) * 3 + sigmoid(i + 0.5 * 3) * np.tanh(z)
    new_c = float(np.clip(new_c, -0.75, 0.75))
    _, answer, cell = compute(
        "lstm",
        x=x,
        initial_h=h,
        initial_c=c,
        weight_ih=weight_ih,
        weight_hh=weight_hh,
        peephole=peephole,
        clip=np.float32(0.75),
    )
    np.testing.assert_allclose(cell, [[new_c]], atol=1e-6)
    np.testing.assert_allclose(answer, [[sigmoid(o + 0.3 * new_c) * np.tanh(new_c)]], atol=1e-6)


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_gru(reset_after: bool, reverse: bool) -> None:
    x, h = normal(STEPS, BATCH, FEATURES), normal(BATCH, UNITS, seed=3)
    layer = keras.layers.GRU(
        UNITS, return_sequences=True, reset_after=reset_after, go_backwards=reverse, bias_initializer="normal"
    )
    expected = np.asarray(layer(x.transpose(1, 0, 2), initial_state=h)).transpose(1, 0, 2)
    kernel, recurrent, bias = (np.asarray(weight) for weight in layer.weights)
    # Keras: update, reset, candidate; MIL: reset, candidate ("output"), update.
    biases = {"bias": reorder(bias, "zro", "roz")}
    if reset_after:
        biases = {"input_bias": reorder(bias[0], "zro", "roz"), "bias": reorder(bias[1], "zro", "roz")}
    sequence, final = compute(
        "gru",
        x=x,
        initial_h=h,
        weight_ih=reorder(kernel, "zro", "roz"),
        weight_hh=reorder(recurrent, "zro", "roz"),
        **biases,
        direction="reverse" if reverse else "forward",
        output_sequence=True,
        reset_after=reset_after,
    )
    np.testing.assert_allclose(sequence, expected[::-1] if reverse else expected, atol=1e-5)
    np.testing.assert_allclose(final, expected[-1], atol=1e-5)


@pytest.mark.parametrize("op", ["rnn", "lstm", "gru"])
def test_an_activation_without_its_parameters_is_refused(op: str) -> None:
    refuse = KERNELS[op].refuse
    assert refuse is not None
    assert refuse({"activation": "scaled_tanh"}) == "the activation scaled_tanh"
    assert refuse({"activation": "TANH"}) is None


def unpacked(op: str, version: str, **parameters: Any) -> Any:
    """What coremltools itself unpacks."""
    import coremltools
    from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

    kind = SSAOpRegistry.core_ops[op][getattr(coremltools.target, version)]
    return kind.decompress(**parameters)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("vector", [False, True])
def test_affine_weights(axis: int, vector: bool) -> None:
    data = np.random.default_rng(0).integers(-128, 127, (3, 4, 5)).astype(np.int8)
    count = data.shape[axis]
    scale = np.abs(normal(count)) if vector else np.float32(0.3)
    zero = np.arange(count, dtype=np.int8) if vector else np.int8(-3)
    parameters = {"quantized_data": data, "zero_point": zero, "scale": scale, "axis": np.int32(axis)}
    answer = compute("constexpr_affine_dequantize", **parameters)
    np.testing.assert_allclose(answer, unpacked("constexpr_affine_dequantize", "iOS16", **parameters), rtol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_tables_of_ios16(bits: int) -> None:
    shape = (3, 7, 5)
    indices = np.random.default_rng(0).integers(0, 1 << bits, 105)
    stream = (indices[:, None] >> np.arange(bits)) & 1
    packed = np.packbits(stream.astype(np.uint8).ravel(), bitorder="little")
    lut = normal(1 << bits)
    answer = compute("constexpr_lut_to_dense", indices=packed, lut=lut, shape=np.uint32(shape))
    np.testing.assert_array_equal(answer, lut[indices].reshape(shape))
    expected = unpacked("constexpr_lut_to_dense", "iOS16", indices=packed, lut=lut, shape=np.uint32(shape))
    np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize(
    ("blocks", "vector", "axis"),
    [((1, 1), 1, None), ((2, 1), 1, None), ((1, 3), 1, None), ((2, 1), 2, 0), ((1, 3), 2, 1)],
)
def test_tables_of_ios18(blocks: tuple[int, ...], vector: int, axis: int | None) -> None:
    indices = np.random.default_rng(0).integers(0, 16, (4, 6)).astype(np.uint8)
    lut = normal(*blocks, 16, vector)
    place = None if axis is None else np.int32(axis)
    answer = compute("constexpr_lut_to_dense", indices=indices, lut=lut, vector_axis=place)
    expected = unpacked("constexpr_lut_to_dense", "iOS18", indices=indices, lut=lut, vector_axis=place)
    np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize("blocks", [(1, 1), (4, 1), (2, 3), (4, 6)])
@pytest.mark.parametrize("offset", [False, True])
def test_blocks_with_scales(blocks: tuple[int, int], offset: bool) -> None:
    data = np.random.default_rng(0).integers(-8, 7, (4, 6)).astype(np.int8)
    scale = np.abs(normal(*blocks))
    shift = np.random.default_rng(1).integers(-3, 3, blocks).astype(np.int8) if offset else None
    answer = compute("constexpr_blockwise_shift_scale", data=data, scale=scale, offset=shift)
    expected = unpacked("constexpr_blockwise_shift_scale", "iOS18", data=data, scale=scale, offset=shift)
    np.testing.assert_allclose(answer, expected, rtol=1e-6)


def test_sparse_weights() -> None:
    mask = np.random.default_rng(0).integers(0, 2, (4, 6)).astype(np.uint8)
    data = normal(int(mask.sum()))
    dense = np.zeros((4, 6), np.float32)
    dense[mask == 1] = data
    np.testing.assert_array_equal(compute("constexpr_sparse_to_dense", nonzero_data=data, mask=mask), dense)
    packed = np.packbits(mask.ravel(), bitorder="little")
    answer = compute("constexpr_sparse_to_dense", nonzero_data=data, mask=packed, shape=np.uint32([4, 6]))
    np.testing.assert_array_equal(answer, dense)


@pytest.mark.parametrize(("vector", "axis"), [(1, None), (2, 0)])
def test_sparse_tables(vector: int, axis: int | None) -> None:
    mask = np.random.default_rng(0).integers(0, 2, (4, 6)).astype(np.uint8)
    indices = np.random.default_rng(1).integers(0, 4, int(mask.sum())).astype(np.uint8)
    parameters = {"indices_mask": mask, "indices_nonzero_data": indices, "lut": normal(1, 1, 4, vector)}
    place = None if axis is None else np.int32(axis)
    answer = compute("constexpr_lut_to_sparse", **parameters, vector_axis=place)
    expected = unpacked("constexpr_lut_to_sparse", "iOS18", **parameters, vector_axis=place)
    for one, other in zip(answer, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sparse_blocks() -> None:
    """The example on the operator's page."""
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], np.uint8)
    given, values = compute(
        "constexpr_sparse_blockwise_shift_scale",
        data_mask=mask,
        nonzero_data=np.int8([10, 11, 3, 4, 5, 6, 7, 8, 9]),
        scale=np.float32([[0.1, 0.2, 0.3, 0.4]]),
        offset=np.int8([[1, 2, 3, 4]]),
    )
    np.testing.assert_array_equal(given, mask)
    np.testing.assert_allclose(values, [0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4], rtol=1e-6)


def test_cast_weights() -> None:
    half = np.float16([0.1, 2])
    np.testing.assert_array_equal(
        compute("constexpr_cast", source_val=half, output_dtype="fp32"), half.astype(np.float32)
    )
