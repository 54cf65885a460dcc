"""Kernels on each element and reductions, against TensorFlow, Python's math and coremltools' folding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from tests.coreml.references import compute, fold, normal

pytest.importorskip("coremltools", reason="the evaluator needs the extra 'coreml'")
tf = pytest.importorskip("tensorflow", reason="the reference is TensorFlow")

POSITIVE = {"log", "rsqrt", "sqrt", "acos", "asin", "atanh", "inverse"}

UNARY: dict[str, Any] = {
    "abs": tf.abs,
    "acos": tf.acos,
    "asin": tf.asin,
    "atan": tf.atan,
    "atanh": tf.atanh,
    "ceil": tf.math.ceil,
    "cos": tf.cos,
    "cosh": tf.cosh,
    "erf": tf.math.erf,
    "exp": tf.exp,
    "exp2": lambda x: tf.pow(2.0, x),
    "floor": tf.floor,
    "identity": tf.identity,
    "inverse": lambda x: 1 / (x + 1e-4),
    "log": tf.math.log,
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "round": tf.round,
    "rsqrt": tf.math.rsqrt,
    "sigmoid": tf.sigmoid,
    "sign": tf.sign,
    "silu": tf.nn.silu,
    "sin": tf.sin,
    "sinh": tf.sinh,
    "softmax": tf.nn.softmax,
    "softplus": tf.nn.softplus,
    "softsign": tf.nn.softsign,
    "sqrt": tf.sqrt,
    "square": tf.square,
    "tan": tf.tan,
    "tanh": tf.tanh,
    "elu": tf.nn.elu,
    "gelu": lambda x: tf.nn.gelu(x, approximate=False),
}

BINARY: dict[str, Any] = {
    "add": tf.add,
    "equal": tf.equal,
    "floor_div": tf.math.floordiv,
    "greater": tf.greater,
    "greater_equal": tf.greater_equal,
    "less": tf.less,
    "less_equal": tf.less_equal,
    "maximum": tf.maximum,
    "minimum": tf.minimum,
    "mod": tf.math.floormod,
    "mul": tf.multiply,
    "not_equal": tf.not_equal,
    "pow": lambda x, y: tf.pow(x, y),
    "real_div": tf.divide,
    "sub": tf.subtract,
}


@pytest.mark.parametrize("op", UNARY)
def test_unary(op: str) -> None:
    x = normal(3, 4, 5) * 2
    x = np.abs(np.clip(x / 8, -0.99, 0.99)) + 1e-3 if op in POSITIVE else x
    x = np.concatenate([x.ravel(), [0.0] if op not in POSITIVE else [0.5]]).astype(np.float32)
    answer = compute(op, x=x)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, UNARY[op](x), rtol=2e-6, atol=5e-7)


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("kind", ["float32", "int32"])
def test_binary(op: str, kind: str) -> None:
    x, y = normal(4, 1, 5) * 4, normal(3, 5, seed=1) * 4
    x, y = (x, y) if kind == "float32" else (x.astype(np.int32), np.where(y < 0, -3, 2).astype(np.int32))
    if op == "pow":
        x, y = np.abs(x) + (kind == "float32"), np.abs(y)
    x[0, 0, 0] = y[0, 0]
    expected = BINARY[op](x, y)
    if op == "real_div" and kind == "int32":
        expected = np.trunc(expected)
    np.testing.assert_allclose(compute(op, x=x, y=y), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("op", ["logical_and", "logical_or", "logical_xor"])
def test_logic(op: str) -> None:
    x, y = np.array([[True], [False]]), np.array([True, False])
    np.testing.assert_array_equal(compute(op, x=x, y=y), getattr(tf.math, op)(x, y))
    np.testing.assert_array_equal(compute("logical_not", x=x), ~x)


@pytest.mark.parametrize("op", ["sigmoid", "softplus", "silu", "softmax", "tanh", "gelu", "erf", "elu"])
def test_large_values_do_not_overflow(op: str) -> None:
    x = np.array([-1e4, -100, 0, 100, 1e4], np.float32)
    np.testing.assert_allclose(compute(op, x=x), UNARY[op](x), atol=1e-6)


def test_erf_is_exact_to_float32() -> None:
    x = np.linspace(-6, 6, 20_001, dtype=np.float32)
    exact = np.array([math.erf(value) for value in x])
    assert np.abs(compute("erf", x=x) - exact).max() < 4e-7


@pytest.mark.parametrize(
    ("op", "parameters"),
    [
        ("clamped_relu", {"alpha": 0.3, "beta": 0.7}),
        ("clip", {"alpha": -0.5, "beta": 0.5}),
        ("elu", {"alpha": 0.7}),
        ("gelu", {"mode": "EXACT"}),
        ("gelu", {"mode": "SIGMOID_APPROXIMATION"}),
        ("gelu", {"mode": "TANH_APPROXIMATION"}),
        ("inverse", {"epsilon": 0.1}),
        ("leaky_relu", {"alpha": 0.2}),
        ("linear_activation", {"alpha": 2.0, "beta": -1.0}),
        ("log", {"epsilon": 3.0}),
        ("prelu", {"alpha": np.array([0.1, 0.5, -1.0], np.float32)}),
        ("rsqrt", {"epsilon": 9.0}),
        ("scaled_tanh", {"alpha": 1.7, "beta": 0.6}),
        ("sigmoid_hard", {"alpha": 0.3, "beta": 0.4}),
        ("softmax", {"axis": 1}),
        ("softplus_parametric", {"alpha": np.float32([1, 2, 3]), "beta": np.float32([0.5, 1, 2])}),
        ("threshold", {"alpha": 0.2}),
        ("thresholded_relu", {"alpha": 0.2}),
        ("layer_norm", {"axes": [2, 3], "gamma": normal(4, 5), "beta": normal(4, 5, seed=2), "epsilon": 1e-3}),
        ("layer_norm", {"axes": [-1]}),
        ("l2_norm", {"epsilon": 1e-3}),
    ],
)
def test_parameters(op: str, parameters: dict[str, Any]) -> None:
    x = normal(2, 3, 4, 5)
    x = np.abs(x) if op == "rsqrt" else x
    np.testing.assert_allclose(compute(op, x=x, **parameters), fold(op, x=x, **parameters), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["int32", "fp32", "bool", "int8", "uint8", "int16", "uint16"])
def test_cast(dtype: str) -> None:
    x = np.array([0.0, 0.4, 1.6, 3.99, 100.2], np.float32)
    x = x if dtype.startswith("u") else np.concatenate([x, -x])
    np.testing.assert_array_equal(compute("cast", x=x, dtype=dtype), fold("cast", x=x, dtype=dtype))


def test_quantize_and_dequantize() -> None:
    x = normal(3, 4) * 60
    scale, zero = np.float32([0.1, 0.2, 0.3]), np.int8([1, -2, 3])
    stored = compute("quantize", input=x, scale=scale, zero_point=zero, axis=0, output_dtype="int8")
    np.testing.assert_array_equal(
        stored, fold("quantize", input=x, scale=scale, zero_point=zero, axis=0, output_dtype="int8")
    )
    assert {stored.min(), stored.max()} == {-128, 127}
    real = compute("dequantize", input=stored, scale=scale, zero_point=zero, axis=0)
    np.testing.assert_allclose(real, scale[:, None] * (stored.astype(float) - zero[:, None]), rtol=1e-6)


REDUCTIONS: dict[str, Any] = {
    "reduce_l1_norm": lambda x, axis, keep: tf.norm(x, 1, axis, keep),
    "reduce_l2_norm": lambda x, axis, keep: tf.sqrt(tf.reduce_sum(x * x, axis, keep)),
    "reduce_log_sum": lambda x, axis, keep: tf.math.log(tf.reduce_sum(x, axis, keep)),
    "reduce_log_sum_exp": tf.reduce_logsumexp,
    "reduce_max": tf.reduce_max,
    "reduce_mean": tf.reduce_mean,
    "reduce_min": tf.reduce_min,
    "reduce_prod": tf.reduce_prod,
    "reduce_sum": tf.reduce_sum,
    "reduce_sum_square": lambda x, axis, keep: tf.reduce_sum(x * x, axis, keep),
}


@pytest.mark.parametrize("op", REDUCTIONS)
@settings(max_examples=25, deadline=None)
@given(shape=array_shapes(max_dims=4, max_side=4), data=st.data(), keep=st.booleans())
def test_reductions(op: str, shape: tuple[int, ...], data: st.DataObject, keep: bool) -> None:
    x = np.abs(normal(*shape)) + np.float32(0.1)
    axes = data.draw(st.none() | st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1))
    if op == "reduce_l1_norm":
        expected = np.sum(np.abs(x), None if axes is None else tuple(axes), keepdims=keep)
    else:
        expected = REDUCTIONS[op](x, axes, keep)
    np.testing.assert_allclose(compute(op, x=x, axes=axes, keep_dims=keep), expected, rtol=1e-5)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("keep", [False, True])
def test_the_places_of_extremes(axis: int, keep: bool) -> None:
    x = normal(3, 4, 5)
    for op in ("reduce_argmax", "reduce_argmin"):
        expected = fold(op, x=x, axis=axis, keep_dims=keep)
        np.testing.assert_array_equal(compute(op, x=x, axis=axis, keep_dims=keep), expected)


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_cumsum(exclusive: bool, reverse: bool) -> None:
    x = normal(3, 4, 5)
    answer = compute("cumsum", x=x, axis=1, exclusive=exclusive, reverse=reverse)
    np.testing.assert_allclose(answer, tf.cumsum(x, 1, exclusive, reverse), atol=1e-6)


def test_normalization() -> None:
    x = normal(2, 3, 4, 5)
    mean, variance, gamma, beta = normal(3, seed=1), np.abs(normal(3, seed=2)), normal(3, seed=3), normal(3, seed=4)
    shape = (-1, 1, 1)
    statistics = [part.reshape(shape) for part in (mean, variance, beta, gamma)]
    expected = tf.nn.batch_normalization(x, *statistics, 1e-3)
    answer = compute("batch_norm", x=x, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=1e-3)
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    each = compute("instance_norm", x=x, gamma=gamma, beta=beta, epsilon=1e-3)
    means, variances = tf.nn.moments(x, [2, 3], keepdims=True)
    expected = tf.nn.batch_normalization(x, means, variances, beta.reshape(shape), gamma.reshape(shape), 1e-3)
    np.testing.assert_allclose(each, expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_local_response_normalization(size: int) -> None:
    x = normal(2, 6, 3, 4)
    answer = compute("local_response_norm", x=x, size=size, alpha=0.6, beta=0.7, k=1.5)
    # TensorFlow's alpha is not divided by the size.
    expected = tf.nn.local_response_normalization(x.transpose(0, 2, 3, 1), size // 2, 1.5, 0.6 / size, 0.7)
    np.testing.assert_allclose(answer, tf.transpose(expected, [0, 3, 1, 2]), atol=1e-5)
