"""Every kind of model, in every format, says what the model itself says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.sourcemodel import SourceOptions, open_source
from tests.sourcemodel.conftest import FORMATS, Prove
from tests.sourcemodel.networks import BUILDERS, picture_classifier, randomised

QUICK = ("tflite", "onnx")

WITHOUT_COREML = tuple(format for format in FORMATS if format != "coreml")
"""Core ML's conversion and evaluation take as long as the other four together."""

H5 = (
    "anomaly_detection/ad01",
    "image_classification/pretrainedResnet",
    "streaming_wakeword/str_ww_ref_model",
    "visual_wake_words/vww_96",
)


def assert_proved(prover: Any, formats: tuple[str, ...]) -> None:
    spread = [float(array.std(axis=0).max()) for array in prover.reference.outputs.values()]
    assert min(spread) > 1e-3, "the answers do not depend on the inputs, so nothing would be proved"
    for format in formats:
        check = prover.prove(format)
        assert check.verified, f"{format}: {check.reason}"
        assert check.relative_error is None or check.relative_error < 1e-2
        assert check.agreement in (None, 1.0)


@pytest.mark.parametrize("name", BUILDERS)
def test_keras_3(name: str, keras: Any, prover: Prove) -> None:
    formats = (
        FORMATS if name in ("nested", "time_distributed", "bidirectional", "two_inputs", "custom") else WITHOUT_COREML
    )
    assert_proved(prover(open_source(randomised(BUILDERS[name](keras)))), formats)


@pytest.mark.parametrize("name", ["bidirectional", "two_inputs", "custom"])
def test_keras_2(name: str, tf_keras: Any, prover: Prove) -> None:
    assert_proved(prover(open_source(randomised(BUILDERS[name](tf_keras)))), QUICK)


@pytest.mark.parametrize("path", H5)
def test_h5_of_keras_2(path: str, mlperf: Path, tf_keras: Any, prover: Prove) -> None:
    folder, _, name = path.partition("/")
    source = open_source(mlperf / folder / "trained_models" / f"{name}.h5")
    assert (source.spec.name, source.graph.info.name) == (name, "tf_keras")
    assert_proved(prover(source), FORMATS)


def test_saved_model_of_keras_2(mlperf: Path, tf: Any, prover: Prove) -> None:
    source = open_source(mlperf / "keyword_spotting" / "trained_models" / "kws_ref_model")
    assert (source.spec.name, source.spec.task) == ("kws_ref_model", "tensors")
    assert source.remarks[0].endswith("answers 12 numbers; name them with --labels FILE to make it a classifier.")
    assert_proved(prover(source), WITHOUT_COREML)


@pytest.mark.parametrize(
    ("package", "name", "formats"),
    [("keras", "nested", QUICK), ("keras", "bidirectional", ("tfjs", "onnx")), ("tf_keras", "custom", QUICK)],
)
def test_saved_model(
    package: str, name: str, formats: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: Path, prover: Prove
) -> None:
    """Variables, and loops, in functions that call each other."""
    model = randomised(BUILDERS[name](request.getfixturevalue(package)))
    if package == "keras":
        model.export(tmp_path / "model", verbose=False)
    else:
        model.save(tmp_path / "model", save_format="tf")
    proving = prover(open_source(tmp_path / "model"))
    assert_proved(proving, formats)
    (array,), (answer,) = proving.reference.inputs.values(), proving.reference.outputs.values()
    np.testing.assert_allclose(answer, model.predict(array, verbose=0), atol=1e-4)


def test_function(tf: Any, prover: Prove) -> None:
    weights = tf.Variable(np.random.default_rng(0).normal(size=(4, 2)), dtype=tf.float32)
    signature = [tf.TensorSpec([None, 4], name="Left Side"), tf.TensorSpec([None, 2], tf.int32, name="right")]

    @tf.function(input_signature=signature)
    def serve(left: Any, right: Any) -> dict[str, Any]:
        return {"sum": left @ weights + tf.cast(right, tf.float32), "left": tf.nn.relu(left)}

    for function in (serve, serve.get_concrete_function()):
        source = open_source(function)
        assert source.spec.name == "serve"
        assert [(one.name, one.dtype) for one in source.spec.inputs] == [("Left_Side", "float32"), ("right", "int32")]
        assert [one.name for one in source.spec.outputs] == ["left", "sum"]
        assert_proved(prover(source), ("tflite",) if function is serve else ("onnx",))


def test_sizes_that_are_pinned(keras: Any, tmp_path: Path, prover: Prove) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.Conv2D(2, 3)])
    source = open_source(randomised(model), options=SourceOptions(input_shape="1,12,10,3"))
    assert (source.spec.inputs[0].shape, source.spec.outputs[0].shape) == ((None, 12, 10, 3), (None, 8, 6, 2))
    assert_proved(prover(source), QUICK)


def test_a_model_for_one_sample_only(tf: Any, prover: Prove) -> None:
    weights = tf.Variable(np.random.default_rng(0).normal(size=(15, 4)), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([1, 5, 3], name="x")])
    def one(x: Any) -> Any:
        return tf.reshape(tf.reshape(x, (1, 15)) @ weights, (1, 2, 2))

    source = open_source(one)
    assert (source.spec.inputs[0].shape, source.spec.outputs[0].shape) == ((1, 5, 3), (1, 2, 2))
    assert_proved(prover(source), QUICK)


@pytest.mark.parametrize(
    ("options", "by_hand"),
    [
        ({"scale": "1/255"}, lambda x: x / 255),
        ({"preprocessing": "tf"}, lambda x: x / 127.5 - 1),
        ({"preprocessing": "resnet50"}, lambda x: x[..., ::-1] - [103.939, 116.779, 123.68]),
        (
            {"preprocessing": "torch"},
            lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        ),
        (
            {"mean": [1, 2, 3], "scale": [0.01, 0.02, 0.03], "bgr": True},
            lambda x: (x[..., ::-1] - [1, 2, 3]) * [0.01, 0.02, 0.03],
        ),
    ],
    ids=["scale", "tf", "caffe", "torch", "own"],
)
def test_normalization_goes_into_the_graph(options: dict[str, Any], by_hand: Any, keras: Any, prover: Prove) -> None:
    # Values of hundreds saturate a softmax, so that nothing would differ.
    model = randomised(picture_classifier(keras), 0.03 if "bgr" in options or "resnet50" in options.values() else 0.5)
    source = open_source(model, options=SourceOptions(labels=["a", "b", "c"], **options))
    photos = np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3)) * np.linspace(0, 1, 32).reshape(-1, 1, 1, 1)
    proving = prover(source, {"image": photos.astype(np.uint8)})
    assert_proved(proving, ("tflite",))
    pixels = proving.reference.inputs["image"]
    assert pixels.dtype == np.uint8
    expected = model.predict(by_hand(pixels.astype(np.float64)), verbose=0)
    np.testing.assert_allclose(proving.reference.outputs["probabilities"], expected, atol=1e-5)


def test_normalization_in_int8(keras: Any, prover: Prove) -> None:
    """The pixels' bytes are the input tensor all the same: the converter checks scale 1 and zero point 0."""
    photos = np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3)) * np.linspace(0, 1, 32).reshape(-1, 1, 1, 1)
    pixels = photos.astype(np.uint8)
    for way, spread in (("tf", 0.5), ("caffe", 0.03)):  # values of hundreds saturate a softmax
        model = randomised(picture_classifier(keras), spread)
        source = open_source(model, options=SourceOptions(labels=["a", "b", "c"], preprocessing=way))
        assert prover(source, {"image": pixels}).prove("tflite:int8", pixels).verified


@pytest.mark.parametrize(("units", "added"), [(3, "softmax"), (1, "sigmoid")])
def test_raw_scores_become_probabilities(units: int, added: str, keras: Any, prover: Prove) -> None:
    model = randomised(picture_classifier(keras, None, units))
    labels = ["a", "b", "c"][: max(2, units)]
    source = open_source(model, options=SourceOptions(labels=labels, scale="1/255"))
    assert (source.adaptation.activation, source.spec.activation) == (added, added)
    assert source.remarks[-1] == f"It answers raw scores; a {added} is put behind it."
    proving = prover(source)
    assert_proved(proving, QUICK)
    np.testing.assert_allclose(proving.reference.outputs["probabilities"].sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_int8_of_unrolled_recurrent_layers(kind: str, keras: Any, prover: Prove) -> None:
    # With other weights TensorFlow's quantizer may leave a SPLIT of the LSTM in float, which is refused.
    layers = keras.layers
    recurrent = getattr(layers, kind)(6, unroll=True)
    recurrent = layers.Bidirectional(recurrent) if kind == "GRU" else recurrent
    model = keras.Sequential([keras.Input((5, 4)), recurrent, layers.Dense(3)])
    source = open_source(randomised(model))
    samples = np.random.default_rng(0).normal(size=(32, 5, 4)).astype(np.float32)
    assert prover(source, {source.spec.inputs[0].name: samples}).prove("tflite:int8", samples).verified
