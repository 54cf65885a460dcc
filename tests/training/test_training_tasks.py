"""Binary and multi-label trainings, and those in 16 bits."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data import Dataset, Part
from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras, load_model, save_model
from edgekit.spec import ImageFormat, Label
from edgekit.training import TrainingConfig, TrainingResult, train_classifier
from tests.training.pretrained import write_tiny_weights

keras = import_keras()

IMAGE = ImageFormat(32, 32)
QUICK: dict[str, Any] = {"model": "simple_cnn", "augmentation": "none", "batch_size": 16}


def _relabelled(dataset: Dataset, names: tuple[str, ...], labels: Any) -> Dataset:
    """The same photos under other labels; ``labels`` makes them of the old ones."""
    parts = [dataclasses.replace(part, labels=labels(part.labels)) for part in (dataset.train, dataset.validation)]
    return dataclasses.replace(
        dataset,
        class_names=names,
        train=parts[0],
        validation=parts[1],
        class_labels=tuple(Label(name) for name in names),
    )


@pytest.fixture(scope="module")
def noisy(textures: Dataset) -> Dataset:
    """Two classes: noise, and all else."""
    return _relabelled(textures, ("noise", "pattern"), lambda labels: (labels != 2).astype(np.int64))


@pytest.fixture(scope="module")
def tags(textures: Dataset) -> Dataset:
    """Which of columns and rows a photo has: checks have both, noise neither."""
    table = np.array([[1, 1], [1, 0], [0, 0], [0, 1]], np.uint8)
    return _relabelled(textures, ("columns", "rows"), lambda labels: table[labels])


def _answers(result: TrainingResult, part: Part) -> np.ndarray:
    return np.asarray(result.keras_model(part.images.take(np.arange(len(part))).astype(np.float32), training=False))


def test_binary_is_one_output_with_the_probability_of_the_second_class(noisy: Dataset) -> None:
    result = train_classifier(noisy, IMAGE, TrainingConfig(**QUICK, task="binary", epochs=6))
    assert result.objective.task == "binary"
    assert (result.spec.binary, result.spec.label_ids) == (True, ("noise", "pattern"))
    assert result.keras_model.output_shape == (None, 1)
    answered = _answers(result, noisy.validation)[:, 0] > 0.5
    labels = noisy.validation.labels
    assert float((answered == labels).mean()) == pytest.approx(result.best.val_accuracy)
    assert result.best.val_accuracy >= 0.9
    assert np.trace(result.confusion) == round(result.best.val_accuracy * len(labels))
    assert np.sum(result.confusion, axis=1).tolist() == np.bincount(labels).tolist()


def test_multi_label_finds_every_label_of_a_photo(tags: Dataset) -> None:
    result = train_classifier(tags, IMAGE, TrainingConfig(**QUICK, epochs=8))
    assert result.objective.task == "multi-label"
    assert result.spec.multi_label
    assert result.keras_model.output_shape == (None, 2)
    assert result.best.values["val_f1"] == max(epoch.values["val_f1"] for epoch in result.history)
    present, labels = _answers(result, tags.validation) > 0.5, tags.validation.labels == 1
    found = (present & labels).sum(axis=0)
    f1 = np.mean(2 * found / (present.sum(axis=0) + labels.sum(axis=0)))
    assert f1 == pytest.approx(result.best.values["val_f1"], abs=1e-5)
    assert f1 >= 0.9
    assert (present == labels).mean() == pytest.approx(result.best.val_accuracy)
    assert result.confusion == (
        (int((~present & ~labels).sum()), int((present & ~labels).sum())),
        (int((~present & labels).sum()), int((present & labels).sum())),
    )


@pytest.mark.parametrize("augmentation", ["mixup=0.4", "cutmix=1"])
def test_mixed_photos_keep_several_labels(tags: Dataset, augmentation: str) -> None:
    config = TrainingConfig(**{**QUICK, "augmentation": f"none,{augmentation}"}, epochs=8)
    result = train_classifier(tags, IMAGE, config)
    assert result.best.values["val_f1"] >= 0.8


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("binary", "A binary classifier has 2 classes. Got 4"),
        ("multi-label", "Every photo of these data has one label"),
    ],
)
def test_a_task_that_the_data_do_not_have_is_refused(textures: Dataset, task: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        train_classifier(textures, IMAGE, TrainingConfig(**QUICK, task=task))


@pytest.mark.parametrize(("precision", "tuned"), [("bfloat16", False), ("float16", True)])
def test_16_bits_are_of_the_training_and_not_of_the_model(
    precision: str, tuned: bool, textures: Dataset, tmp_path: Path
) -> None:
    config = TrainingConfig(model="tiny_cnn", epochs=2, batch_size=16, augmentation="none", precision=precision)
    if tuned:
        weights = write_tiny_weights(tmp_path / "tiny.weights.h5")
        config = dataclasses.replace(config, weights=weights, fine_tune_epochs=1)
    result = train_classifier(textures, IMAGE, config)
    assert result.precision == f"mixed_{precision}"
    assert len(result.history) == (3 if tuned else 2)
    assert keras.config.dtype_policy().name == "float32"
    save_model(result.keras_model, result.spec, tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        written = archive.read("config.json").decode()
    assert "float16" not in written  # neither a policy nor a cast, of either kind
    assert "mixed" not in written
    loaded, _ = load_model(tmp_path / "m.keras")
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    assert {array.dtype for array in loaded.get_weights()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(loaded.get_weights()[0], result.keras_model.get_weights()[0])
    pixels = textures.validation.images.take(np.arange(24)).astype(np.float32)
    answers = np.asarray(loaded(pixels, training=False))
    np.testing.assert_allclose(answers, result.validation_probabilities, atol=1e-5)
    # What was validated in 16 bits holds in 32, but for photos on the border.
    accuracy = float((answers.argmax(axis=1) == textures.validation.labels).mean())
    assert accuracy == pytest.approx(result.best.val_accuracy, abs=0.1)
