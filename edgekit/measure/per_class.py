"""Precision, recall and F1 of every class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.outputs import DEFAULT_THRESHOLD


@dataclass(frozen=True)
class ClassScores:
    """One class against all others, counted in photos.

    Attributes:
        label: the class.
        true_positives: of the class, and answered as such.
        false_positives: answered as the class, and not of it.
        false_negatives: of the class, and not answered as such.
        true_negatives: neither.
    """

    label: str
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def support(self) -> int:
        """Photos of the class."""
        return self.true_positives + self.false_negatives

    @property
    def precision(self) -> float | None:
        """Of the photos that got this answer, the share 0..1 that deserved it; ``None`` where none got it."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """Of the photos of the class, the share 0..1 that was found; ``None`` where there are none."""
        return _ratio(self.true_positives, self.support)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both, 0..1; ``None`` where the class neither occurs nor was answered."""
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; undefined values are ``None``."""
        return {
            "label": self.label,
            "support": self.support,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "true_positives": self.true_positives,
            "false_positives": self.false_positives,
            "false_negatives": self.false_negatives,
            "true_negatives": self.true_negatives,
        }


@dataclass(frozen=True)
class PerClass:
    """All classes, in the model's order, and their plain means.

    A mean is over the classes where the value is defined. A class that was never answered has no
    precision, but an F1 of 0, so that ``f1`` does not hide it.
    """

    classes: tuple[ClassScores, ...]

    @property
    def precision(self) -> float | None:
        """Macro average, 0..1."""
        return _mean(item.precision for item in self.classes)

    @property
    def recall(self) -> float | None:
        """Macro average, 0..1."""
        return _mean(item.recall for item in self.classes)

    @property
    def f1(self) -> float | None:
        """Macro average, 0..1."""
        return _mean(item.f1 for item in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "classes": [item.to_dict() for item in self.classes],
            "macro": {"precision": self.precision, "recall": self.recall, "f1": self.f1},
        }


def measure_classes(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], class_names: Sequence[str]
) -> PerClass:
    """Counts right and wrong answers of every class.

    Args:
        labels: (n,), the index of each photo's class; or (n, classes) of 0 and 1.
        probabilities: (n, classes), see :func:`edgekit.outputs.class_probabilities`.
        class_names: one for each class.

    Raises:
        UsageError: no photos, or the shapes do not fit each other.
    """
    classes = len(class_names)
    if probabilities.shape != (len(labels), classes):
        raise UsageError(_misfit(labels, probabilities))
    answers = decide(labels, probabilities)
    truth = labels.astype(bool) if labels.ndim == 2 else labels[:, np.newaxis] == np.arange(classes)
    return count_classes(class_names, truth, answers)


def count_classes(names: Sequence[str], truth: NDArray[np.bool_], answers: NDArray[np.bool_]) -> PerClass:
    """Counts right and wrong decisions.

    Args:
        names: one for each class.
        truth: (n, classes), which classes each photo has.
        answers: (n, classes), which were answered.
    """
    return PerClass(
        tuple(
            ClassScores(
                label=name,
                true_positives=int((there & said).sum()),
                false_positives=int((~there & said).sum()),
                false_negatives=int((there & ~said).sum()),
                true_negatives=int((~there & ~said).sum()),
            )
            for name, there, said in zip(names, truth.T, answers.T, strict=True)
        )
    )


def decide(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
    """What was answered: (n, classes), one ``True`` a row, or with several labels those of at least one half.

    Args:
        labels: (n,) or (n, classes); only the number of dimensions matters.
        probabilities: (n, classes).

    Raises:
        UsageError: no photos, or the shapes do not fit each other.
    """
    fits = labels.ndim == 1 or labels.shape == probabilities.shape
    if probabilities.ndim != 2 or labels.ndim not in (1, 2) or len(labels) != len(probabilities) or not fits:
        raise UsageError(_misfit(labels, probabilities))
    if not len(labels):
        raise UsageError("Scores need at least 1 photo. Got: 0.")
    if labels.ndim == 2:
        return np.asarray(probabilities >= DEFAULT_THRESHOLD)
    return np.asarray(np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, np.newaxis])


def _misfit(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> str:
    return (
        "Scores need one row of probabilities for each photo, with one column for each class. "
        f"Got: labels {labels.shape}, probabilities {probabilities.shape}."
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return math.fsum(defined) / len(defined) if defined else None
