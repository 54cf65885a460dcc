"""How often a model that answers any number of labels is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.measure.accuracy import wilson_interval
from edgekit.measure.per_class import PerClass, count_classes


@dataclass(frozen=True)
class MultiLabelAccuracy:
    """The result on photos of which each has any number of labels.

    Attributes:
        count: photos.
        exact: photos with all their labels answered and no other.
        exact_match: exact / count, 0..1.
        low: lower end of the 95 % confidence interval of ``exact_match``.
        high: its upper end.
        label_accuracy: share of right decisions, label by label and photo by photo. Most labels are
            absent from most photos, so that never answering any is right surprisingly often.
        threshold: from which probability on a label counted as answered.
        per_label: right and wrong answers of each label, in the model's order.
    """

    count: int
    exact: int
    exact_match: float
    low: float
    high: float
    label_accuracy: float
    threshold: float
    per_label: PerClass

    @property
    def macro_f1(self) -> float | None:
        """The plain mean of the labels' F1, 0..1; ``None`` where no label occurs or is answered."""
        return self.per_label.f1

    def to_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "exact": self.exact,
            "exact_match": self.exact_match,
            "low": self.low,
            "high": self.high,
            "label_accuracy": self.label_accuracy,
            "macro_f1": self.macro_f1,
            "threshold": self.threshold,
            "labels": [item.to_dict() for item in self.per_label.classes],
        }


def measure_multi_label(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], names: Sequence[str], threshold: float = 0.5
) -> MultiLabelAccuracy:
    """Compares the labels that reach the threshold with the right ones.

    Args:
        probabilities: (n, labels).
        labels: (n, labels) of 0 and 1.
        names: one for each label.
        threshold: 0..1.

    Raises:
        UsageError: no photos, or the shapes do not fit each other.
    """
    if probabilities.shape != labels.shape or labels.shape[1:] != (len(names),) or not len(labels):
        raise UsageError(
            f"Accuracy of many labels needs {len(names)} probabilities and {len(names)} labels of 0 and 1 for each of "
            f"at least 1 photos. Got: {probabilities.shape} for {labels.shape}."
        )
    truth, answers = labels.astype(bool), probabilities >= threshold
    right = truth == answers
    exact = int(right.all(axis=1).sum())
    low, high = wilson_interval(exact, len(labels))
    return MultiLabelAccuracy(
        count=len(labels),
        exact=exact,
        exact_match=exact / len(labels),
        low=low,
        high=high,
        label_accuracy=float(right.mean()),
        threshold=threshold,
        per_label=count_classes(names, truth, answers),
    )
