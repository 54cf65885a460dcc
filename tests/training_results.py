"""Made-up training results with their data, for everything that shows one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import DataReport, Dataset, Part
from edgekit.spec import ImageFormat, Label, Provenance, image_classifier, tensor_classifier
from edgekit.training.config import TrainingConfig
from edgekit.training.objective import Objective
from edgekit.training.result import EpochMetrics, StageTime, TrainingResult


@dataclass(frozen=True)
class MemoryStore:
    """An ImageStore over an array."""

    samples: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.samples.shape[1:]

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        return self.samples[indices]


def make_history(epochs: int, *, f1: bool = False, fine_tuning: int = 0) -> tuple[EpochMetrics, ...]:
    """Better and better; the last ``fine_tuning`` epochs are another stage."""
    history = []
    for epoch in range(1, epochs + 1):
        values = {
            "loss": 1 / epoch,
            "accuracy": 1 - 0.5 / epoch,
            "val_loss": 0.9 / epoch,
            "val_accuracy": 1 - 0.6 / epoch,
            "learning_rate": 1e-3 / epoch,
        }
        if f1:
            values |= {"f1": 1 - 0.7 / epoch, "val_f1": 1 - 0.8 / epoch}
        stage = "fine-tuning" if epoch > epochs - fine_tuning else "head"
        history.append(EpochMetrics(epoch, stage, 1.5, values))
    return tuple(history)


def make_result(
    labels: NDArray[np.integer],
    probabilities: Sequence[Sequence[float]] | NDArray[np.floating],
    names: Sequence[str],
    *,
    shape: tuple[int, ...] = (16, 12, 3),
    class_labels: tuple[Label, ...] = (),
    files: Sequence[str] = (),
    history: tuple[EpochMetrics, ...] = (),
    config: TrainingConfig | None = None,
    report: DataReport | None = None,
    **changes: Any,
) -> tuple[TrainingResult, Dataset]:
    """A result whose validation photos have these labels and probabilities; training photos have the same labels.

    The task follows from the shapes: (n, classes) labels are multi-label, one column of
    probabilities is binary. Samples of another rank than 3 are no photos.
    """
    answers = np.asarray(probabilities, np.float32)
    multi_label = labels.ndim == 2
    task = "multi-label" if multi_label else "binary" if answers.shape[1] == 1 else "multi-class"
    photo = len(shape) == 3
    random = np.random.default_rng(0)
    samples = random.integers(0, 256, (len(labels), *shape), np.uint8).astype(np.uint8 if photo else np.float32)
    files = tuple(files) or tuple(f"class/{index}.jpg" for index in range(len(labels)))
    parts = [Part(name, MemoryStore(samples), labels, files) for name in ("train", "validation")]
    counts = labels.sum(axis=0) if multi_label else np.bincount(labels, minlength=len(names))
    images = {part.name: tuple(int(count) for count in counts) for part in parts}
    report = report or DataReport("data/things", tuple(names), images, "folders")
    labels_of_spec = class_labels or tuple(Label(name) for name in names)
    dataset = Dataset(tuple(names), *parts, None, report, "0" * 64, labels_of_spec)
    provenance = Provenance("0" * 64, versions={"edgekit": "0.1.0", "keras": "3.15.1", "jax": "0.10.0"}, seed=0)
    if photo:
        image = ImageFormat(width=shape[1], height=shape[0], color="rgb" if shape[2] == 3 else "grayscale")
        spec = image_classifier(
            "things",
            labels_of_spec,
            image,
            provenance=provenance,
            multi_label=multi_label,
            binary=task == "binary",
        )
    else:
        spec = tensor_classifier("things", (None, *shape), "float32", labels_of_spec, provenance=provenance)
    confusion = np.zeros((len(names), len(names)), np.int64)
    if not multi_label:
        answered = (answers[:, 0] > 0.5).astype(int) if task == "binary" else answers.argmax(axis=1)
        np.add.at(confusion, (labels, answered), 1)
    history = history or make_history(3, f1=multi_label)
    result = TrainingResult(
        keras_model=None,
        spec=spec,
        config=config or TrainingConfig(model="simple_cnn", augmentation="none"),
        objective=Objective(task, len(names)),
        model_name="simple_cnn",
        weights="none",
        history=history,
        best=history[-1],
        last=history[-1],
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        validation_probabilities=answers,
        times=(StageTime("build", 1.0), StageTime("head", 71.0)),
        parameters=1234,
    )
    return dataclasses.replace(result, **changes), dataset


def three_classes(**changes: Any) -> tuple[TrainingResult, Dataset]:
    """Six photos of a, b and c: four right, b taken for a with 80 %, c taken for a with 60 %."""
    probabilities = [
        [0.9, 0.1, 0.0],
        [0.7, 0.2, 0.1],
        [0.8, 0.1, 0.1],
        [0.1, 0.9, 0.0],
        [0.6, 0.1, 0.3],
        [0.1, 0.1, 0.8],
    ]
    return make_result(np.array([0, 0, 1, 1, 2, 2]), probabilities, ("a", "b", "c"), **changes)


def three_labels(**changes: Any) -> tuple[TrainingResult, Dataset]:
    """Four photos with any of sea, sun and snow: sea is missed once, sun wrongly given once, snow never occurs."""
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], np.uint8)
    probabilities = [[0.9, 0.8, 0.1], [0.05, 0.3, 0.2], [0.2, 0.7, 0.1], [0.4, 0.9, 0.0]]
    return make_result(labels, probabilities, ("sea", "sun", "snow"), **changes)
