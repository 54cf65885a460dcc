"""One row of the compiler's table, predicted or printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OpOutcome:
    """All ops of one kind that share one fate.

    Attributes:
        op: as in ``CONV_2D``; ``CUSTOM:name`` for a custom op (the compiler's log says ``CUSTOM``).
        count: how many there are.
        mapped: they run on the Edge TPU.
        reason: the compiler's own words for why not; ``None`` where they are mapped.
        fix: what to change, in a sentence or two; ``None`` where they are mapped, and in a log.
    """

    op: str
    count: int
    mapped: bool
    reason: str | None = None
    fix: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """An entry of ``ops`` in ``edgekit inspect --edgetpu --json``."""
        return {"op": self.op, "count": self.count, "mapped": self.mapped, "reason": self.reason, "fix": self.fix}


def count_ops(ops: Iterable[OpOutcome], *, mapped: bool) -> dict[str, int]:
    """Ops of one fate by name, all reasons together, sorted by name."""
    counts: Counter[str] = Counter()
    for outcome in ops:
        if outcome.mapped == mapped:
            counts[outcome.op] += outcome.count
    return dict(sorted(counts.items()))
