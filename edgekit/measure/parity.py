"""Does an artifact give the same answers as the model it was made from?

Measuring and judging are apart: :func:`measure_parity` only counts, :func:`edgekit.measure.judging.judge` holds the
counts against the tolerance of a precision.

Of a multi-label model every pair of photo and label is a decision (:func:`edgekit.outputs.decisions`).
A photo agrees where all its decisions do, and is clear where one of them is: had every decision been a
photo of its own, a model that never answers any label would agree on the many that are absent.

An artifact cannot be asked to agree where the reference itself is undecided: between two classes of
0.501 and 0.499, rounding decides. So photos are called *clear* where the reference's best class leads
by at least the precision's margin, and agreement is asked for on these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.measure.variation import Spread, measure_spread


@dataclass(frozen=True)
class Disagreement:
    """One photo on which the two answer different classes.

    Attributes:
        index: of the photo.
        reference: the class that the reference answers.
        candidate: the class that the artifact answers.
        margin: by how much the reference's best class leads its second; small means undecided.
        label: of a multi-label model, the label that they differ on; ``reference`` and
            ``candidate`` are then 0 (absent) or 1 (present). ``None`` for all others.
    """

    index: int
    reference: int
    candidate: int
    margin: float
    label: int | None = None


@dataclass(frozen=True)
class Parity:
    """How far two models agree on the same photos.

    Attributes:
        count: photos.
        agreement: share with the same most probable class (or the same labels), 0..1.
        max_difference: the largest difference of any probability; infinite where one is not a number.
        mean_difference: the mean absolute difference; infinite likewise.
        disagreements: the photos that differ, the clearest first.
        margins: the reference's lead on each photo, in order.
        commonest: share of the photos on which the reference gives its commonest answer, 0..1.
        spread: the error beside what the reference's probabilities vary by from photo to photo.
        unit: what was compared, for a sentence: ``photos``, ``samples``.
    """

    count: int
    agreement: float
    max_difference: float
    mean_difference: float
    disagreements: tuple[Disagreement, ...]
    margins: tuple[float, ...]
    commonest: float
    spread: Spread
    unit: str = "photos"

    def clear(self, margin: float) -> tuple[int, int]:
        """How many photos the reference is sure of by ``margin``, and how many of these agree."""
        count = sum(value >= margin for value in self.margins)
        return count, count - sum(item.margin >= margin for item in self.disagreements)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; a difference that is no finite number is ``null``."""
        return {
            "count": self.count,
            "unit": self.unit,
            "agreement": self.agreement,
            "max_difference": _finite(self.max_difference),
            "mean_difference": _finite(self.mean_difference),
            "disagreements": [
                {
                    "index": item.index,
                    "reference": item.reference,
                    "candidate": item.candidate,
                    "margin": item.margin,
                    "label": item.label,
                }
                for item in self.disagreements
            ],
        }


@dataclass(frozen=True)
class PairedAccuracy:
    """Two models on the same labelled photos.

    Attributes:
        count: photos.
        reference_correct: that the reference recognised.
        candidate_correct: that the artifact recognised.
        only_reference: recognised by the reference alone.
        only_candidate: recognised by the artifact alone.
        measure: what is counted, for a sentence: ``Top-1``, or of a multi-label model ``Exact match``.
        unit: as in :class:`Parity`.
    """

    count: int
    reference_correct: int
    candidate_correct: int
    only_reference: int
    only_candidate: int
    measure: str = "Top-1"
    unit: str = "photos"

    @property
    def drop(self) -> float:
        """By how much top-1 fell, 0..1; negative where the artifact is better."""
        return (self.reference_correct - self.candidate_correct) / self.count

    @property
    def chance(self) -> float:
        """The probability of a loss at least this large if both were equally good.

        McNemar's exact test, one-sided: where only one of the two is right, either is it with
        probability 1/2 (McNemar, Psychometrika 12, 1947).
        """
        differing = self.only_reference + self.only_candidate
        ways = sum(math.comb(differing, lost) for lost in range(self.only_reference, differing + 1))
        return float(ways / 2**differing)


def measure_parity(
    reference: NDArray[np.float32], candidate: NDArray[np.float32], decisions: int = 1, unit: str = "photos"
) -> Parity:
    """Compares two models' answers to the same photos.

    Args:
        reference: (photos * decisions, classes) probabilities of the model that is right by definition.
        candidate: likewise, of the artifact.
        decisions: rows that belong to one photo, see :func:`edgekit.outputs.decisions_per_sample`.
        unit: what to call the photos.

    Raises:
        UsageError: the shapes differ, or there is nothing to compare.
    """
    if reference.shape != candidate.shape or reference.ndim != 2 or 0 in reference.shape or len(reference) % decisions:
        raise UsageError(
            f"Parity compares two arrays (photos, classes) of the same shape. Got: {reference.shape} and "
            f"{candidate.shape}."
        )
    expected, given = reference.astype(np.float64), candidate.astype(np.float64)
    differences = np.abs(expected - given)
    differences[~np.isfinite(differences)] = np.inf
    margins = top_margins(expected).reshape(-1, decisions)
    best, answered = (values.argmax(axis=1).reshape(-1, decisions) for values in (expected, given))
    # An answer with NaN in it has no best class.
    wrong = (best != answered) | ~np.isfinite(given).all(axis=1).reshape(-1, decisions)
    # Of each photo the clearest decision that differs.
    place = np.where(wrong, margins, -np.inf).argmax(axis=1)
    found = [
        Disagreement(
            int(index),
            int(best[index, place[index]]),
            int(answered[index, place[index]]),
            float(margins[index, place[index]]),
            int(place[index]) if decisions > 1 else None,
        )
        for index in np.flatnonzero(wrong.any(axis=1))
    ]
    return Parity(
        count=len(margins),
        agreement=1 - len(found) / len(margins),
        max_difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        disagreements=tuple(sorted(found, key=lambda item: -item.margin)),
        margins=tuple(margins.max(axis=1).tolist()),
        commonest=float(np.unique(best, axis=0, return_counts=True)[1].max() / len(best)),
        spread=measure_spread(*(values.reshape(len(margins), -1) for values in (expected, given))),
        unit=unit,
    )


def pair_accuracy(
    reference: NDArray[np.float32],
    candidate: NDArray[np.float32],
    labels: NDArray[np.int64],
    decisions: int = 1,
    unit: str = "photos",
) -> PairedAccuracy:
    """Counts who is right where, on labelled photos; with several decisions a photo, all must be right.

    Args:
        reference: (photos * decisions, classes).
        candidate: likewise.
        labels: (photos * decisions,), the right classes.
        decisions: as for :func:`measure_parity`.
        unit: likewise.
    """
    first, second = (
        (values.argmax(axis=1) == labels).reshape(-1, decisions).all(axis=1) for values in (reference, candidate)
    )
    return PairedAccuracy(
        count=len(first),
        reference_correct=int(first.sum()),
        candidate_correct=int(second.sum()),
        only_reference=int((first & ~second).sum()),
        only_candidate=int((second & ~first).sum()),
        measure="Top-1" if decisions == 1 else "Exact match",
        unit=unit,
    )


def top_margins(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): by how much the best class leads the second; of one class, its own value."""
    if probabilities.shape[1] == 1:
        return probabilities[:, 0]
    best_two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(best_two[:, 1] - best_two[:, 0])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
