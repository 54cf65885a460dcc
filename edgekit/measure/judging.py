"""Whether a classifier's artifact may be called verified: counts held against the tolerance of a precision."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgekit.measure.parity import PairedAccuracy, Parity
from edgekit.measure.tolerances import Tolerance

NOT_NUMBERS = "It answers values that are not numbers (NaN or infinite)."

ENOUGH_PHOTOS = 500
"""From here on a point is at least 5 photos and the drop is taken as it is. With fewer it is compared
with chance, since one photo more or less would decide."""

SIGNIFICANT = 0.05
"""The usual level below which a difference is not put down to chance."""


@dataclass(frozen=True)
class Verdict:
    """Whether an artifact agrees with its reference.

    Attributes:
        passed: yes or no.
        reasons: why not, a sentence each; empty where it passed.
        notes: what else should be known, a sentence each.
        decided: ``False`` where nobody knows: what it was run on can prove neither. Then it has not passed.
    """

    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    decided: bool = True


def undecided(reason: str, notes: tuple[str, ...] = ()) -> Verdict:
    """Nothing is proved, and nothing disproved."""
    return Verdict(False, (reason,), notes, decided=False)


def judge(parity: Parity, tolerance: Tolerance, paired: PairedAccuracy | None = None) -> Verdict:
    """Whether an artifact may be called verified.

    - The largest difference must be within the limit, where there is one (fp32).
    - Where top-1 may fall (8 bits) and labels are given: it falls by no more. On fewer than 500 photos a
      larger drop also passes where it is no more than chance (McNemar) and the clear photos agree.
    - All others: the clear photos must agree, in the share that is asked for.
    - Where no photo is clear there is no best class to agree on, and absolute limits say nothing of probabilities that
      are all small, nor do labels that neither of the two knows. So the error must be small beside what the
      reference's probabilities vary by from photo to photo, or beside their size (no more than the precision's
      rounding); of fp32 it must be so always.
    - What would pass is undecided where an artifact that ignores its input would pass, too: where the reference's
      probabilities do not vary, or by hardly more than the error, and either rounding explains the error or the
      reference's best class is nearly always the same.

    Args:
        parity: from :func:`~edgekit.measure.parity.measure_parity`.
        tolerance: of the artifact's format and precision.
        paired: from :func:`~edgekit.measure.parity.pair_accuracy`, where labels are given.
    """
    if not math.isfinite(parity.max_difference):
        return Verdict(False, (NOT_NUMBERS,))
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
    if reasons:
        return Verdict(False, tuple(reasons), notes)
    if parity.spread.constant:
        return undecided(constant_answers(parity.count, parity.unit), notes)
    return _judge_variation(parity, tolerance) or Verdict(True, (), notes)


def constant_answers(count: int, unit: str) -> str:
    """Why nothing is proved where the reference always answers the same."""
    return (
        f"The Keras model answers the same to all {count} {unit}, so a file that ignores its input would agree, too. "
        f"Compare on real {unit} that it tells apart."
    )


def _judge_variation(parity: Parity, tolerance: Tolerance) -> Verdict | None:
    """Of what would pass: whether the error is small beside the variation; ``None`` where it is."""
    spread = parity.spread
    if spread.variation is None:
        return None
    unsure = parity.clear(tolerance.clear_margin)[0] == 0
    rounding = tolerance.rounding * spread.size
    limit = tolerance.max_relative_error * spread.variation
    asked = unsure or tolerance.max_difference is not None
    if spread.error > max(limit, rounding) and asked:
        sure = f"The reference is sure of none of the {parity.count} {parity.unit}, and t" if unsure else "T"
        return Verdict(
            False,
            (
                f"{sure}he probabilities are off by {spread.error / spread.variation:.2g} of what the reference's vary "
                f"from one to the next (root mean square; at most {tolerance.max_relative_error:g} is allowed).",
            ),
        )
    small, alike = spread.error <= rounding, parity.commonest >= tolerance.min_agreement
    if spread.hidden and (small or alike):
        return undecided(
            f"The Keras model's probabilities vary by {spread.variation:.2g} over the {parity.count} {parity.unit} "
            f"(root mean square), and the file's are off by {spread.error:.2g}: right and wrong answers look alike. "
            f"Compare on real {parity.unit} that the model tells apart."
        )
    return None


def _judge_difference(parity: Parity, tolerance: Tolerance) -> list[str]:
    if tolerance.max_difference is None or parity.max_difference <= tolerance.max_difference:
        return []
    return [f"The largest difference is {parity.max_difference:.2g}, above {tolerance.max_difference:.2g}."]


def _judge_agreement(parity: Parity, tolerance: Tolerance) -> list[str]:
    count, agreeing = parity.clear(tolerance.clear_margin)
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
