"""Does an artifact give the same answers as the model it was made from?

Measuring and judging are apart: :func:`measure_parity` only counts, :func:`judge` holds the counts
against the tolerance of a precision.

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
from edgekit.measure.tolerances import Tolerance

ENOUGH_PHOTOS = 500
"""From here on a point is at least 5 photos and the drop is taken as it is. With fewer it is compared
with chance, since one photo more or less would decide."""

SIGNIFICANT = 0.05
"""The usual level below which a difference is not put down to chance."""


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
        unit: what was compared, for a sentence: ``photos``, ``samples``.
    """

    count: int
    agreement: float
    max_difference: float
    mean_difference: float
    disagreements: tuple[Disagreement, ...]
    margins: tuple[float, ...]
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


@dataclass(frozen=True)
class Verdict:
    """Whether an artifact agrees with its reference.

    Attributes:
        passed: yes or no.
        reasons: why not, a sentence each; empty where it passed.
        notes: what else should be known, a sentence each.
    """

    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


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


def judge(parity: Parity, tolerance: Tolerance, paired: PairedAccuracy | None = None) -> Verdict:
    """Whether an artifact may be called verified.

    - The largest difference must be within the limit, where there is one (fp32).
    - Where top-1 may fall (8 bits) and labels are given: it falls by no more. On fewer than 500 photos a
      larger drop also passes where it is no more than chance (McNemar) and the clear photos agree.
    - All others: the clear photos must agree, in the share that is asked for. Where no photo is clear, no
      probability may differ by more than the margin that would make it so.

    Args:
        parity: from :func:`measure_parity`.
        tolerance: of the artifact's format and precision.
        paired: from :func:`pair_accuracy`, where labels are given.
    """
    if not math.isfinite(parity.max_difference):
        return Verdict(False, ("It answers values that are not numbers (NaN or infinite).",))
    reasons = [*_judge_difference(parity, tolerance)]
    disagreeing = _judge_agreement(parity, tolerance)
    notes: tuple[str, ...] = ()
    if tolerance.max_drop is not None and paired is not None:
        reasons += _judge_drop(paired, tolerance.max_drop, disagreeing)
        if paired.drop > tolerance.max_drop and not reasons:
            notes = (
                f"{paired.measure} fell by {paired.drop:.1%} on {paired.count} {paired.unit}, which is within chance "
                f"(p = {paired.chance:.2f}). Verify on {ENOUGH_PHOTOS} {paired.unit} or more to be sure.",
            )
    else:
        reasons += disagreeing
    return Verdict(not reasons, tuple(reasons), notes)


def _judge_difference(parity: Parity, tolerance: Tolerance) -> list[str]:
    if tolerance.max_difference is None or parity.max_difference <= tolerance.max_difference:
        return []
    return [f"The largest difference is {parity.max_difference:.2g}, above {tolerance.max_difference:.2g}."]


def _judge_agreement(parity: Parity, tolerance: Tolerance) -> list[str]:
    count, agreeing = parity.clear(tolerance.clear_margin)
    if count == 0 and parity.max_difference > tolerance.clear_margin:
        # Nothing to agree on must not mean that anything goes: the artifact has to be as undecided.
        return [
            f"The reference is sure of none of the {parity.count} {parity.unit} (no class leads by "
            f"{tolerance.clear_margin:g}), yet probabilities differ by up to {parity.max_difference:.2g}."
        ]
    if agreeing >= tolerance.min_agreement * count:
        return []
    return [
        f"It agrees on {agreeing} of the {count} {parity.unit} that the reference is sure of ({agreeing / count:.1%}; "
        f"at least {tolerance.min_agreement:.1%} is asked for)."
    ]


def _judge_drop(paired: PairedAccuracy, limit: float, disagreeing: list[str]) -> list[str]:
    if paired.drop <= limit + 1e-12:
        return []
    counts = f"{paired.reference_correct} to {paired.candidate_correct} of {paired.count}"
    fell = f"{paired.measure} fell by {paired.drop:.1%} ({counts})"
    if paired.count >= ENOUGH_PHOTOS:
        return [f"{fell}, more than {limit:.1%}."]
    if paired.chance < SIGNIFICANT:
        return [f"{fell}, more than chance explains (p = {paired.chance:.2g})."]
    return [f"{fell}.", *disagreeing] if disagreeing else []


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
