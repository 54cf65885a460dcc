"""How often a classifier is right, and how sure that number is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError

_Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


@dataclass(frozen=True)
class ClassAccuracy:
    """One class: how many photos it has, and how many of them were recognised."""

    label: str
    count: int
    correct: int


@dataclass(frozen=True)
class Accuracy:
    """The result on a labelled set.

    Attributes:
        count: photos.
        correct: those whose most probable class is the right one.
        top1: correct / count, 0..1.
        low: lower end of the 95 % confidence interval of ``top1``.
        high: its upper end.
        classes: the same for each class, in the model's order.
        confusion: ``confusion[i][j]`` photos of class i were taken for class j.
    """

    count: int
    correct: int
    top1: float
    low: float
    high: float
    classes: tuple[ClassAccuracy, ...]
    confusion: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "correct": self.correct,
            "top1": self.top1,
            "low": self.low,
            "high": self.high,
            "classes": [{"label": item.label, "count": item.count, "correct": item.correct} for item in self.classes],
            "confusion": [list(row) for row in self.confusion],
        }


def measure_accuracy(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], class_names: Sequence[str]
) -> Accuracy:
    """Compares the most probable classes with the right ones.

    Args:
        probabilities: (n, classes).
        labels: (n,), the index of each photo's class.
        class_names: one for each class.

    Raises:
        UsageError: no photos, or the shapes do not fit each other.
    """
    classes = len(class_names)
    if probabilities.shape != (len(labels), classes) or not len(labels):
        raise UsageError(
            f"Accuracy needs one row of {classes} probabilities for each of at least 1 photos. "
            f"Got: {probabilities.shape} for {len(labels)} labels."
        )
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, probabilities.argmax(axis=1)), 1)
    correct = int(np.trace(confusion))
    low, high = wilson_interval(correct, len(labels))
    return Accuracy(
        count=len(labels),
        correct=correct,
        top1=correct / len(labels),
        low=low,
        high=high,
        classes=tuple(
            ClassAccuracy(name, int(row.sum()), int(row[index]))
            for index, (name, row) in enumerate(zip(class_names, confusion, strict=True))
        ),
        confusion=tuple(tuple(int(value) for value in row) for row in confusion),
    )


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion.

    With p = successes / n and z = 1.96 it is
    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    (Wilson, JASA 22, 1927). Unlike p ± z √(p(1-p)/n) it holds for small sets and near 0 and 1
    (Brown, Cai and DasGupta, Statistical Science 16, 2001).
    """
    share = successes / count
    spread = _Z_95**2 / count
    center = share + spread / 2
    half = _Z_95 * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    low, high = (center - half) / (1 + spread), (center + half) / (1 + spread)
    # Exactly 0 and 1 at the ends, where rounding leaves a tiny rest.
    return (0.0 if successes == 0 else low), (1.0 if successes == count else high)
