"""``keras.ops.argmax`` and ``argmin`` in every format: indices are integers, and are the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
import keras
import tensorflow as tf

import edgekit
from edgekit.bundle import find_built
from edgekit.converters.base import get_converter
from edgekit.program import FrozenProgram, freeze, load_graph
from edgekit.spec import ModelSpec, TensorSpec
from tests.conftest import missing


@keras.saving.register_keras_serializable("tests")
class LargestOfTensorFlow(keras.layers.Layer):  # type: ignore[misc]
    """Indices of 64 bits."""

    def call(self, x: Any) -> Any:
        return tf.argmax(x, axis=-1)


@keras.saving.register_keras_serializable("tests")
class LargestOfEachRow(keras.layers.Layer):  # type: ignore[misc]
    """In a loop, whose body is a function of its own."""

    def call(self, x: Any) -> Any:
        return tf.map_fn(lambda row: keras.ops.argmax(row, axis=-1), x, fn_output_signature=tf.int32)


def spec_of(model: Any) -> ModelSpec:
    outputs = tuple(TensorSpec(f"out{i}", tuple(t.shape), str(t.dtype)) for i, t in enumerate(model.outputs))
    return ModelSpec("m", "tensors", (TensorSpec("x", (None, 6, 5)),), outputs)


@pytest.fixture(scope="module")
def model() -> Any:
    keras.utils.set_random_seed(0)
    x = keras.Input((6, 5), name="x")
    dense = keras.layers.Dense(7)(x)
    ops = keras.ops
    outputs = [
        dense,
        ops.argmax(dense, axis=-1),
        ops.argmax(dense, axis=1, keepdims=True),
        ops.argmin(dense, axis=2),
        LargestOfTensorFlow()(dense),
    ]
    return keras.Model(x, outputs)


SAMPLES = np.random.default_rng(0).normal(size=(32, 6, 5)).astype(np.float32)
SAMPLES[0] = 0  # all the same: the first


@pytest.mark.parametrize("form", ["tflite", "coreml", "tfjs", "onnx", "savedmodel"])
def test_each_format_answers_the_same_indices(model: Any, form: str, tmp_path: Path) -> None:
    if form == "tfjs" and find_built("node") is None:
        missing("the Node runner has not been built; run make setup")
    converter = get_converter(form)
    pytest.importorskip(converter.module)
    spec = spec_of(model)
    assert [tensor.dtype for tensor in spec.outputs] == ["float32", "int32", "int32", "int32", "int64"]
    program = freeze(model, spec, tmp_path / "program", converter.batch)
    out = tmp_path / f"m.fp32{converter.suffix}"
    converter.convert(program, spec, "fp32", None, converter.Options(), out)
    expected = [answer.numpy() for answer in model(SAMPLES)]
    with edgekit.load(out, trust=True) as exported:
        answers = exported.answers({"x": SAMPLES})
    np.testing.assert_allclose(answers["out0"], expected[0], atol=1e-5)
    for place, indices in enumerate(expected[1:], start=1):
        np.testing.assert_array_equal(answers[f"out{place}"], indices.astype(answers[f"out{place}"].dtype))


def kinds(program: FrozenProgram) -> set[str]:
    graph = load_graph(program).graph_def
    return {node.op for part in (graph.node, *(f.node_def for f in graph.library.function)) for node in part}


def run(program: FrozenProgram, samples: np.ndarray) -> np.ndarray:
    signature = tf.saved_model.load(str(program.folder)).signatures["serving_default"]
    return np.asarray(signature(x=tf.constant(samples))["out0"])


@pytest.mark.parametrize("batch", [1, None])
def test_no_bits_are_looked_at_in_loops_either(batch: int | None, tmp_path: Path) -> None:
    x = keras.Input((6, 5), name="x")
    looped = keras.Model(x, LargestOfEachRow()(x))
    program = freeze(looped, spec_of(looped), tmp_path / "program", batch)
    found = kinds(program)
    assert found & {"While", "StatelessWhile"}
    assert "ArgMax" in found
    assert not found & {"Bitcast", "BitwiseAnd"}
    for rows in (SAMPLES[:1], SAMPLES[1:2]):
        np.testing.assert_array_equal(run(program, rows), rows.argmax(-1))


def test_signs_that_a_model_asks_for_itself_stay(tmp_path: Path) -> None:
    x = keras.Input((6, 5), name="x")
    signs = keras.ops.cast(keras.ops.signbit(x), "int32") + keras.ops.argmax(x, axis=-1, keepdims=True)
    model = keras.Model(x, signs)
    program = freeze(model, spec_of(model), tmp_path / "program")
    assert {"Bitcast", "BitwiseAnd"} <= kinds(program)
    zeros = np.full((1, 6, 5), -0.0, np.float32)
    np.testing.assert_array_equal(run(program, zeros), np.ones((1, 6, 5)))
