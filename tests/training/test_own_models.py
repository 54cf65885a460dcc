from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras, load_model, save_model
from edgekit.spec import ImageFormat, Label, image_classifier
from edgekit.training.architecture import check_model, default_image_format, default_image_size, find_network
from edgekit.training.classifier import Classifier, build_classifier, set_trainable
from edgekit.training.config import TrainingConfig
from edgekit.training.network import HeadSettings
from edgekit.training.objective import Objective
from tests.heard import Heard

keras = import_keras()
layers = keras.layers

HEAD = HeadSettings(units=4, dropout=0.1, hidden_dropout=0.0, label_smoothing=0.0)
THREE = Objective("multi-class", 3)
LABELS = ("a", "b", "c")


class Listener(Heard):
    """Building is no task."""

    def task(self, description: str, total: int) -> Any:
        raise AssertionError("building is no task")


def build(
    model: Any,
    shape: tuple[int, ...] = (16, 16, 3),
    objective: Objective = THREE,
    listener: Listener | None = None,
    photos: bool = True,
    labels: tuple[str, ...] = LABELS,
    weights: str = "own",
    **config: Any,
) -> Classifier:
    settings = TrainingConfig(model=model, **config)
    network = find_network(model)
    network.check(shape, weights, settings.cut_at)
    return build_classifier(
        keras,
        network,
        shape,
        objective,
        HEAD,
        weights,
        settings,
        listener or Listener(),
        labels=labels,
        photos=photos,
    )


def features_of(input_shape: tuple[int, ...]) -> Any:
    """A builder that is told no classes."""
    image = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name="conv")(x)
    return keras.Model(image, x)


def complete(input_shape: tuple[int, ...], classes: int) -> Any:
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Rescaling(1 / 255),
            keras.Sequential([layers.Conv2D(4, 3, name="inner"), layers.BatchNormalization()], name="stem"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation="softmax", name="mine"),
        ]
    )


def check(classifier: Classifier, shape: tuple[int, ...], tmp_path: Path) -> None:
    """It answers probabilities, and plain Keras opens it."""
    samples = np.random.default_rng(0).uniform(0, 255, (2, *shape)).astype(np.float32)
    answers = np.asarray(classifier.model(samples, training=False))
    assert answers.dtype == np.float32
    assert ((answers >= 0) & (answers <= 1)).all()
    classifier.model.save(tmp_path / "m.keras")
    loaded, _ = load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(np.asarray(loaded(samples, training=False)), answers, atol=1e-6)


def test_a_builder_that_names_no_classes_gives_features(tmp_path: Path) -> None:
    listener = Listener()
    classifier = build(features_of, listener=listener)
    assert classifier.extractor.output_shape == (None, 4)
    assert [layer.name for layer in classifier.model.layers][-4:] == ["features", "dropout", "hidden", "probabilities"]
    assert "taken as features" in listener.said[0]
    assert classifier.backbone == ()
    check(classifier, (16, 16, 3), tmp_path)


def test_a_builder_that_names_classes_is_complete(tmp_path: Path) -> None:
    classifier = build(complete)
    assert classifier.extractor is None
    assert classifier.head is None
    assert classifier.model.layers[-1].name == "mine"
    # The nested model is opened.
    assert "inner" in [layer.name for layer in classifier.model.layers]
    assert classifier.model.inputs[0].name == "image"
    check(classifier, (16, 16, 3), tmp_path)


@pytest.mark.parametrize(
    ("task", "classes", "activation"),
    [("multi-class", 3, "softmax"), ("binary", 2, "sigmoid"), ("multi-label", 3, "sigmoid")],
)
def test_plain_numbers_get_the_tasks_activation(task: Any, classes: int, activation: str, tmp_path: Path) -> None:
    def logits(input_shape: Any, outputs: int) -> Any:
        image = keras.Input(input_shape)
        return keras.Model(image, layers.Dense(outputs)(layers.GlobalAveragePooling2D()(layers.Rescaling(0.1)(image))))

    listener = Listener()
    classifier = build(logits, objective=Objective(task, classes), listener=listener)
    assert listener.said == [f"logits ends in plain numbers: {activation} is put behind them."]
    assert classifier.model.layers[-1].activation.__name__ == activation
    check(classifier, (16, 16, 3), tmp_path)


def test_frozen_layers_of_a_builder_are_the_backbone() -> None:
    def frozen(input_shape: Any) -> Any:
        base = features_of(input_shape)
        base.trainable = False
        return base

    classifier = build(frozen)
    assert [layer.name for layer in classifier.backbone] == ["conv"]
    assert len(classifier.model.trainable_weights) == 4
    set_trainable(keras, classifier, None)
    assert len(classifier.model.trainable_weights) == 6


def test_the_builder_is_given_what_it_names() -> None:
    seen = {}

    def builder(outputs: int, input_shape: Any = (8, 8, 3), width: int = 2, **rest: Any) -> Any:
        seen.update(outputs=outputs, input_shape=input_shape, width=width, rest=rest)
        return complete(input_shape, outputs)

    assert default_image_size(builder) == 8
    build(builder, (12, 10, 3))
    assert seen == {"outputs": 3, "input_shape": (12, 10, 3), "width": 2, "rest": {}}


def test_a_builder_of_one_size_says_so() -> None:
    def small() -> Any:
        return features_of((20, 24, 1))

    image = default_image_format(small, None)
    assert image == ImageFormat(24, 20, "grayscale")
    with pytest.raises(
        UsageError, match=r"small takes samples of the shape \(20, 24, 1\)\. Got: \(16, 16, 1\)\. Pass --image-s"
    ):
        build(small, (16, 16, 1))
    with pytest.raises(UsageError, match="Pass --color grayscale"):
        build(small, (20, 24, 3))


@pytest.mark.parametrize("given", [complete, lambda: complete((16, 16, 3), 3)])
def test_half_precision_ends_in_float32(given: Any) -> None:
    model = given if given is complete else given()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        classifier = build(model)
    finally:
        keras.config.set_dtype_policy(before)
    assert classifier.model.outputs[0].dtype == "float32"
    assert classifier.model.get_layer("inner").compute_dtype == "bfloat16"


def test_pixels_without_rescaling_are_warned_about() -> None:
    def raw(input_shape: Any) -> Any:
        image = keras.Input(input_shape)
        return keras.Model(image, layers.Conv2D(2, 3)(image))

    def divided(input_shape: Any) -> Any:
        image = keras.Input(input_shape)
        return keras.Model(image, layers.Conv2D(2, 3)(image / 255))

    listener = Listener()
    build(raw, listener=listener)
    assert len(listener.warned) == 1
    assert "no Rescaling or Normalization layer" in listener.warned[0]
    for scaled in (divided, features_of):
        listener = Listener()
        build(scaled, listener=listener)
        assert not listener.warned
    build(raw, listener=listener, photos=False)
    assert not listener.warned


# Sequences and films, as in keras.io's guides.


def bidirectional(input_shape: Any = (12, 5), classes: int = 3) -> Any:
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.Bidirectional(layers.GRU(3)),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def film(input_shape: Any = (4, 8, 8, 3)) -> Any:
    frame = keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    return keras.Sequential([keras.Input(input_shape), layers.TimeDistributed(frame), layers.LSTM(4)])


@pytest.mark.parametrize(("model", "shape", "as_object"), [(bidirectional, (12, 5), True), (film, (4, 8, 8, 3), False)])
def test_sequences_and_films(model: Any, shape: tuple[int, ...], as_object: bool, tmp_path: Path) -> None:
    given = model() if as_object else model
    assert default_image_format(given, None) is None
    classifier = build(given, shape, photos=False)
    assert classifier.model.input_shape == (None, *shape)
    assert classifier.model.inputs[0].name == "input"
    check(classifier, shape, tmp_path)
    y = np.eye(3, dtype=np.float32)[[0, 1, 2]]
    model = keras.Model(classifier.model.input, classifier.model.output)
    model.compile("sgd", "categorical_crossentropy")
    model.fit(np.ones((3, *shape), np.float32), y, verbose=0)


def test_a_sequence_of_features_is_averaged_over_time() -> None:
    def steps(input_shape: Any = (12, 5)) -> Any:
        image = keras.Input(input_shape)
        return keras.Model(image, layers.LSTM(4, return_sequences=True)(image))

    assert build(steps, (12, 5), photos=False).extractor.output_shape == (None, 4)


# Models that are there already.


def test_a_given_model_stays_as_it_is() -> None:
    given = complete((16, 16, 3), 3)
    before = [weight.copy() for weight in given.get_weights()]
    classifier = build(given)
    for one, other in zip(before, classifier.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    classifier.model.set_weights([weight + 1 for weight in before])
    for one, other in zip(before, given.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_given_model_for_something_else_gets_a_new_head() -> None:
    listener = Listener()
    classifier = build(complete((16, 16, 3), 10), listener=listener)
    assert "answers something else (softmax, 10 outputs)" in listener.said[0]
    assert classifier.extractor.output_shape == (None, 4)
    names = [layer.name for layer in classifier.backbone]
    assert names[0] == "inner"
    assert len(names) == 2
    set_trainable(keras, classifier, 0)
    assert len(classifier.model.trainable_weights) == 4
    set_trainable(keras, classifier, 2)
    assert len(classifier.model.trainable_weights) == 6


def test_with_weights_none_a_given_model_has_no_backbone() -> None:
    assert build(features_of((16, 16, 3)), weights="none").backbone == ()
    assert len(build(features_of((16, 16, 3))).backbone) == 1


def test_a_model_that_is_not_built_takes_the_shape_of_the_data() -> None:
    given = keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(4, 3), layers.GlobalMaxPooling2D()])
    classifier = build(given, (10, 12, 3))
    assert classifier.model.input_shape == (None, 10, 12, 3)
    assert not given.built
    assert classifier.backbone == ()


def test_an_application_with_its_own_top() -> None:
    given = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(32, 32, 3), classes=7)
    classifier = build(given, (32, 32, 3))
    assert classifier.extractor.output_shape == (None, 256)
    assert classifier.backbone[-1].name == "conv_pw_13_bn"


def test_an_own_model_is_cut() -> None:
    def deep(input_shape: Any, classes: int) -> Any:
        return keras.Sequential([features_of(input_shape), layers.Flatten(), layers.Dense(classes)])

    assert build(deep, cut_at="conv").extractor.output_shape == (None, 4)
    with pytest.raises(UsageError, match=r"deep has no layer 'konv'\. Did you mean conv\?"):
        build(deep, cut_at="konv")


def test_names_that_meet_do_not_harm(tmp_path: Path) -> None:
    def clash(input_shape: Any) -> Any:
        image = keras.Input(input_shape)
        x = layers.Conv2D(3, 1, name="probabilities")(layers.Rescaling(1 / 255)(image))
        part = keras.Sequential([layers.Conv2D(3, 1, name="hidden"), layers.Dropout(0.1, name="dropout")])
        same = keras.Sequential([layers.Conv2D(3, 1, name="hidden")])
        return keras.Model(image, same(part(x)))

    check(build(clash), (16, 16, 3), tmp_path)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    classifier = build("mobilenet_v1_0.25", (32, 32, 3), weights="none")
    spec = image_classifier("m", tuple(Label(label) for label in LABELS), ImageFormat(32, 32))
    save_model(classifier.model, spec, tmp_path / "flowers.keras")
    return tmp_path / "flowers.keras"


def test_a_file_of_edgekit_goes_on_with_its_head(saved: Path) -> None:
    listener = Listener()
    assert default_image_size(saved) == 32
    classifier = build(str(saved), (32, 32, 3), listener=listener)
    assert "its own head is trained on" in listener.said[0]
    assert not listener.warned
    original, _ = load_model(saved)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    expected = np.asarray(original(pixels, training=False))
    np.testing.assert_allclose(np.asarray(classifier.model(pixels, training=False)), expected, atol=1e-6)
    features = classifier.extractor(pixels, training=False)
    np.testing.assert_allclose(np.asarray(classifier.head(features, training=False)), expected, atol=1e-6)
    set_trainable(keras, classifier, 0)
    assert {weight.path.split("/")[0] for weight in classifier.model.trainable_weights} == {"hidden", "probabilities"}


@pytest.mark.parametrize("labels", [("c", "b", "a"), ("a", "b", "c", "d")])
def test_other_classes_get_a_new_head_on_the_same_features(saved: Path, labels: tuple[str, ...]) -> None:
    listener = Listener()
    classifier = build(saved, (32, 32, 3), Objective("multi-class", len(labels)), listener, labels=labels)
    assert "trained for other classes" in listener.said[0]
    assert [layer.name for layer in classifier.model.layers][-4:] == ["features", "dropout", "hidden", "probabilities"]
    assert classifier.model.output_shape == (None, len(labels))
    original, _ = load_model(saved)
    np.testing.assert_array_equal(
        classifier.backbone[0].get_weights()[0], original.get_layer(classifier.backbone[0].name).get_weights()[0]
    )


def test_a_complete_model_of_ones_own_goes_on_as_a_whole(tmp_path: Path) -> None:
    def logits(input_shape: Any, outputs: int) -> Any:
        base = features_of(input_shape)
        return keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(outputs, name="last")])

    spec = image_classifier("m", tuple(Label(label) for label in LABELS), ImageFormat(16, 16))
    save_model(build(logits).model, spec, tmp_path / "own.keras")
    again = build(tmp_path / "own.keras")
    assert (again.head, again.backbone) == (None, ())
    assert len(again.model.trainable_weights) == 4
    other = build(tmp_path / "own.keras", objective=Objective("multi-class", 2), labels=("x", "y"))
    assert [layer.name for layer in other.backbone] == ["conv"]
    assert "last" not in [layer.name for layer in other.model.layers]


def test_the_same_classes_as_a_binary_task_get_a_new_head(tmp_path: Path) -> None:
    two = ("no", "yes")
    classifier = build("tiny_cnn", objective=Objective("multi-class", 2), weights="none")
    spec = image_classifier("m", tuple(Label(label) for label in two), ImageFormat(16, 16))
    save_model(classifier.model, spec, tmp_path / "two.keras")
    binary = build(tmp_path / "two.keras", objective=Objective("binary", 2), labels=two)
    assert binary.model.output_shape == (None, 1)
    assert len(binary.backbone) == 8


def test_the_fixed_layer_of_a_resnet_is_never_trained(tmp_path: Path) -> None:
    image = keras.Input((16, 16, 3))
    from edgekit.training.normalization import normalize

    x = layers.Conv2D(4, 3, name="conv")(normalize(keras, image, "caffe"))
    keras.Model(image, x).save(tmp_path / "foreign.keras")
    classifier = build(tmp_path / "foreign.keras")
    set_trainable(keras, classifier, None)
    assert [layer.name for layer in classifier.backbone] == ["conv"]
    assert not classifier.model.get_layer("rgb_to_bgr_minus_mean").trainable


def test_weights_of_a_file_go_into_an_own_model(tmp_path: Path) -> None:
    source = features_of((16, 16, 3))
    source.save_weights(tmp_path / "mine.weights.h5")
    classifier = build(features_of, weights=str(tmp_path / "mine.weights.h5"))
    np.testing.assert_array_equal(classifier.backbone[0].get_weights()[0], source.get_weights()[0])


def test_weights_that_make_no_sense_are_refused(saved: Path) -> None:
    with pytest.raises(UsageError, match="EdgeKit has no ImageNet weights for features_of"):
        check_model(TrainingConfig(model=features_of, weights="imagenet"), (16, 16, 3))
    with pytest.raises(UsageError, match=r"flowers\.keras brings its weights"):
        check_model(TrainingConfig(model=saved, weights="none"), (32, 32, 3))
    check_model(TrainingConfig(model=saved), ImageFormat(32, 32))
