from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data import Dataset, Part
from edgekit.errors import DataError, ImageError, TrainingError, UsageError
from edgekit.kerasfile import import_keras, load_model
from edgekit.spec import ImageFormat, ModelSpec
from edgekit.training import TrainingConfig, TrainingResult, train_classifier
from edgekit.training.saved import save_model

keras = import_keras()

IMAGE = ImageFormat(32, 32)
SIMPLE = TrainingConfig(model="simple_cnn", epochs=8, augmentation="none", batch_size=16)


class Listener:
    """A Progress that counts steps and keeps notes."""

    def __init__(self) -> None:
        self.tasks: dict[str, tuple[int, int]] = {}
        self.notes: list[str] = []
        self._current = ""

    def say(self, message: str) -> None: ...

    def warn(self, message: str) -> None: ...

    def task(self, description: str, total: int) -> Listener:
        self._current = description
        self.tasks[description] = (0, total)
        return self

    def advance(self, steps: int = 1, note: str = "") -> None:
        done, total = self.tasks[self._current]
        self.tasks[self._current] = (done + steps, total)
        if note:
            self.notes.append(note)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def mobilenet_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random, but of the right shapes: enough for the stages, and every machine has them."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25).save_weights(
        path
    )
    return path


@pytest.fixture(scope="module")
def simple(textures: Dataset) -> TrainingResult:
    return train_classifier(textures, IMAGE, SIMPLE, "textures")


def _validation_accuracy(result: TrainingResult, dataset: Dataset) -> float:
    part = dataset.validation
    answers = np.asarray(result.keras_model(part.images.take(np.arange(len(part))).astype(np.float32), training=False))
    return float((answers.argmax(axis=1) == part.labels).mean())


def test_it_learns(simple: TrainingResult) -> None:
    assert simple.best.val_accuracy >= 0.9
    assert simple.stages == ("whole model",)
    assert [epoch.epoch for epoch in simple.history] == list(range(1, 9))
    assert simple.last == simple.history[-1]


def test_the_model_has_the_best_epochs_weights(simple: TrainingResult, textures: Dataset) -> None:
    assert simple.best.val_accuracy == max(epoch.val_accuracy for epoch in simple.history)
    assert _validation_accuracy(simple, textures) == pytest.approx(simple.best.val_accuracy)
    confusion = np.array(simple.confusion)
    assert confusion.shape == (4, 4)
    assert confusion.sum(axis=1).tolist() == np.bincount(textures.validation.labels).tolist()
    assert np.trace(confusion) / confusion.sum() == pytest.approx(simple.best.val_accuracy)


def test_the_spec_says_where_the_model_comes_from(simple: TrainingResult, textures: Dataset) -> None:
    spec = simple.spec
    assert spec.name == "textures"
    assert spec.label_ids == textures.class_names
    assert spec.image == IMAGE
    assert spec.provenance.data_digest == textures.digest
    assert spec.provenance.split == {"train": 64, "validation": 24}
    assert spec.provenance.seed == 0
    assert spec.provenance.metrics["val_accuracy"] == simple.best.val_accuracy
    assert {"edgekit", "keras", "tensorflow", "numpy", "pillow"} <= set(spec.provenance.versions)


def test_the_result_is_json(simple: TrainingResult) -> None:
    document = json.loads(json.dumps(simple.to_dict()))
    assert document["best"]["epoch"] == simple.best.epoch
    assert len(document["history"]) == 8
    assert set(document["seconds"]) == {"build", "whole model"}
    assert ModelSpec.from_dict(document["spec"]) == simple.spec
    assert document["parameters"] == simple.keras_model.count_params()


def test_the_same_seed_gives_the_same_result(simple: TrainingResult, textures: Dataset) -> None:
    again = train_classifier(textures, IMAGE, SIMPLE, "textures")
    for one, other in zip(simple.history, again.history, strict=True):
        assert dataclasses.replace(one, seconds=0) == dataclasses.replace(other, seconds=0)
    other_seed = train_classifier(textures, IMAGE, dataclasses.replace(SIMPLE, seed=1, epochs=1), "textures")
    assert other_seed.history[0].loss != simple.history[0].loss


def _tuning(weights: Path, rate: float = 1e-4) -> TrainingConfig:
    return TrainingConfig(
        model="mobilenet_v1_0.25",
        weights=weights,
        epochs=3,
        fine_tune_epochs=2,
        fine_tune_learning_rate=rate,
        batch_size=16,
    )


@pytest.fixture(scope="module")
def tuned(textures: Dataset, mobilenet_weights: Path) -> tuple[TrainingResult, Listener]:
    listener = Listener()
    return train_classifier(textures, IMAGE, _tuning(mobilenet_weights), "textures", listener), listener


def test_features_are_computed_once_and_tuning_goes_on(
    tuned: tuple[TrainingResult, Listener], textures: Dataset
) -> None:
    result, listener = tuned
    assert [epoch.stage for epoch in result.history] == ["head"] * 3 + ["fine-tuning"] * 2
    assert [time.name for time in result.times] == ["build", "features", "head", "fine-tuning"]
    assert listener.tasks == {
        "Computing features of the training photos": (64, 64),
        "Computing features of the validation photos": (24, 24),
        "Training the head": (12, 12),
        "Fine-tuning": (8, 8),
    }
    assert listener.notes[0].startswith("epoch 1/3  val ")
    assert _validation_accuracy(result, textures) == pytest.approx(result.best.val_accuracy)


def test_a_best_epoch_of_an_earlier_stage_is_kept(
    tuned: tuple[TrainingResult, Listener], textures: Dataset, mobilenet_weights: Path
) -> None:
    wrecked = train_classifier(textures, IMAGE, _tuning(mobilenet_weights, rate=10.0))
    assert wrecked.last.stage == "fine-tuning"
    assert wrecked.best.stage == "head"
    assert _validation_accuracy(wrecked, textures) == pytest.approx(wrecked.best.val_accuracy)
    assert np.trace(wrecked.confusion) == round(wrecked.best.val_accuracy * 24)
    # The same seed, so the same head before the tuning.
    for one, other in zip(wrecked.history[:3], tuned[0].history[:3], strict=True):
        assert dataclasses.replace(one, seconds=0) == dataclasses.replace(other, seconds=0)


def test_a_frozen_backbone_does_not_move(textures: Dataset, mobilenet_weights: Path) -> None:
    original = keras.applications.MobileNet(
        include_top=False, weights=str(mobilenet_weights), input_shape=(32, 32, 3), alpha=0.25
    )
    config = TrainingConfig(model="mobilenet_v1_0.25", weights=mobilenet_weights, epochs=1, augmentation="light")
    trained = train_classifier(textures, IMAGE, config)
    assert [time.name for time in trained.times] == ["build", "head"]
    for layer in (layer for layer in original.layers if layer.weights):
        after = trained.keras_model.get_layer(layer.name).get_weights()
        for before, now in zip(layer.get_weights(), after, strict=True):
            np.testing.assert_array_equal(before, now)


def test_batch_norm_learns_from_scratch_and_is_still_in_inference(textures: Dataset, tmp_path: Path) -> None:
    config = TrainingConfig(model="mobilenet_v1_0.25", weights="none", epochs=1, augmentation="none", batch_size=16)
    trained = train_classifier(textures, IMAGE, config)
    norms = [layer for layer in trained.keras_model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 27
    for norm in norms:
        gamma, beta, mean, variance = norm.get_weights()
        assert np.any(gamma != 1), f"{norm.name} kept its scale"
        assert np.any(beta != 0), f"{norm.name} kept its offset"
        assert np.any(mean != 0), f"{norm.name} kept its mean"
        assert np.any(variance != 1), f"{norm.name} kept its variance"

    save_model(trained.keras_model, trained.spec, tmp_path / "m.keras")
    loaded, _ = load_model(tmp_path / "m.keras")
    pixels = textures.validation.images.take(np.arange(4)).astype(np.float32)
    together = np.asarray(loaded(pixels, training=False))
    # In inference mode a photo's answer does not depend on the others of its batch.
    alone = np.concatenate([np.asarray(loaded(pixels[i : i + 1], training=False)) for i in range(4)])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    for norm in norms:
        for before, after in zip(norm.get_weights(), loaded.get_layer(norm.name).get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)
    assert not np.allclose(np.asarray(loaded(pixels, training=True)), together, atol=1e-3)


@pytest.mark.parametrize("cached", [True, False])
def test_fewer_photos_than_a_batch(cached: bool, mobilenet_weights: Path, make_dataset: Callable[..., Dataset]) -> None:
    config = (
        TrainingConfig(model="mobilenet_v1_0.25", weights=mobilenet_weights, epochs=2)
        if cached
        else TrainingConfig(model="simple_cnn", epochs=2)
    )
    result = train_classifier(make_dataset(train=5, validation=1), IMAGE, config)
    assert len(result.history) == 2


def test_a_loss_that_is_no_number_ends_the_training(textures: Dataset) -> None:
    config = dataclasses.replace(SIMPLE, learning_rate=1e30, epochs=3)
    with pytest.raises(TrainingError, match=r"The loss became nan in epoch \d .*smaller --learning-rate than 1e\+30"):
        train_classifier(textures, IMAGE, config)


@dataclasses.dataclass(frozen=True)
class BrokenStore:
    """Fails as a photo does that has vanished."""

    error: BaseException
    shape: tuple[int, int, int] = (32, 32, 3)

    def __len__(self) -> int:
        return 8

    def take(self, indices: Any) -> Any:
        raise self.error


def _broken(dataset: Dataset, error: BaseException) -> Dataset:
    part = Part("train", BrokenStore(error), np.arange(8) % 4, tuple("abcdefgh"))
    return dataclasses.replace(dataset, train=part)


def test_a_photo_that_vanishes_is_named(textures: Dataset, mobilenet_weights: Path) -> None:
    broken = _broken(textures, ImageError("rows/7.jpg", "no such file"))
    cached = TrainingConfig(model="mobilenet_v1_0.25", weights=mobilenet_weights, epochs=1)
    for config in (SIMPLE, cached):
        with pytest.raises(ImageError, match=r"rows/7\.jpg is not a readable image"):
            train_classifier(broken, IMAGE, config)


def test_ctrl_c_is_passed_on(textures: Dataset) -> None:
    class Impatient(Listener):
        def advance(self, steps: int = 1, note: str = "") -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_classifier(textures, IMAGE, SIMPLE, "textures", Impatient())


def test_one_class_is_refused(textures: Dataset) -> None:
    with pytest.raises(DataError, match=r"at least 2 classes\. Got: rows"):
        train_classifier(dataclasses.replace(textures, class_names=("rows",)), IMAGE, SIMPLE)


def test_a_size_that_the_model_cannot_take_is_refused_first(textures: Dataset) -> None:
    with pytest.raises(UsageError, match="at least 75x75"):
        train_classifier(textures, IMAGE, TrainingConfig(model="inception_v3", weights="none"))


def test_grayscale_from_scratch(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(train=16, validation=8, channels=1)
    image = ImageFormat(32, 32, color="grayscale")
    result = train_classifier(dataset, image, dataclasses.replace(SIMPLE, epochs=1, augmentation="light"))
    assert result.keras_model.input_shape == (None, 32, 32, 1)
    assert result.spec.image == image
