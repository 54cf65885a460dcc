"""One training from data to result: what it learns, keeps, tells, and refuses."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data import Dataset, Part
from edgekit.errors import DataError, ImageError, TrainingError, UsageError
from edgekit.kerasfile import import_keras, load_model, save_model
from edgekit.progress import Silent
from edgekit.spec import ImageFormat, ModelSpec
from edgekit.training import TrainingConfig, TrainingResult, train_classifier
from tests.training.pretrained import TINY_LAYERS, write_tiny_weights

keras = import_keras()

IMAGE = ImageFormat(32, 32)
SIMPLE = TrainingConfig(model="simple_cnn", epochs=8, augmentation="none", batch_size=16)


class Listener(Silent):
    """A Progress that counts steps and keeps notes and records."""

    def __init__(self) -> None:
        self.tasks: dict[str, tuple[int, int]] = {}
        self.notes: list[str] = []
        self.records: list[tuple[str, dict[str, Any]]] = []
        self._current = ""

    def task(self, description: str, total: int) -> Listener:
        self._current = description
        self.tasks[description] = (0, total)
        return self

    def record(self, event: str, values: Mapping[str, Any]) -> None:
        self.records.append((event, dict(values)))

    def advance(self, steps: int = 1, note: str = "") -> None:
        done, total = self.tasks[self._current]
        self.tasks[self._current] = (done + steps, total)
        if note:
            self.notes.append(note)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.weights.h5")


@pytest.fixture(scope="module")
def simple(textures: Dataset) -> TrainingResult:
    return train_classifier(textures, IMAGE, SIMPLE, "textures")


def _validation_accuracy(result: TrainingResult, dataset: Dataset) -> float:
    part = dataset.validation
    answers = np.asarray(result.keras_model(part.images.take(np.arange(len(part))).astype(np.float32), training=False))
    return float((answers.argmax(axis=1) == part.labels).mean())


def _numbers(result: TrainingResult) -> list[dict[str, float]]:
    return [dict(epoch.values) for epoch in result.history]


def test_it_learns(simple: TrainingResult) -> None:
    assert simple.best.val_accuracy >= 0.9
    assert simple.stages == ("whole model",)
    assert [epoch.epoch for epoch in simple.history] == list(range(1, 9))
    assert simple.last == simple.history[-1]
    assert (simple.ended, simple.failure, simple.resumed_after) == (None, None, 0)


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
    assert document["task"] == "multi-class"
    assert document["best"]["epoch"] == simple.best.epoch
    assert len(document["history"]) == 8
    assert set(document["seconds"]) == {"build", "whole model"}
    assert ModelSpec.from_dict(document["spec"]) == simple.spec
    assert document["parameters"] == simple.keras_model.count_params()


def test_the_same_seed_gives_the_same_result(textures: Dataset) -> None:
    config = TrainingConfig(model="tiny_cnn", epochs=2, batch_size=16, augmentation="strong,mixup=0.2,cutmix=1")
    first, again = (train_classifier(textures, IMAGE, config) for _ in range(2))
    assert _numbers(first) == _numbers(again)
    np.testing.assert_array_equal(first.validation_probabilities, again.validation_probabilities)
    other = train_classifier(textures, IMAGE, dataclasses.replace(config, seed=1, epochs=1))
    assert other.history[0].loss != first.history[0].loss


def _tuning(weights: Path, **changes: Any) -> TrainingConfig:
    settings: dict[str, Any] = {"epochs": 3, "fine_tune_epochs": 2, "batch_size": 16, "learning_rate": 0.05}
    return TrainingConfig(model="tiny_cnn", weights=weights, **{**settings, **changes})


@pytest.fixture(scope="module")
def tuned(textures: Dataset, tiny_weights: Path) -> tuple[TrainingResult, Listener]:
    listener = Listener()
    return train_classifier(textures, IMAGE, _tuning(tiny_weights), "textures", listener), listener


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
        "Running the best model on the validation part": (24, 24),
    }
    assert [note.partition("  val ")[0] for note in listener.notes] == [f"epoch {n}/5" for n in range(1, 6)]
    assert listener.records == [("epoch", epoch.to_dict()) for epoch in result.history]
    assert _validation_accuracy(result, textures) == pytest.approx(result.best.val_accuracy)


def test_head_and_augmented_fine_tuning_are_the_same_twice(
    tuned: tuple[TrainingResult, Listener], textures: Dataset, tiny_weights: Path
) -> None:
    again = train_classifier(textures, IMAGE, _tuning(tiny_weights))
    assert _numbers(again) == _numbers(tuned[0])
    np.testing.assert_array_equal(again.validation_probabilities, tuned[0].validation_probabilities)


def test_a_best_epoch_of_an_earlier_stage_is_kept(
    tuned: tuple[TrainingResult, Listener], textures: Dataset, tiny_weights: Path
) -> None:
    wrecked = train_classifier(textures, IMAGE, _tuning(tiny_weights, fine_tune_learning_rate=10.0, fine_tune_epochs=1))
    assert wrecked.last.stage == "fine-tuning"
    assert wrecked.best.stage == "head"
    assert _validation_accuracy(wrecked, textures) == pytest.approx(wrecked.best.val_accuracy)
    assert np.trace(wrecked.confusion) == round(wrecked.best.val_accuracy * 24)
    # The same seed, so the same head before the tuning.
    assert _numbers(wrecked)[:3] == _numbers(tuned[0])[:3]


def test_a_frozen_backbone_does_not_move(textures: Dataset, tiny_weights: Path) -> None:
    config = TrainingConfig(model="tiny_cnn", weights=tiny_weights, epochs=1, augmentation="light")
    trained = train_classifier(textures, IMAGE, config)
    assert [time.name for time in trained.times] == ["build", "head"]
    untrained = TrainingConfig(
        model="tiny_cnn", weights=tiny_weights, epochs=1, optimizer="sgd", learning_rate=1e-30, batch_size=64
    )
    original = train_classifier(textures, IMAGE, untrained).keras_model
    for name in (name for layer in TINY_LAYERS for name in (layer, f"{layer}_norm")):
        before, after = (model.get_layer(name).get_weights() for model in (original, trained.keras_model))
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)


def test_batch_norm_learns_from_scratch_and_is_still_in_inference(textures: Dataset, tmp_path: Path) -> None:
    config = TrainingConfig(model="tiny_cnn", weights="none", epochs=1, augmentation="none", batch_size=16)
    trained = train_classifier(textures, IMAGE, config)
    norms = [layer for layer in trained.keras_model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == len(TINY_LAYERS)
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
def test_fewer_photos_than_a_batch(cached: bool, tiny_weights: Path, make_dataset: Callable[..., Dataset]) -> None:
    config = TrainingConfig(model="tiny_cnn", weights=tiny_weights if cached else "none", epochs=2)
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


def test_a_photo_that_vanishes_is_named(textures: Dataset, tiny_weights: Path) -> None:
    broken = _broken(textures, ImageError("rows/7.jpg", "no such file"))
    cached = TrainingConfig(model="tiny_cnn", weights=tiny_weights, epochs=1)
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
