"""Outcomes counted, and what must not be among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.fuzz.outcome import DEFECT, DIED, OUTCOMES, Outcome

SECONDS = 10.0
"""Within which each file must end."""


def find_failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that took the program down, ended in no sentence, or took too long."""
    return [one for one in outcomes if one.outcome in (DEFECT, DIED) or one.seconds > SECONDS]


def outcome_table(outcomes: Sequence[Outcome]) -> str:
    """Two tables in Markdown: the outcomes with their times, and the kinds of damage by outcome."""
    total = len(outcomes)
    lines = ["| outcome | files | share | slowest |", "|---|--:|--:|--:|"]
    for outcome in OUTCOMES:
        seconds = [one.seconds for one in outcomes if one.outcome == outcome]
        slowest = f"{max(seconds):.1f} s" if seconds else ""
        lines.append(f"| {outcome} | {len(seconds):,} | {len(seconds) / max(total, 1):.1%} | {slowest} |")
    counts = Counter((one.kind, one.outcome) for one in outcomes)
    found = [outcome for outcome in OUTCOMES if any(one.outcome == outcome for one in outcomes)]
    lines += ["", f"| damage | {' | '.join(found)} |", f"|---|{'--:|' * len(found)}"]
    for kind in sorted({one.kind for one in outcomes}):
        lines.append(f"| {kind} | {' | '.join(str(counts[kind, outcome] or '') for outcome in found)} |")
    return "\n".join(lines)
