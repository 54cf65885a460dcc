"""The latency protocol: how runs are repeated, and what is said about their times.

Every device uses it, so that its parts are defined without Python: percentiles are linear between
order statistics (NumPy's default, type 7 of Hyndman and Fan, The American Statistician 50, 1996);
times are those of a monotonic clock around each single run.
"""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekit.errors import UsageError

EXACT_UP_TO = 1000
"""Runs up to which the interval's ranks come from exact binomial sums; the normal approximation gives
the same rank, or one beside it, from some dozens on."""


@dataclass(frozen=True)
class LatencyProtocol:
    """How often a model is run, first unseen and then measured.

    Both parts go on until a number of runs *and* a duration are reached: the first makes sure of
    enough samples of a slow model, the second that a fast one is seen for longer than one hiccup.

    Attributes:
        warmup_runs: at least so many unmeasured runs (caches, lazy allocation, clock speed).
        warmup_seconds: at least so long.
        min_runs: at least so many measured runs; 100 is what a 99th percentile needs.
        min_seconds: at least so long.
        max_seconds: each part ends after so long, whatever was reached. A run is never cut off.
    """

    warmup_runs: int = 10
    warmup_seconds: float = 0.5
    min_runs: int = 100
    min_seconds: float = 2.0
    max_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.min_runs < 1 or self.warmup_runs < 0:
            raise UsageError(f"The number of runs must be positive. Got: {self.min_runs}, warm-up {self.warmup_runs}.")
        times = (self.warmup_seconds, self.min_seconds, self.max_seconds)
        if not all(math.isfinite(seconds) and seconds >= 0 for seconds in times) or self.max_seconds == 0:
            raise UsageError(f"The protocol's durations must be positive and finite. Got: {times}.")

    def share(self, rounds: int) -> LatencyProtocol:
        """The protocol of one of so many rounds that together measure what this one asks for.

        Each round is a process of its own that has to warm up again.
        """
        return dataclasses.replace(
            self,
            min_runs=-(-self.min_runs // rounds),
            min_seconds=self.min_seconds / rounds,
            max_seconds=self.max_seconds / rounds,
        )


@dataclass(frozen=True)
class LatencyStats:
    """The times of the measured runs, in milliseconds.

    Where only a summary of the runs was told (:mod:`edgekit.measure.told_times`), what does not follow from it is
    ``None``.

    Attributes:
        runs: how many.
        seconds: what they took together.
        mean: arithmetic mean.
        std: standard deviation (n - 1); 0 for one run.
        min: the fastest run.
        max: the slowest run.
        p50: the median.
        p90: 90th percentile.
        p99: 99th percentile.
        p50_low: lower end of the 95 % confidence interval of the median.
        p50_high: its upper end.
        first_third_p50: median of the first third of the runs.
        last_third_p50: median of the last third; far from the first, the device got warm or busy. Of rounds whose
            single runs are not known, the first and the last round's median, or else its mean.
    """

    runs: int
    seconds: float
    mean: float
    std: float
    min: float
    max: float
    p50: float | None
    p90: float | None
    p99: float | None
    p50_low: float | None
    p50_high: float | None
    first_third_p50: float | None
    last_third_p50: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; all times but ``seconds`` are milliseconds."""
        return asdict(self)


def measure_durations(
    call: Callable[[], object],
    protocol: LatencyProtocol,
    clock: Callable[[], int] = time.perf_counter_ns,
    on_start: Callable[[], object] = lambda: None,
) -> Sequence[int]:
    """Runs ``call`` by the protocol.

    Args:
        call: one inference.
        protocol: how often.
        clock: nanoseconds, monotonic.
        on_start: called between warm-up and measurement, as for a look at the device.

    Returns:
        The nanoseconds of each measured run, in order.
    """
    # A collection in the middle of a run is Python's time, not the model's.
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        _repeat(call, clock, protocol.warmup_runs, protocol.warmup_seconds, protocol.max_seconds)
        on_start()
        return _repeat(call, clock, protocol.min_runs, protocol.min_seconds, protocol.max_seconds)
    finally:
        if collects:
            gc.enable()


def summarize(durations: Sequence[int]) -> LatencyStats:
    """Statistics of the durations of single runs, in nanoseconds, in the order they were run."""
    in_order = np.asarray(durations, np.float64) / 1e6
    ordered = np.sort(in_order)
    count = len(ordered)
    low, high = median_ranks(count)
    third = max(count // 3, 1)
    p50, p90, p99 = np.percentile(ordered, [50, 90, 99])
    return LatencyStats(
        runs=count,
        seconds=float(ordered.sum() / 1e3),
        mean=float(ordered.mean()),
        std=float(ordered.std(ddof=1)) if count > 1 else 0.0,
        min=float(ordered[0]),
        max=float(ordered[-1]),
        p50=float(p50),
        p90=float(p90),
        p99=float(p99),
        p50_low=float(ordered[low - 1]),
        p50_high=float(ordered[high - 1]),
        first_third_p50=float(np.median(in_order[:third])),
        last_third_p50=float(np.median(in_order[-third:])),
    )


def median_ranks(count: int) -> tuple[int, int]:
    """The ranks (1-based) of the order statistics that enclose the median with at least 95 % confidence.

    The number of samples below the true median is binomial(n, 1/2), whatever the distribution of the
    times. So the interval from the j-th smallest to the j-th largest misses it with probability
    2 P(B <= j - 1), and j is the largest with P(B <= j - 1) <= 0.025
    (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2). Above
    :data:`EXACT_UP_TO` samples, j = floor((n + 1) / 2 - 1.96 sqrt(n) / 2).

    For fewer than 6 samples not even minimum and maximum reach 95 %; they are returned all the same.
    """
    if count > EXACT_UP_TO:
        rank = int((count + 1) / 2 - 1.96 * math.sqrt(count) / 2)
        return rank, count + 1 - rank
    # Whole numbers: sum of C(n, i) for i < j, compared with 0.025 * 2^n.
    rank, below, ways = 0, 0, 1
    while (below + ways) * 40 <= 2**count:
        below += ways
        ways = ways * (count - rank) // (rank + 1)
        rank += 1
    rank = max(rank, 1)
    return rank, count + 1 - rank


def _repeat(
    call: Callable[[], object], clock: Callable[[], int], min_runs: int, min_seconds: float, max_seconds: float
) -> array[int]:
    durations = array("q")
    begin = now = clock()
    enough, limit = begin + int(min_seconds * 1e9), begin + int(max_seconds * 1e9)
    while (len(durations) < min_runs or now < enough) and (now < limit):
        before = clock()
        call()
        now = clock()
        durations.append(now - before)
    return durations
