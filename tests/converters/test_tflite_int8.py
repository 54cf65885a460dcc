"""int8 TFLite: ranges as they are seen, biases that take rounding back, and what the quantizer leaves in float."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converters.tflite_bias import Layer, bias_scale, correct_biases, mean_answer, read_layers, weight_error
from edgekit.converters.tflite_int8 import _calibrate, _quantize, convert_to_int8
from edgekit.converters.tflite_neg import without_neg
from edgekit.converters.tflite_observe import BINS, Observation, computed_tensors, count, observe
from edgekit.converters.tflite_ranges import choose_ranges, least_error
from edgekit.errors import ModelFileError
from edgekit.program import FrozenProgram, freeze
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier
from edgekit.tflite.checks import find_problems
from edgekit.tflite.model import read_model
from edgekit.tflite.patch import with_ranges

SIDE = 24
PHOTOS = np.random.default_rng(0).integers(0, 256, (24, SIDE, SIDE, 3)).astype(np.uint8)
PHOTOS[-1, 0, 0], PHOTOS[-1, -1, -1] = 0, 255


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("tensorflow")
    import keras

    return keras


@pytest.fixture(scope="module")
def residual(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    """Convolutions of every kind of padding, stride and group, with a sum that may be written over its input."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6")(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu", bias_initializer="normal")(x)
    y = layers.Conv2D(8, 1, bias_initializer="normal")(y)
    x = layers.Add()([x, layers.Rescaling(0.2)(y)])
    x = layers.Conv2D(16, 3, strides=2, padding="valid", activation="relu")(x)
    x = layers.Conv2D(16, 3, groups=4, dilation_rate=2, padding="same")(x)
    x = layers.Dense(6, bias_initializer="normal")(layers.GlobalAveragePooling2D()(x))
    spec = image_classifier("r", [f"class {i}" for i in range(6)], ImageFormat(SIDE, SIDE))
    return freeze(keras.Model(pixels, layers.Softmax()(x)), spec, tmp_path_factory.mktemp("residual") / "program")


@pytest.fixture(scope="module")
def calibrated(residual: FrozenProgram) -> bytes:
    return _calibrate(residual.folder, "image", PHOTOS)


@pytest.fixture(scope="module")
def seen(calibrated: bytes) -> Observation:
    model = read_model(calibrated)
    return observe(model, PHOTOS, [layer.operator.inputs[0] for layer in read_layers(model)])


def run_all(data: bytes, samples: np.ndarray) -> Iterator[dict[int, np.ndarray]]:
    """Every tensor of the first graph, for each sample in turn."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=data,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    (detail,) = interpreter.get_input_details()
    outputs = [index for op in read_model(data).subgraphs[0].operators for index in op.outputs]
    for sample in samples:
        interpreter.set_tensor(detail["index"], sample[None].astype(detail["dtype"]))
        interpreter.invoke()
        yield {index: interpreter.get_tensor(index) for index in outputs}


def test_ranges_are_those_of_each_tensor_alone(calibrated: bytes, seen: Observation) -> None:
    model = read_model(calibrated)
    (add,) = [op for op in model.subgraphs[0].operators if op.name == "ADD" and len(op.inputs) == 2][-1:]
    answers = list(run_all(calibrated, PHOTOS))
    for index in (*add.inputs, *add.outputs):
        values = np.stack([answer[index] for answer in answers])
        assert seen.ranges[index] == (min(0.0, values.min()), max(0.0, values.max()))
        assert seen.histograms[index].sum() == values.size
    assert seen.ranges[model.subgraphs[0].inputs[0]] == (0.0, 255.0)
    assert set(seen.ranges) == set(computed_tensors(model))


def test_a_histogram_counts_every_value() -> None:
    values = np.array([-1, -0.5, 0, 0.999, 1, np.nan, np.inf, -np.inf], np.float32)
    counts = count(values, -1.0, 1.0)
    assert counts.shape == (BINS,)
    assert counts.sum() == len(values)
    assert counts[BINS // 2] == 1
    assert counts[-1] >= 2
    assert not count(values, 0.0, 0.0).any()


def test_a_far_outlier_is_cut_and_even_values_are_not() -> None:
    even = np.full(BINS, 100)
    assert least_error(-3.0, 5.0, even) == (-3.0, 5.0)
    values = np.append(np.random.default_rng(0).normal(size=1_000_000), 40.0).astype(np.float32)
    low, high = least_error(-6.0, 40.0, count(values, -6.0, 40.0))
    assert low == pytest.approx(-4.5, abs=1.0)
    assert 5.0 < high < 25.0

    def error(lower: float, upper: float) -> float:
        level = (upper - lower) / 255
        return float(np.mean((np.clip(np.round(values / level) * level, lower, upper) - values) ** 2))

    assert error(low, high) < 0.7 * error(-6.0, 40.0)
    assert least_error(0.0, 0.0, even) == (0.0, 0.0)


def test_inputs_and_answers_keep_their_ranges(calibrated: bytes, seen: Observation) -> None:
    model = read_model(calibrated)
    chosen = choose_ranges(model, seen)
    softmax = model.subgraphs[0].operators[-1]
    whole = (*model.subgraphs[0].inputs, *softmax.inputs[:1], *softmax.outputs)
    assert [chosen[index] for index in whole] == [seen.ranges[index] for index in whole]
    assert any(chosen[index] != seen.ranges[index] for index in chosen)
    written = read_model(with_ranges(calibrated, chosen))
    assert written.subgraphs == model.subgraphs


def test_ranges_must_be_finite(calibrated: bytes) -> None:
    with pytest.raises(ModelFileError, match="not finite"):
        with_ranges(calibrated, {0: (0.0, float("inf"))})


def test_the_mean_answer_is_what_tensorflow_answers(calibrated: bytes, seen: Observation) -> None:
    """The mean of each layer's answers, its activation aside, is the layer's answer to its mean input."""
    import tensorflow as tf

    model = read_model(calibrated)
    layers = read_layers(model)
    assert [layer.operator.name for layer in layers].count("CONV_2D") == 4
    random = np.random.default_rng(0)
    for layer in layers:
        shape = layer.input(1).shape  # type: ignore[union-attr]
        weights = random.normal(size=shape).astype(np.float32)
        mean = seen.means[layer.operator.inputs[0]]
        found = mean_answer(layer, weights, mean)
        given = tf.constant(mean[None], tf.float32)
        stride = 2 if layer.output.shape[1:2] not in ((mean.shape[0],), (mean.shape[0] - 4,)) else 1
        if layer.operator.name == "FULLY_CONNECTED":
            expected = weights @ mean
        elif layer.operator.name == "DEPTHWISE_CONV_2D":
            kernel = weights[0][..., None]
            expected = tf.nn.depthwise_conv2d(given, kernel, [1, 1, 1, 1], "SAME").numpy().mean(axis=(0, 1, 2))
        else:
            same = layer.output.shape[1] == -(-mean.shape[0] // stride)
            dilation = 2 if shape[3] != mean.shape[2] else 1
            kernel = weights.transpose(1, 2, 3, 0)
            answer = tf.nn.convolution(given, kernel, stride, "SAME" if same else "VALID", dilations=dilation)
            expected = answer.numpy().mean(axis=(0, 1, 2))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=layer.operator.name)


def test_a_corrected_bias_takes_back_what_rounding_weights_did(
    residual: FrozenProgram, calibrated: bytes, seen: Observation
) -> None:
    original = read_model(calibrated)
    plain = _quantize(with_ranges(calibrated, choose_ranges(original, seen)))
    corrected = correct_biases(plain, original, seen.means)
    model = read_model(corrected)
    assert find_problems(model, "int8") == []
    assert len(corrected) - len(plain) < 2_000
    layers = zip(read_layers(original), read_layers(read_model(plain)), read_layers(model), strict=True)
    steps = []
    for exact, rounded, repaired in layers:
        mean, error, scale = seen.means[exact.operator.inputs[0]], weight_error(exact, repaired), bias_scale(repaired)
        assert error is not None
        assert scale is not None
        shift = mean_answer(exact, error, mean)
        added = (bias_of(repaired) - bias_of(rounded)) * scale
        assert np.abs(shift + added).max() <= 0.51 * scale.max()  # as near as an integer bias can be
        steps.append(np.abs(shift).max() / scale.max())
    assert sum(step > 10 for step in steps) >= 3
    assert convert_to_int8(residual.folder, "image", PHOTOS) == corrected  # and the same at every run


def bias_of(layer: Layer) -> np.ndarray:
    """(out,) as stored."""
    tensor = layer.input(2)
    assert tensor is not None
    return np.frombuffer(layer.model.buffer(tensor.buffer), "<i4").astype(np.float64)


def test_a_model_of_other_weights_is_left_alone(calibrated: bytes, seen: Observation) -> None:
    model = read_model(calibrated)
    plain = _quantize(with_ranges(calibrated, seen.ranges))
    layer, twin = read_layers(model)[0], read_layers(read_model(plain))[0]
    assert weight_error(layer, twin) is not None
    weights = layer.input(1)
    assert weights is not None
    span = model.buffers[weights.buffer]
    other = bytearray(calibrated)
    other[span.offset : span.offset + span.size] = (7 * np.frombuffer(model.buffer(weights.buffer), "<f4")).tobytes()
    assert weight_error(read_layers(read_model(bytes(other)))[0], twin) is None


def test_negation_becomes_a_product_but_not_in_gelu(keras: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    stack = [layers.Dense(8), layers.LayerNormalization(), layers.Dense(8, "gelu"), layers.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *stack])
    spec = ModelSpec("n", "tensors", (TensorSpec("x", (None, 6)),), (TensorSpec("y", (None, 2)),))
    program = freeze(model, spec, tmp_path / "program")
    samples = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    converted = read_model(convert_to_int8(program.folder, "x", samples)).subgraphs[0]
    names = [operator.name for operator in converted.operators]
    assert not [tensor.name for tensor in converted.tensors if tensor.dtype == "float32"]
    assert "NEG" not in names
    assert "GELU" in names

    import tensorflow as tf

    rewritten = tf.saved_model.load(str(without_neg(program.folder, tmp_path))).signatures["serving_default"]
    before = tf.saved_model.load(str(program.folder)).signatures["serving_default"]
    one = tf.constant(samples[:1])
    np.testing.assert_array_equal(rewritten(x=one)["y"], before(x=one)["y"])


def test_a_program_without_negation_is_not_copied(residual: FrozenProgram, tmp_path: Path) -> None:
    assert without_neg(residual.folder, tmp_path) == residual.folder
    assert not list(tmp_path.iterdir())


def test_an_unrolled_recurrence_is_integers_only(keras: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([keras.Input((4, 6)), layers.GRU(8, unroll=True), layers.Dense(3)])
    spec = ModelSpec("u", "tensors", (TensorSpec("x", (None, 4, 6)),), (TensorSpec("y", (None, 3)),))
    program = freeze(model, spec, tmp_path / "program")
    samples = np.random.default_rng(0).normal(size=(30, 4, 6)).astype(np.float32)
    first = convert_to_int8(program.folder, "x", samples)
    tensors = read_model(first).subgraphs[0].tensors
    assert not [tensor.name for tensor in tensors if tensor.dtype == "float32"]
    assert first == convert_to_int8(program.folder, "x", samples)
