"""Times that a tool told in summary, where the single runs stay unknown, as of LiteRT's ``benchmark_model``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.measure.latency import LatencyStats


@dataclass(frozen=True)
class ToldTimes:
    """What such a tool tells, milliseconds.

    Attributes:
        runs: how many.
        mean: of them.
        std: standard deviation, as the tool defines it.
        min: the fastest run.
        max: the slowest run.
        median: ``None`` where it is not told.
    """

    runs: int
    mean: float
    std: float
    min: float
    max: float
    median: float | None = None

    @property
    def center(self) -> float:
        """The median, or what there is in its place."""
        return self.mean if self.median is None else self.median


def summarize_told(parts: Sequence[ToldTimes]) -> LatencyStats:
    """The statistics of one or more rounds, as far as they follow from what was told; ``None`` for the others.

    Mean and standard deviation are those of all runs together. The median of all runs lies between the least and the
    greatest of the rounds' medians, and their median stands for it.
    """
    runs = sum(part.runs for part in parts)
    mean = sum(part.runs * part.mean for part in parts) / runs
    squares = sum(part.runs * (part.std**2 + (part.mean - mean) ** 2) for part in parts)
    medians = sorted(part.median for part in parts if part.median is not None)
    complete = len(medians) == len(parts)
    several = len(parts) > 1
    return LatencyStats(
        runs=runs,
        seconds=runs * mean / 1e3,
        mean=mean,
        std=math.sqrt(squares / runs),
        min=min(part.min for part in parts),
        max=max(part.max for part in parts),
        p50=_middle(medians) if complete else None,
        p90=None,
        p99=None,
        p50_low=None,
        p50_high=None,
        first_third_p50=parts[0].center if several else None,
        last_third_p50=parts[-1].center if several else None,
    )


def _middle(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
