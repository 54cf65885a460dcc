"""SavedModels as the converter writes them, run by TensorFlow alone as a server would."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import edgekit
from edgekit.artifact import Artifact
from edgekit.converters.base import get_converter
from edgekit.converters.savedmodel_photos import decode_batch
from edgekit.converters.savedmodel_proof import prove_bytes
from edgekit.errors import VerificationError
from edgekit.outputs import class_probabilities
from edgekit.preprocess import prepare
from edgekit.program import FrozenProgram, freeze
from edgekit.savedmodel import check_saved_model, read_spec_from_saved_model
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier
from tests.photos import GRAY, exif, moving_gif, png, saved, shorts, with_app1

tf = pytest.importorskip("tensorflow")

LABELS = ("daisy", "rose", "tulip, wild")
IMAGE = ImageFormat(24, 16)


def _photos(count: int = 6) -> list[bytes]:
    """Files of mixed sizes and kinds."""
    generator = np.random.default_rng(5)
    files = []
    for index in range(count):
        size = tuple(int(side) for side in generator.integers(5, 90, 2))
        coarse = Image.fromarray(generator.integers(0, 256, (5, 4, 3), np.uint8))
        files.append(saved(coarse.resize(size), "PNG" if index % 2 else "JPEG"))
    return files


def _network(outputs: int, activation: str | None, channels: int = 3) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((IMAGE.height, IMAGE.width, channels)),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(outputs, activation),
        ]
    )


def _convert(model: Any, spec: ModelSpec, folder: Path) -> Artifact:
    program: FrozenProgram = freeze(model, spec, folder / "program", None)
    converter = get_converter("savedmodel")
    out = folder / f"{spec.name}.savedmodel"
    return converter.convert(program, spec, "fp32", None, converter.Options(), out)


@pytest.fixture(scope="module")
def model() -> Any:
    return _network(len(LABELS), "softmax")


@pytest.fixture(scope="module")
def artifact(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return _convert(model, image_classifier("flowers", LABELS, IMAGE), tmp_path_factory.mktemp("flowers"))


def test_it_agrees_with_keras_for_any_batch_size(model: Any, artifact: Artifact) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (70, *IMAGE.shape), np.uint8)
    with edgekit.load(artifact.path) as predictor:
        np.testing.assert_allclose(predictor.predict(pixels), model.predict(pixels, verbose=0), atol=1e-5)
        assert predictor.predict(pixels[:1]).shape == (1, 3)
        assert predictor.classify(_photos(1)[0], top=1)[0].label in LABELS


def test_encoded_photos_get_the_answers_of_their_pixels(artifact: Artifact) -> None:
    files = _photos()
    loaded = tf.saved_model.load(str(artifact.path)).signatures
    pixels = np.stack([prepare(file, IMAGE) for file in files]).astype(np.float32)
    expected = loaded["serving_default"](image=pixels)["probabilities"].numpy()
    answers = {name: value.numpy() for name, value in loaded["serving_bytes"](image_bytes=tf.constant(files)).items()}
    np.testing.assert_array_equal(answers["probabilities"], expected)
    best = expected.argsort(axis=1)[:, ::-1]
    assert answers["classes"].tolist() == [[LABELS[place].encode() for place in row] for row in best]
    np.testing.assert_array_equal(answers["scores"], np.take_along_axis(expected, best, axis=1))


def test_a_session_of_the_kind_that_servers_run_gives_the_same(artifact: Artifact) -> None:
    files = _photos(3)
    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        signature = v1.saved_model.load(session, ["serve"], str(artifact.path)).signature_def["serving_bytes"]
        assert signature.method_name == "tensorflow/serving/predict"
        answers = session.run(
            {name: tensor.name for name, tensor in signature.outputs.items()},
            {signature.inputs["image_bytes"].name: files},
        )
    pixels = np.stack([prepare(file, IMAGE) for file in files])
    with edgekit.load(artifact.path) as predictor:
        np.testing.assert_allclose(answers["probabilities"], predictor.predict(pixels), atol=1e-6)


def test_what_lies_in_the_folder(artifact: Artifact) -> None:
    info = check_saved_model(artifact.path)
    assert sorted(info.signatures) == ["serving_bytes", "serving_default"]
    assert info.assets == ("labels.txt",)
    assert (artifact.path / "assets/labels.txt").read_text() == "".join(f"{label}\n" for label in LABELS)
    assert read_spec_from_saved_model(artifact.path) == artifact.spec == info.spec
    readme = (artifact.path / "assets.extra/README.md").read_text()
    assert "serving_bytes (approximate)" in readme
    assert "100.0% of 12 pictures" in readme
    (note,) = artifact.notes
    assert "'serving_bytes'" in note
    assert "approximate" in note
    # One set of weights for both signatures.
    assert info.operators["Conv2D"] == 1


@pytest.mark.parametrize(
    "spec",
    [
        image_classifier("multi", LABELS, IMAGE, multi_label=True),
        image_classifier("scores", LABELS, IMAGE, activation="none"),
        image_classifier("binary", LABELS[:2], IMAGE, activation="sigmoid"),
        image_classifier("stretched", LABELS, ImageFormat(24, 16, "grayscale", "stretch"), activation="none"),
    ],
    ids=lambda spec: spec.name,
)
def test_scores_are_probabilities_whatever_the_graph_answers(spec: ModelSpec, tmp_path: Path) -> None:
    assert spec.image is not None
    activation = None if spec.activation == "none" else spec.activation
    converted = _convert(_network(spec.classes or 0, activation, spec.image.channels), spec, tmp_path)
    answers = tf.saved_model.load(str(converted.path)).signatures["serving_bytes"](image_bytes=tf.constant(_photos()))
    expected = class_probabilities(answers["probabilities"].numpy(), spec)
    order = expected.argsort(axis=1)[:, ::-1]
    np.testing.assert_allclose(answers["scores"], np.take_along_axis(expected, order, axis=1), atol=1e-6)
    assert answers["classes"].numpy()[0, 0].decode() == spec.label_ids[order[0, 0]]


def test_a_model_that_takes_no_photos_has_one_signature(tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    sound, place = keras.Input((8, 3), name="sound"), keras.Input((2,), name="place", dtype="int32")
    merged = layers.Concatenate()([layers.LSTM(4)(sound), layers.Flatten()(layers.Embedding(5, 3)(place))])
    two = keras.Model([sound, place], [layers.Dense(2, name="z")(merged), layers.Dense(1, name="a")(merged)])
    spec = ModelSpec(
        "two",
        "tensors",
        (TensorSpec("sound", (None, 8, 3)), TensorSpec("place", (None, 2), "int32")),
        (TensorSpec("z", (None, 2)), TensorSpec("a", (None, 1))),
    )
    converted = _convert(two, spec, tmp_path)
    assert converted.notes == ()
    assert not (converted.path / "assets").exists() or not list((converted.path / "assets").iterdir())
    samples = {
        "sound": np.random.default_rng(0).normal(size=(7, 8, 3)).astype(np.float32),
        "place": np.random.default_rng(1).integers(0, 5, (7, 2)).astype(np.int32),
    }
    with edgekit.load(converted.path) as predictor:
        assert [info.name for info in predictor.engine.inputs] == ["sound", "place"]
        assert [info.name for info in predictor.engine.outputs] == ["z", "a"]
        answers = predictor.answers(samples)
    for name, wanted in zip(("z", "a"), two.predict(list(samples.values()), verbose=0), strict=True):
        np.testing.assert_allclose(answers[name], wanted, atol=1e-5)


def test_the_proof_finds_a_signature_that_sees_other_pixels(artifact: Artifact, tmp_path: Path) -> None:
    loaded = tf.saved_model.load(str(artifact.path))
    module = tf.Module()
    module.inner = loaded

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def mirrored(image_bytes: Any) -> dict[str, Any]:
        pixels = tf.cast(decode_batch(tf, image_bytes, IMAGE), tf.float32)
        return dict(loaded.signatures["serving_default"](image=255.0 - pixels))

    module.mirrored = mirrored
    signatures = {"serving_default": loaded.signatures["serving_default"], "serving_bytes": mirrored}
    tf.saved_model.save(module, str(tmp_path / "wrong"), signatures=signatures)
    assert prove_bytes(artifact.path, artifact.spec, "serving_bytes", "image_bytes").agreement == 1.0
    with pytest.raises(VerificationError, match=r"'serving_bytes' answers as .* only; 99% are needed"):
        prove_bytes(tmp_path / "wrong", artifact.spec, "serving_bytes", "image_bytes")


def test_a_model_for_one_photo_at_a_time(model: Any, tmp_path: Path) -> None:
    spec = image_classifier("single", LABELS, IMAGE)
    program = freeze(model, spec, tmp_path / "program", batch=1)
    converter = get_converter("savedmodel")
    one = converter.convert(program, spec, "fp32", None, converter.Options(), tmp_path / "single.savedmodel")
    assert "100%" in one.notes[0]
    pixels = np.random.default_rng(0).integers(0, 256, (3, *IMAGE.shape), np.uint8)
    with edgekit.load(one.path) as predictor:
        assert predictor.engine.batch_size == 1
        np.testing.assert_allclose(predictor.predict(pixels), model.predict(pixels, verbose=0), atol=1e-5)


@pytest.fixture(scope="module")
def decoder() -> Callable[[bytes, ImageFormat], Any]:
    functions: dict[ImageFormat, Any] = {}

    def pixels_of(file: bytes, image: ImageFormat) -> Any:
        if image not in functions:
            spec = tf.TensorSpec([None], tf.string)
            functions[image] = tf.function(
                lambda files: decode_batch(tf, files, image), input_signature=[spec], autograph=False
            )
        return functions[image](tf.constant([file])).numpy()[0]

    return pixels_of


@pytest.mark.parametrize("image", [IMAGE, ImageFormat(13, 40, "grayscale", "letterbox", 9)], ids=["crop", "letterbox"])
def test_the_pixels_are_those_of_the_definition(image: ImageFormat, decoder: Callable[..., Any]) -> None:
    generator = np.random.default_rng(3)
    for width, height in [(1, 1), (24, 16), (13, 40), (25, 17), (7, 200), (300, 3), (131, 97), (290, 480)]:
        alpha = saved(Image.fromarray(generator.integers(0, 256, (height, width, 4), np.uint8)), "PNG")
        photo = saved(Image.fromarray(generator.integers(0, 256, (height, width, 3), np.uint8)), "JPEG", quality=90)
        gray = saved(Image.fromarray(generator.integers(0, 256, (height, width), np.uint8)), "JPEG")
        for file in (alpha, photo, gray):
            np.testing.assert_array_equal(decoder(file, image), prepare(file, image))


def test_other_kinds_of_files(decoder: Callable[..., Any]) -> None:
    sixteen = png(2, 16, GRAY, shorts(1000, 40000), shorts(60000, 3))
    for file in (sixteen, moving_gif(), saved(Image.new("RGB", (9, 9), (1, 200, 3)), "BMP")):
        np.testing.assert_array_equal(decoder(file, IMAGE), prepare(file, IMAGE))
    for file in (b"", b"no image", _photos(1)[0][:200]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            decoder(file, IMAGE)


def test_real_photos_of_mixed_sizes(shared_data: Path, decoder: Callable[..., Any]) -> None:
    files = sorted((shared_data / "flowers-original/val").glob("*/*.jpg"))[::5]
    assert len(files) > 10
    image = ImageFormat(96, 96)
    for file in files:
        data = file.read_bytes()
        np.testing.assert_array_equal(decoder(data, image), prepare(data, image), err_msg=file.name)


def test_photos_are_turned_as_their_exif_says(decoder: Callable[..., Any]) -> None:
    plain = saved(Image.open(io.BytesIO(_photos(1)[0])), "JPEG")
    pixels = {
        (orientation, order): decoder(with_app1(plain, exif(orientation, order)), IMAGE)
        for orientation in range(10)
        for order in "<>"
    }
    for (orientation, order), turned in pixels.items():
        wanted = prepare(with_app1(plain, exif(orientation, order)), IMAGE)
        np.testing.assert_array_equal(turned, wanted, err_msg=f"{orientation} {order}")
    assert len({turned.tobytes() for turned in pixels.values()}) == 8


def test_broken_exif_means_upright(decoder: Callable[..., Any]) -> None:
    plain = saved(Image.open(io.BytesIO(_photos(1)[0])), "JPEG")
    whole = exif(6)
    far = whole[:10] + b"\xff\xff\xff\x7f" + whole[14:]
    for segment in (whole[:20], b"Exif\0\0", far, exif(6, kind=4), b"http://ns.adobe.com/xap/1.0/\0"):
        file = with_app1(plain, segment)
        np.testing.assert_array_equal(decoder(file, IMAGE), decoder(plain, IMAGE))
        np.testing.assert_array_equal(decoder(file, IMAGE), prepare(file, IMAGE))
