from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras, load_model
from edgekit.progress import SILENT
from edgekit.training.architecture import find_network
from edgekit.training.classifier import Classifier, build_classifier, resolve_unfreeze, set_trainable
from edgekit.training.config import TrainingConfig
from edgekit.training.graph import output_of
from edgekit.training.network import HeadSettings
from edgekit.training.objective import Objective

keras = import_keras()

HEAD = HeadSettings(units=8, dropout=0.2, hidden_dropout=0.2, label_smoothing=0.1)


def build(name: str, shape: tuple[int, ...] = (32, 32, 3), weights: str = "none", **more: Any) -> Classifier:
    head, objective = more.pop("head", HEAD), more.pop("objective", Objective("multi-class", 3))
    config = TrainingConfig(model=name, **more)
    return build_classifier(keras, find_network(name), shape, objective, head, weights, config, SILENT)


def _run(model: Any, inputs: np.ndarray) -> np.ndarray:
    # Op by op: tracing a network takes longer than running it once.
    return np.asarray(model(inputs, training=False))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("simple_cnn", 32),
        ("mobilenet_v1_0.25", 32),
        ("efficientnet_b0", 32),
        ("convnext_tiny", 32),
    ],
)
def test_a_saved_model_is_flat_safe_and_the_same(name: str, size: int, tmp_path: Path) -> None:
    classifier = build(name, (size, size, 3))
    assert not [layer.name for layer in classifier.model.layers if hasattr(layer, "layers")]
    assert classifier.model.inputs[0].name == "image"
    assert classifier.model.layers[-1].name == "probabilities"
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.float32)
    before = _run(classifier.model, pixels)
    assert before.shape == (2, 3)
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)
    classifier.model.save(tmp_path / "m.keras")
    loaded, _ = load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(_run(loaded, pixels), before)


def test_model_is_head_of_extractor() -> None:
    classifier = build("simple_cnn")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    features = _run(classifier.extractor, pixels)
    expected = _run(classifier.head, features)
    np.testing.assert_allclose(_run(classifier.model, pixels), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("task", "classes", "outputs", "activation"),
    [("multi-class", 4, 4, "softmax"), ("binary", 2, 1, "sigmoid"), ("multi-label", 1, 1, "sigmoid")],
)
def test_the_last_layer_follows_the_task(task: Any, classes: int, outputs: int, activation: str) -> None:
    last = build("tiny_cnn", objective=Objective(task, classes)).model.layers[-1]
    assert (last.units, last.activation.__name__, last.name) == (outputs, activation, "probabilities")


def test_probabilities_are_float32_in_half_precision() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        classifier = build("tiny_cnn")
    finally:
        keras.config.set_dtype_policy(before)
    assert classifier.extractor.outputs[0].dtype == "bfloat16"
    assert classifier.model.outputs[0].dtype == "float32"


def test_l2_is_a_penalty_on_the_heads_kernels() -> None:
    head = dataclasses.replace(HEAD, l2=0.5)
    plain, penal = build("tiny_cnn"), build("tiny_cnn", head=head)
    assert not plain.model.losses
    kernels = [penal.model.get_layer(name).kernel.numpy() for name in ("hidden", "probabilities")]
    expected = sum(0.5 * np.square(kernel).sum() for kernel in kernels)
    assert float(sum(penal.model.losses)) == pytest.approx(expected, rel=1e-5)


def test_other_samples_than_photos_are_not_rescaled() -> None:
    network, shape = find_network("ds_cnn"), (49, 10, 1)
    config = TrainingConfig(model="ds_cnn")
    objective = Objective("multi-class", 12)
    model = build_classifier(keras, network, shape, objective, HEAD, "none", config, SILENT, photos=False).model
    assert model.inputs[0].name == "input"
    assert "rescaling" not in [layer.name for layer in model.layers]


def test_a_pretrained_backbone_stays_in_inference_mode(tmp_path: Path) -> None:
    keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(
        tmp_path / "b0.weights.h5"
    )
    classifier = build("efficientnet_b0", weights=str(tmp_path / "b0.weights.h5"))
    set_trainable(keras, classifier, None)
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
    set_trainable(keras, classifier, 0)
    assert [w.path for w in classifier.model.trainable_weights] == [
        "hidden/kernel",
        "hidden/bias",
        "probabilities/kernel",
        "probabilities/bias",
    ]
    set_trainable(keras, classifier, None)
    trained = {w.path.split("/")[0] for w in classifier.model.trainable_weights}
    assert "conv1" in trained
    assert not any("bn" in layer for layer in trained)


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenet_v1_0.25"])
def test_from_scratch_there_is_nothing_to_freeze(name: str) -> None:
    classifier = build(name)
    before = [w.path for w in classifier.model.trainable_weights]
    for layers in (0, 3, None):
        set_trainable(keras, classifier, layers)
        assert [w.path for w in classifier.model.trainable_weights] == before


def test_grayscale_photos_are_taken() -> None:
    classifier = build("mobilenet_v1_0.25", (32, 32, 1))
    assert classifier.model.input_shape == (None, 32, 32, 1)
    assert build("simple_cnn", (32, 32, 1)).model.input_shape == (None, 32, 32, 1)


def test_a_head_without_hidden_layer() -> None:
    head = HeadSettings(units=0, dropout=0.0, hidden_dropout=0.5, label_smoothing=0.0)
    classifier = build("simple_cnn", (16, 16, 3), head=head)
    assert [layer.name for layer in classifier.head.layers] == ["features_input", "probabilities"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, str]:
    """A network and the file of its backbone."""
    path = tmp_path_factory.mktemp("weights") / "whole.keras"
    classifier = build("mobilenet_v2_0.35")
    classifier.extractor.save(path)
    return classifier, str(path)


@pytest.fixture(scope="module")
def frozen(whole: tuple[Classifier, str]) -> Classifier:
    return build("mobilenet_v2_0.35", weights=whole[1])


def test_the_last_layers_of_a_backbone_are_thawed(frozen: Classifier) -> None:
    set_trainable(keras, frozen, 4)
    trained = [layer.name for layer in frozen.backbone if layer.trainable]
    names = [layer.name for layer in frozen.backbone]
    assert names[-4:] == ["block_16_project", "block_16_project_BN", "Conv_1", "Conv_1_bn"]
    assert trained == ["block_16_project", "Conv_1"]
    set_trainable(keras, frozen, 10_000)
    assert frozen.backbone[0].trainable


def test_what_to_unfreeze_is_a_number_or_a_layer(frozen: Classifier) -> None:
    total = len(frozen.backbone)
    assert resolve_unfreeze(frozen, "all") == total
    assert resolve_unfreeze(frozen, 3) == resolve_unfreeze(frozen, "3") == 3
    assert resolve_unfreeze(frozen, 9999) == total
    assert resolve_unfreeze(frozen, "Conv_1") == 2
    assert resolve_unfreeze(frozen, "block_16_project") == 4
    # A layer without weights counts by its place.
    assert resolve_unfreeze(frozen, "block_16_depthwise_relu") == 4
    assert resolve_unfreeze(frozen, "Conv1") == total


def test_an_unknown_layer_to_unfreeze_is_refused_with_similar_names(frozen: Classifier) -> None:
    with pytest.raises(
        UsageError, match=r"no layer 'block_16_projekt' to unfreeze from\. Did you mean block_16_project"
    ):
        resolve_unfreeze(frozen, "block_16_projekt")
    with pytest.raises(UsageError, match="Behind 'features' there is no pre-trained layer"):
        resolve_unfreeze(frozen, "features")


def test_a_backbone_is_cut_and_keeps_its_weights(whole: tuple[Classifier, str]) -> None:
    classifier, path = whole
    cut = build("mobilenet_v2_0.35", weights=path, cut_at="block_6_expand_relu")
    assert cut.extractor.output_shape == (None, 96)
    assert cut.backbone[-1].name == "block_6_expand_BN"
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    inner = keras.Model(classifier.model.input, output_of(keras, classifier.model, "block_6_expand_relu", "whole"))
    np.testing.assert_allclose(_run(cut.extractor, pixels), _run(inner, pixels).mean(axis=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(("cut_at", "features"), [("conv_32", 32), ("conv_16_pool", 16), ("features", 64 * 16)])
def test_simple_cnn_is_cut_too(cut_at: str, features: int) -> None:
    assert build("simple_cnn", cut_at=cut_at).extractor.output_shape == (None, features)


def test_an_unknown_cut_names_similar_layers() -> None:
    with pytest.raises(
        UsageError,
        match=r"inception_v3 has no layer 'mixed77'\. Did you mean mixed7 .* of its 310 layers: mixed1, .*mixed9",
    ):
        build("inception_v3", (75, 75, 3), cut_at="mixed77")


def test_inception_v3_is_cut_at_mixed7() -> None:
    classifier = build("inception_v3", (75, 75, 3), cut_at="mixed7")
    assert classifier.extractor.output_shape == (None, 768)
    assert "mixed8" not in [layer.name for layer in classifier.model.layers]
