"""Core ML packages in the runtime: exported models against Keras, names and layouts, and what is refused."""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.coreml.package import read_package
from edgekit.errors import ModelFileError, NotRunHereError, UsageError
from edgekit.program import freeze
from edgekit.runtime.engines import coreml
from edgekit.runtime.engines.coreml_features import read_features
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier
from edgekit.version import __version__
from tests.coreml.programs import change, operations, save_program

pytest.importorskip("tensorflow", reason="the reference is Keras")
pytest.importorskip("coremltools", reason="the engine needs the extra 'coreml'")
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="Core ML itself runs there")

SIZE = 32
LABELS = ("daisy", "rose", "tulip")
TOLERANCE = 1e-3

Export = Callable[..., Path]


@pytest.fixture(scope="module")
def keras() -> Any:
    import keras

    return keras


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    from edgekit.converters.coreml import CoreMLConverter, CoreMLOptions

    def convert(model: Any, spec: ModelSpec, precision: str = "fp32", **options: Any) -> Path:
        folder = tmp_path_factory.mktemp("coreml")
        program = freeze(model, spec, folder / "program")
        out = folder / "model.mlpackage"
        with contextlib.redirect_stderr(io.StringIO()):
            CoreMLConverter().convert(program, spec, precision, None, CoreMLOptions(**options), out)
        return out

    return convert


def tensors_spec(model: Any) -> ModelSpec:
    return ModelSpec(
        name="model",
        task="tensors",
        inputs=tuple(TensorSpec(f"in{place}", tuple(t.shape), t.dtype) for place, t in enumerate(model.inputs)),
        outputs=tuple(TensorSpec(f"out{place}", tuple(t.shape)) for place, t in enumerate(model.outputs)),
        labels=(),
        activation="none",
    )


def randomized(model: Any) -> Any:
    """With statistics that differ from channel to channel, so that none of them can be mixed up unseen."""
    import keras

    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.moving_mean.shape
            layer.moving_mean.assign(random.uniform(-0.2, 0.2, shape))
            layer.moving_variance.assign(random.uniform(0.7, 1.3, shape))
            if layer.beta is not None:
                layer.beta.assign(random.uniform(-0.2, 0.2, shape))
            if layer.gamma is not None:
                layer.gamma.assign(random.uniform(0.8, 1.2, shape))
    return model


def worst(path: Path, model: Any, scales: tuple[float, ...] = (255.0,)) -> tuple[float, float]:
    """The largest difference from Keras, and how far apart Keras' own values are, at inputs up to ``scales``."""
    engine = coreml.open_model(path, None, False).engine
    random = np.random.default_rng(1)
    found, spread = 0.0, 0.0
    for _ in range(2):
        inputs = {}
        for info, tensor, scale in zip(engine.inputs, model.inputs, scales, strict=True):
            values = random.uniform(0, scale, (1, *tensor.shape[1:]))
            inputs[info.name] = values.astype(info.dtype)
        answers = engine.run(inputs)
        expected = model(list(inputs.values()) if len(inputs) > 1 else next(iter(inputs.values())), training=False)
        expected = expected if isinstance(expected, list | tuple) else [expected]
        for info, tensor in zip(engine.outputs, expected, strict=True):
            values = np.asarray(tensor)
            assert answers[info.name].shape == values.shape
            found = max(found, float(np.abs(answers[info.name] - values).max()))
            spread = max(spread, float(np.ptp(values)))
    return found, spread


def mobilenet_v2(keras: Any) -> Any:
    return keras.applications.MobileNetV2((SIZE, SIZE, 3), 0.35, weights=None, classes=10)


def mobilenet_v3(keras: Any) -> Any:
    return keras.applications.MobileNetV3Small((SIZE, SIZE, 3), 0.75, weights=None, classes=10)


def efficientnet(keras: Any) -> Any:
    return keras.applications.EfficientNetB0(input_shape=(SIZE, SIZE, 3), weights=None, classes=10)


def dense_blocks(keras: Any) -> Any:
    """DenseNet's parts: concatenation, batch normalization before convolution, average and max pooling."""
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.MaxPooling2D(3, 2, padding="same")(layers.Conv2D(8, 7, strides=2, padding="same")(image / 255))
    for _ in range(2):
        for _ in range(2):
            found = layers.ReLU()(layers.BatchNormalization()(x))
            found = layers.Conv2D(6, 3, padding="same", use_bias=False)(found)
            x = layers.Concatenate()([x, found])
        x = layers.AveragePooling2D(2, padding="same")(layers.Conv2D(10, 1)(x))
    x = layers.Flatten()(layers.UpSampling2D(2, interpolation="bilinear")(x))
    return keras.Model(image, layers.Dense(10, "softmax")(x))


@pytest.mark.parametrize("build", [mobilenet_v2, mobilenet_v3, efficientnet, dense_blocks])
def test_networks_agree_with_keras(keras: Any, export: Export, build: Callable[[Any], Any]) -> None:
    keras.utils.set_random_seed(0)
    model = randomized(build(keras))
    found, spread = worst(export(model, tensors_spec(model)), model)
    assert found <= min(TOLERANCE, 1e-3 * spread)


@pytest.mark.parametrize(("precision", "tolerance"), [("fp16", 0.01), ("int8", 0.05)])
def test_smaller_precisions_are_near_keras(keras: Any, export: Export, precision: str, tolerance: float) -> None:
    """Each farther away than the one before, as far as its rounding goes: it is the written file that ran."""
    keras.utils.set_random_seed(0)
    model = randomized(mobilenet_v2(keras))
    found, spread = worst(export(model, tensors_spec(model), precision), model)
    assert 1e-6 < found <= tolerance * spread


@pytest.fixture(scope="module")
def sequences(keras: Any) -> Any:
    """One model with a layer of each kind: loops, lists, look-ups, products over time."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    signal, words = keras.Input((7, 5)), keras.Input((7,), dtype="int32")
    answers = [
        layers.LSTM(4)(signal),
        layers.GRU(4, return_sequences=True)(signal),
        layers.SimpleRNN(3, go_backwards=True)(signal),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True))(signal),
        layers.TimeDistributed(layers.Dense(3, "gelu"))(layers.LayerNormalization()(signal)),
        layers.MultiHeadAttention(2, 4)(signal, signal),
        layers.GRU(3, reset_after=False)(layers.Embedding(20, 6, embeddings_initializer="normal")(words)),
        layers.Conv1D(3, 3, padding="causal", dilation_rate=2)(signal),
    ]
    model = keras.Model([signal, words], answers)
    for weight in model.weights:
        if "bias" in weight.path:
            weight.assign(np.random.default_rng(1).normal(size=weight.shape) / 4)
    return model


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("fp16", 0.01)])
def test_sequences_agree_with_keras(sequences: Any, export: Export, precision: str, tolerance: float) -> None:
    found, spread = worst(export(sequences, tensors_spec(sequences), precision), sequences, (1.0, 20.0))
    assert found <= tolerance * spread


def test_several_inputs_and_outputs_keep_the_specs_names_and_order(keras: Any, export: Export) -> None:
    layers = keras.layers
    one, two = keras.Input((4,), name="zebra"), keras.Input((3,), name="ape")
    joined = layers.Concatenate()([one, two])
    model = keras.Model([one, two], [layers.Dense(2)(joined), layers.Dense(5, "tanh")(joined)])
    spec = ModelSpec(
        name="pair",
        task="tensors",
        inputs=(TensorSpec("zebra", (None, 4)), TensorSpec("ape/left", (None, 3))),
        outputs=(TensorSpec("z", (None, 2)), TensorSpec("a", (None, 5))),
        labels=(),
        activation="none",
    )
    path = export(model, spec)
    engine = coreml.open_model(path, None, False).engine
    assert [str(info) for info in engine.inputs] == ["zebra: float32 (1, 4)", "ape/left: float32 (1, 3)"]
    assert [str(info) for info in engine.outputs] == ["z: float32 (1, 2)", "a: float32 (1, 5)"]
    assert worst(path, model, (1.0, 1.0))[0] < 1e-5


@pytest.fixture(scope="module")
def classifier(keras: Any) -> Any:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((SIZE, 24, 3), name="image")
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(layers.Rescaling(1 / 127.5, -1)(image))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, activation="relu")(x))
    return keras.Model(image, layers.Dense(3, "softmax")(layers.Dense(64, "relu")(x) * 4))


SPEC = image_classifier("blumen", LABELS, ImageFormat(24, SIZE))


@pytest.fixture(scope="module")
def flowers(classifier: Any, export: Export) -> Path:
    """A classifier of 24 x 32 photos; not to be changed."""
    return export(classifier, SPEC)


@pytest.fixture(scope="module")
def photo() -> Any:
    return np.random.default_rng(3).integers(0, 256, (1, SIZE, 24, 3)).astype(np.float32)


def test_a_classifier_of_photos(flowers: Path, classifier: Any, photo: Any) -> None:
    opened = coreml.open_model(flowers, None, False)
    assert opened.spec == SPEC
    assert opened.normalization is None
    engine = opened.engine
    assert [str(info) for info in engine.inputs] == [f"image: float32 (1, {SIZE}, 24, 3)"]
    assert [(info.name, info.shape) for info in engine.outputs] == [("probabilities", (1, 3))]
    assert str(engine.info) == f"EdgeKit's Core ML evaluator {__version__} (evaluator, not Core ML)"
    assert engine.batch_size == 1
    expected = np.asarray(classifier(photo))
    answer = engine.run({"image": photo})["probabilities"]
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    np.testing.assert_array_equal(engine.run({"image": photo.astype(np.uint8)})["probabilities"], answer)
    # The channels, rows and columns of a photo are not interchangeable.
    assert np.abs(engine.run({"image": photo[..., ::-1]})["probabilities"] - answer).max() > 1e-3


def test_probabilities_are_in_the_order_of_the_specs_labels(flowers: Path, tmp_path: Path, photo: Any) -> None:
    answer = coreml.open_model(flowers, None, False).engine.run({"image": photo})["probabilities"]
    path = Path(shutil.copytree(flowers, tmp_path / "model.mlpackage"))
    turned = image_classifier("blumen", LABELS[::-1], ImageFormat(24, SIZE))
    change(path, lambda model: model.description.metadata.userDefined.update({"edgekit.spec": turned.to_json()}))
    again = coreml.open_model(path, None, False).engine.run({"image": photo})["probabilities"]
    np.testing.assert_array_equal(again, answer[:, ::-1])
    other = image_classifier("blumen", ("daisy", "rose", "oak"), ImageFormat(24, SIZE))
    change(path, lambda model: model.description.metadata.userDefined.update({"edgekit.spec": other.to_json()}))
    with pytest.raises(ModelFileError, match="does not answer the label 'oak'"):
        coreml.open_model(path, None, False).engine.run({"image": photo})


def test_a_foreign_classifier_runs_on_raw_tensors(flowers: Path, tmp_path: Path, photo: Any) -> None:
    path = Path(shutil.copytree(flowers, tmp_path / "model.mlpackage"))
    change(path, lambda model: model.description.metadata.userDefined.pop("edgekit.spec"))
    opened = coreml.open_model(path, None, False)
    assert opened.spec is None
    assert [str(info) for info in opened.engine.inputs] == [f"image: uint8 (1, {SIZE}, 24, 3)"]
    (features, answers) = read_features(read_package(path))
    assert features[0].image
    assert answers[0].labels == LABELS
    answer = opened.engine.run({"image": photo.astype(np.uint8)})
    expected = coreml.open_model(flowers, None, False).engine.run({"image": photo})
    np.testing.assert_array_equal(answer[opened.engine.outputs[0].name], expected["probabilities"])


def test_a_planted_wrong_weight_is_found(flowers: Path, tmp_path: Path, classifier: Any, photo: Any) -> None:
    """One value of one weight, in the file: far enough from Keras that a comparison fails."""
    path = Path(shutil.copytree(flowers, tmp_path / "model.mlpackage"))
    weights = path / "Data/com.apple.CoreML/weights/weight.bin"
    data = bytearray(weights.read_bytes())
    kernel = np.asarray(classifier.layers[2].kernel)  # (3, 3, 3, 8) -> (8, 3, 3, 3)
    stored = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)).tobytes()
    place = bytes(data).find(stored)
    assert place > 0
    data[place : place + 4] = np.float32(5).tobytes()
    weights.write_bytes(bytes(data))
    answer = coreml.open_model(path, None, False).engine.run({"image": photo})["probabilities"]
    assert np.abs(answer - np.asarray(classifier(photo))).max() > TOLERANCE


def test_wrong_inputs_are_explained(flowers: Path, photo: Any) -> None:
    engine = coreml.open_model(flowers, None, False).engine
    with pytest.raises(UsageError, match=r"Expected arrays for 'image'. Got: 'photo'"):
        engine.run({"photo": photo})
    with pytest.raises(UsageError, match="Got an array of shape"):
        engine.run({"image": photo[0]})
    with pytest.raises(UsageError, match="Got an array of dtype float64"):
        engine.run({"image": photo.astype(np.float64)})
    engine.close()
    engine.close()
    with pytest.raises(UsageError, match="is closed"):
        engine.run({"image": photo})


def test_integers_that_core_ml_cannot_hold(keras: Any, export: Export) -> None:
    given = keras.Input((3,), dtype="int64")
    model = keras.Model(given, keras.layers.Embedding(9, 2)(given))
    engine = coreml.open_model(export(model, tensors_spec(model)), None, False).engine
    assert engine.inputs[0].dtype == "int64"
    assert engine.run({"in0": np.array([[1, 2, 8]])})["out0"].shape == (1, 3, 2)
    with pytest.raises(UsageError, match="in0 must be between -2147483648 and 2147483647"):
        engine.run({"in0": np.array([[1, 2, 1 << 40]])})


def test_threads_take_turns(flowers: Path, photo: Any) -> None:
    engine = coreml.open_model(flowers, None, False).engine
    photos = [np.roll(photo, shift, axis=1) for shift in range(8)]
    alone = [engine.run({"image": one})["probabilities"] for one in photos]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: engine.run({"image": one})["probabilities"], photos))
    np.testing.assert_array_equal(alone, together)


def test_an_unknown_operator_is_said_when_the_file_is_opened(flowers: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(flowers, tmp_path / "model.mlpackage"))

    def rename(model: Any) -> None:
        next(op for op in operations(model) if op.type == "conv").type = "conv_of_tomorrow"

    change(path, rename)
    with pytest.raises(NotRunHereError, match="conv_of_tomorrow"):
        coreml.open_model(path, None, False)


def test_a_spec_of_another_model_is_refused(flowers: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(flowers, tmp_path / "model.mlpackage"))
    pair = ModelSpec(
        name="pair",
        task="tensors",
        inputs=(TensorSpec("a", (None, 1)), TensorSpec("b", (None, 1))),
        outputs=(TensorSpec("c", (None, 1)),),
        labels=(),
        activation="none",
    )
    change(path, lambda model: model.description.metadata.userDefined.update({"edgekit.spec": pair.to_json()}))
    with pytest.raises(ModelFileError, match="has 1 inputs, but its spec 2"):
        coreml.open_model(path, None, False)


def test_a_description_of_another_shape_is_refused(flowers: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(flowers, tmp_path / "model.mlpackage"))
    change(path, lambda model: setattr(model.description.input[0].type.imageType, "width", 25))
    with pytest.raises(ModelFileError, match="but its program takes another shape"):
        coreml.open_model(path, None, False)


def test_blue_first(tmp_path: Path) -> None:
    import coremltools

    def body(mb: Any, image: Any) -> Any:
        return mb.reduce_mean(x=image, axes=[2, 3])

    layout = coremltools.colorlayout.BGR
    image = coremltools.ImageType(name="x0", shape=(1, 3, 4, 5), color_layout=layout)
    path = save_program(tmp_path, body, [(1, 3, 4, 5)], inputs=[image])
    engine = coreml.open_model(path, None, False).engine
    pixels = np.zeros((1, 4, 5, 3), np.uint8)
    pixels[..., 0] = 200
    (answer,) = engine.run({"x0": pixels}).values()
    np.testing.assert_array_equal(answer, [[0, 0, 200]])


def test_sizes_that_may_be_any(tmp_path: Path) -> None:
    import coremltools

    shape = coremltools.Shape((1, coremltools.RangeDim(1, 9, default=3)))
    given = coremltools.TensorType(name="x0", shape=shape)

    def body(mb: Any, x: Any) -> Any:
        return mb.reduce_sum(x=x, axes=[1])

    from coremltools.converters.mil.mil import get_new_symbol

    path = save_program(tmp_path, body, [(1, get_new_symbol())], inputs=[given])
    engine = coreml.open_model(path, None, False).engine
    assert engine.inputs[0].shape == (1, None)
    (answer,) = engine.run({"x0": np.ones((1, 7), np.float32)}).values()
    np.testing.assert_array_equal(answer, [7])


def test_the_number_of_threads_changes_no_answer(flowers: Path, photo: Any) -> None:
    answers = [
        coreml.open_model(flowers, threads, False).engine.run({"image": photo})["probabilities"]
        for threads in (None, 1, 2)
    ]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-7)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-6)
    with pytest.raises(UsageError, match=r"threads is a whole number of at least 1\. Got: 0"):
        coreml.open_model(flowers, 0, False)
