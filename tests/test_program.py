"""Tracing here, and where Keras does not run on TensorFlow: in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.adaptation import Adaptation
from edgekit.errors import ConversionError
from edgekit.program import SIGNATURE, freeze, freeze_elsewhere, has_loop, load_graph
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier

SPEC = image_classifier("m", ("a", "b"), ImageFormat(8, 8))


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("tensorflow")
    import keras

    return keras


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    layers = keras.layers
    stack = [layers.Rescaling(1 / 255), layers.Flatten(), layers.BatchNormalization(), layers.Dense(2, "softmax")]
    return keras.Sequential([keras.Input((8, 8, 3)), *stack])


def run(folder: Path, pixels: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    program = tf.saved_model.load(str(folder)).signatures[SIGNATURE]
    return np.concatenate([program(image=tf.constant(one[None]))["probabilities"].numpy() for one in pixels])


def test_both_ways_give_the_same_program(model: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    here, there = freeze(model, SPEC, tmp_path / "here"), freeze_elsewhere(model, SPEC, tmp_path / "there")
    assert (there.batch, there.spec) == (here.batch, here.spec)
    np.testing.assert_array_equal(run(here.folder, pixels), run(there.folder, pixels))
    np.testing.assert_allclose(run(there.folder, pixels), model.predict(pixels, verbose=0), atol=1e-6)


def test_what_is_put_around_a_model_goes_along(model: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    around = Adaptation(scale=(0.5, 1.0, 2.0), mean=(3.0, 2.0, 1.0), bgr=True, activation="sigmoid")
    program = freeze_elsewhere(model, SPEC, tmp_path / "there", adaptation=around)
    expected = around.after(model.predict(around.before(pixels), verbose=0))
    np.testing.assert_allclose(run(program.folder, pixels), expected, atol=1e-6)


def test_a_graph_is_flat_but_for_its_loops(keras: Any, model: Any, tmp_path: Path) -> None:
    layers = keras.layers
    stack = [layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.TimeDistributed(layers.Dense(2))]
    recurrent = keras.Sequential([keras.Input((4, 2)), *stack])
    spec = ModelSpec("r", "tensors", (TensorSpec("x", (None, 4, 2)),), (TensorSpec("y", (None, 4, 2)),))
    for batch in (1, None):
        program = freeze(recurrent, spec, tmp_path / f"recurrent-{batch}", batch)
        assert has_loop(program)
        graph = load_graph(program)
        assert (graph.inputs, len(graph.outputs)) == (("x:0",), 1)
        kinds = {node.op for node in graph.graph_def.node}
        assert kinds & {"While", "StatelessWhile"}
        # No calls, no variables, and no loops of TensorFlow 1, which most converters cannot read.
        assert not kinds & {"PartitionedCall", "StatefulPartitionedCall", "ReadVariableOp", "Enter", "Exit", "Switch"}
    assert not has_loop(freeze(model, SPEC, tmp_path / "plain"))


def test_what_the_other_process_says_is_raised_here(model: Any, tmp_path: Path) -> None:
    three = image_classifier("m", ("a", "b", "c"), ImageFormat(8, 8))
    with pytest.raises(ConversionError, match=r"answers tensors of the shapes \[\(1, 2\)\], but its spec says"):
        freeze_elsewhere(model, three, tmp_path / "program")


def test_code_of_ones_own_cannot_be_traced_elsewhere(keras: Any, tmp_path: Path) -> None:
    class Mine(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    custom = keras.Sequential([keras.Input((8, 8, 3)), Mine(), keras.layers.Flatten(), keras.layers.Dense(2)])
    spec = ModelSpec("m", SPEC.task, SPEC.inputs, SPEC.outputs, SPEC.labels)
    with pytest.raises(ConversionError, match=r"m cannot be traced with TensorFlow: the saved model .*Mine"):
        freeze_elsewhere(custom, spec, tmp_path / "program")


def test_inputs_that_do_not_fit_are_a_sentence(model: Any, tmp_path: Path) -> None:
    other = image_classifier("m", ("a", "b"), ImageFormat(9, 8))
    with pytest.raises(ConversionError, match="m cannot be traced with the inputs of its spec") as caught:
        freeze(model, other, tmp_path / "program")
    assert "\n" not in str(caught.value)


def test_a_grouped_convolution_is_no_function_for_xla(keras: Any, tmp_path: Path) -> None:
    """Keras compiles it with XLA, which no converter can look into."""
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    pixels = keras.Input((8, 8, 6), name="sample")
    model = keras.Model(pixels, keras.layers.Conv2D(12, 3, groups=3)(pixels))
    spec = ModelSpec("m", "tensors", (TensorSpec("sample", (None, 8, 8, 6)),), (TensorSpec("out", (None, 6, 6, 12)),))
    graph = load_graph(freeze(model, spec, tmp_path / "program"))
    assert "Conv2D" in {node.op for node in graph.graph_def.node}
    assert not graph.graph_def.library.function
    assert not tf.config.functions_run_eagerly()
