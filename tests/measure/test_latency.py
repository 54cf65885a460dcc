"""The protocol's loop and its statistics."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.measure.latency import (
    EXACT_UP_TO,
    LatencyProtocol,
    LatencyStats,
    measure_durations,
    median_ranks,
    summarize,
)

MILLISECOND = 1_000_000


class FakeTime:
    """A clock that only the measured calls move."""

    def __init__(self, step_ms: float) -> None:
        self.now = 0
        self.step = int(step_ms * MILLISECOND)
        self.calls = 0

    def clock(self) -> int:
        return self.now

    def call(self) -> None:
        self.now += self.step
        self.calls += 1


@pytest.mark.parametrize(
    ("step_ms", "warm", "runs"),
    [
        (1, 500, 2000),  # the durations decide: 0.5 s and 2 s
        (100, 10, 100),  # the numbers decide: 1 s and 10 s
        (1000, 10, 60),  # the limit ends the measured part after 60 s
        (61_000, 1, 1),  # one run is never cut off, and never left out
    ],
)
def test_both_a_number_and_a_duration_are_reached(step_ms, warm, runs):
    fake = FakeTime(step_ms)
    stats = summarize(measure_durations(fake.call, LatencyProtocol(), fake.clock))
    assert stats.runs == runs
    assert fake.calls == warm + runs
    assert stats.p50 == step_ms


def test_no_warm_up_is_possible():
    fake = FakeTime(1)
    protocol = LatencyProtocol(warmup_runs=0, warmup_seconds=0, min_runs=3, min_seconds=0)
    assert len(measure_durations(fake.call, protocol, fake.clock)) == fake.calls == 3


def test_the_start_is_told_after_the_warm_up():
    fake = FakeTime(100)
    seen: list[int] = []
    measure_durations(fake.call, LatencyProtocol(), fake.clock, on_start=lambda: seen.append(fake.calls))
    assert seen == [10]


def test_garbage_is_not_collected_in_between_and_afterwards_again():
    collecting: list[bool] = []
    protocol = LatencyProtocol(0, 0, 5, 0)
    measure_durations(lambda: collecting.append(gc.isenabled()), protocol)
    assert collecting == [False] * 5
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        measure_durations(lambda: 1 / 0, protocol)
    assert gc.isenabled()


@pytest.mark.parametrize(
    "wrong",
    [{"min_runs": 0}, {"warmup_runs": -1}, {"max_seconds": 0}, {"min_seconds": -1}, {"warmup_seconds": math.inf}],
)
def test_an_impossible_protocol_is_refused(wrong):
    with pytest.raises(UsageError):
        LatencyProtocol(**wrong)


def test_statistics_of_known_times():
    stats = summarize([milliseconds * MILLISECOND for milliseconds in (5, 1, 4, 2, 3, 6, 7, 8, 9, 10)])
    assert stats == LatencyStats(
        runs=10,
        seconds=pytest.approx(0.055),
        mean=pytest.approx(5.5),
        std=pytest.approx(3.0276503540974917),  # sqrt(82.5 / 9)
        min=1.0,
        max=10.0,
        p50=pytest.approx(5.5),
        p90=pytest.approx(9.1),
        p99=pytest.approx(9.91),
        p50_low=2.0,  # ranks 2 and 9
        p50_high=9.0,
        first_third_p50=4.0,
        last_third_p50=9.0,
    )


def test_one_run_has_statistics_too():
    stats = summarize([3 * MILLISECOND])
    assert (stats.runs, stats.std, stats.p50, stats.p50_low, stats.p50_high) == (1, 0.0, 3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("count", "ranks"),
    # Conover's and Hollander's tables of the sign test, two-sided 5 %.
    [
        (1, (1, 1)),
        (5, (1, 5)),
        (6, (1, 6)),
        (8, (1, 8)),
        (9, (2, 8)),
        (10, (2, 9)),
        (15, (4, 12)),
        (20, (6, 15)),
        (25, (8, 18)),
        (50, (18, 33)),
        (100, (40, 61)),
    ],
)
def test_ranks_of_the_medians_interval(count, ranks):
    assert median_ranks(count) == ranks


@pytest.mark.parametrize("count", [6, 7, 40, 333, EXACT_UP_TO])
def test_the_interval_is_the_narrowest_that_covers_95_percent(count):
    def coverage(rank: int) -> float:
        return 1 - 2 * sum(math.comb(count, below) for below in range(rank)) / 2**count

    low, high = median_ranks(count)
    assert high == count + 1 - low
    assert coverage(low) >= 0.95 > coverage(low + 1)


def test_the_approximation_goes_on_where_the_exact_ranks_end():
    (exact, _), (approximate, _) = median_ranks(EXACT_UP_TO), median_ranks(EXACT_UP_TO + 1)
    assert abs(exact - approximate) <= 1


def test_the_interval_covers_the_true_median_in_simulation():
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        stats = summarize((generator.lognormal(0, 1, 30) * MILLISECOND).astype(np.int64))
        hits += stats.p50_low <= 1.0 <= stats.p50_high  # the median of this distribution is 1
    assert 0.94 <= hits / 1000 <= 0.975  # exact coverage: 95.7 %
