from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.kerasfile import import_keras, load_model
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat
from edgekit.training.architecture import find_network
from edgekit.training.classifier import Classifier, build_classifier, freeze_backbone
from edgekit.training.network import HeadSettings

keras = import_keras()

HEAD = HeadSettings(units=8, dropout=0.2, hidden_dropout=0.2, label_smoothing=0.1)


def build(name: str, size: int = 32, weights: str = "none", augmentation: str = "none", **image: Any) -> Classifier:
    picture = ImageFormat(size, size, **image)
    return build_classifier(keras, find_network(name), picture, weights, HEAD, 3, augmentation, 0, SILENT)


def _run(model: Any, inputs: np.ndarray) -> np.ndarray:
    # Op by op: tracing a network takes longer than running it once.
    return np.asarray(model(inputs, training=False))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("simple_cnn", 32),
        ("mobilenet_v1_0.25", 32),
        ("mobilenet_v2_0.35", 40),
        ("mobilenet_v3_small_minimalistic", 32),
        ("efficientnet_b0", 32),
        ("convnext_tiny", 32),
        ("vgg16", 32),
    ],
)
def test_a_saved_model_is_flat_safe_and_the_same(name: str, size: int, tmp_path: Path) -> None:
    classifier = build(name, size, augmentation="light")
    nested = [layer.name for layer in classifier.model.layers if hasattr(layer, "layers")]
    # ConvNeXt's stem and downsampling are Sequential models of Keras' own.
    assert all("stem" in layer or "downsampling" in layer for layer in nested)
    assert classifier.model.layers[-1].name == "probabilities"
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.float32)
    before = _run(classifier.model, pixels)
    assert before.shape == (2, 3)
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)
    classifier.model.save(tmp_path / "m.keras")
    loaded, _ = load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(_run(loaded, pixels), before)


def test_model_is_head_of_extractor() -> None:
    classifier = build("simple_cnn", augmentation="light")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    features = _run(classifier.extractor, pixels)
    expected = _run(classifier.head, features)
    np.testing.assert_allclose(_run(classifier.model, pixels), expected, atol=1e-6)


def test_augmentation_acts_in_training_only() -> None:
    plain, varied = build("simple_cnn"), build("simple_cnn", augmentation="light")
    varied.model.set_weights(plain.model.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    inference = np.asarray(varied.extractor(pixels, training=False))
    np.testing.assert_array_equal(inference, np.asarray(plain.extractor(pixels, training=False)))
    assert not np.allclose(np.asarray(varied.extractor(pixels, training=True)), inference)


def test_a_pretrained_backbone_stays_in_inference_mode(tmp_path: Path) -> None:
    keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        tmp_path / "b0.weights.h5"
    )
    classifier = build("efficientnet_b0", weights=str(tmp_path / "b0.weights.h5"))
    freeze_backbone(keras, classifier, frozen=False)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    statistics = [w.numpy().copy() for w in classifier.extractor.non_trainable_weights]
    # EfficientNet drops whole blocks at random in training; batch norm would use the batch's statistics.
    training = np.asarray(classifier.extractor(pixels, training=True))
    np.testing.assert_allclose(training, np.asarray(classifier.extractor(pixels, training=False)), atol=1e-5)
    for before, after in zip(statistics, classifier.extractor.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(before, after.numpy())


def test_freezing_leaves_the_head_only(tmp_path: Path) -> None:
    path = tmp_path / "mobilenet.weights.h5"
    keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25).save_weights(
        path
    )
    classifier = build("mobilenet_v1_0.25", weights=str(path))
    freeze_backbone(keras, classifier, frozen=True)
    assert [w.path for w in classifier.model.trainable_weights] == [
        "hidden/kernel",
        "hidden/bias",
        "probabilities/kernel",
        "probabilities/bias",
    ]
    freeze_backbone(keras, classifier, frozen=False)
    trained = {w.path.split("/")[0] for w in classifier.model.trainable_weights}
    assert "conv1" in trained
    assert not any("bn" in layer for layer in trained)


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenet_v1_0.25"])
def test_from_scratch_there_is_nothing_to_freeze(name: str) -> None:
    classifier = build(name)
    before = [w.path for w in classifier.model.trainable_weights]
    for frozen in (True, False):
        freeze_backbone(keras, classifier, frozen)
        assert [w.path for w in classifier.model.trainable_weights] == before


def test_grayscale_photos_are_taken() -> None:
    classifier = build("mobilenet_v1_0.25", color="grayscale")
    assert classifier.model.input_shape == (None, 32, 32, 1)
    assert build("simple_cnn", color="grayscale").model.input_shape == (None, 32, 32, 1)


def test_a_head_without_hidden_layer() -> None:
    head = HeadSettings(units=0, dropout=0.0, hidden_dropout=0.5, label_smoothing=0.0)
    network, image = find_network("simple_cnn"), ImageFormat(16, 16)
    classifier = build_classifier(keras, network, image, "none", head, 2, "none", 0, SILENT)
    assert [layer.name for layer in classifier.head.layers] == ["features_input", "probabilities"]
