"""Heat, battery and times in summary: the rules on recorded values."""

from __future__ import annotations

import dataclasses

import pytest

from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol, LatencyStats
from edgekit.measure.phone import PhoneState, find_phone_doubts
from edgekit.measure.told_times import ToldTimes, summarize_told
from edgekit.measure.validity import Conditions, Evidence, find_doubts

GOOD = PhoneState(0, 0, 0.8, True, False)
PHONE = Device("p", "m", "Android 14", "aarch64", 8, None, "adb", False, None, False)


def doubts(stats: LatencyStats, conditions: Conditions) -> tuple[str, ...]:
    return find_doubts(Evidence(stats, LatencyProtocol(), PHONE, conditions))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"thermal_status_after": 1}, "thermal status 1, light"),
        ({"thermal_status_before": 6}, "thermal status 6, shutdown"),
        ({"thermal_status_before": 9}, "thermal status 9, shutdown"),
        ({"power_save": True}, "Battery saver is on"),
        ({"battery_level": 0.14, "charging": False}, "The battery is at 14 %"),
    ],
)
def test_what_holds_a_phone_back(change: dict[str, object], words: str) -> None:
    (doubt,) = find_phone_doubts(dataclasses.replace(GOOD, **change))  # type: ignore[arg-type]
    assert words in doubt


def test_a_good_phone_and_one_that_tells_nothing() -> None:
    assert find_phone_doubts(GOOD) == find_phone_doubts(PhoneState()) == ()
    assert find_phone_doubts(dataclasses.replace(GOOD, battery_level=0.05)) == ()  # it charges


def test_what_the_app_says_itself_is_said_once() -> None:
    stats = summarize_told([ToldTimes(100, 5.0, 0.1, 4.9, 5.4, 5.0)])
    hot = dataclasses.replace(GOOD, thermal_status_after=3)
    assert "thermal status 3" in " ".join(doubts(stats, Conditions(phone=hot)))
    assert doubts(stats, Conditions(phone=hot, doubts=("The phone was hot.",))) == ("The phone was hot.",)


def test_rounds_together_are_as_bad_as_the_worst() -> None:
    later = PhoneState(2, 3, 0.5, False, True)
    assert GOOD.joined(later) == PhoneState(0, 3, 0.5, False, True)
    assert GOOD.joined(PhoneState()) == PhoneState(0, 0, 0.8, None, None)
    assert PhoneState(0, 4, 0.8, True, False).joined(GOOD).thermal_status_after == 4
    conditions = Conditions(phone=later)
    assert Conditions.from_dict({**conditions.to_dict(), "new": 1}) == conditions


def test_times_in_summary() -> None:
    parts = [ToldTimes(100, 5.0, 0.1, 4.9, 5.4, 4.99), ToldTimes(300, 6.0, 0.2, 5.5, 7.0, 5.9)]
    stats = summarize_told(parts)
    # By hand: (100 * 5 + 300 * 6) / 400; variances within and between the rounds.
    assert (stats.runs, stats.mean) == (400, 5.75)
    assert stats.std == pytest.approx(((100 * (0.01 + 0.5625) + 300 * (0.04 + 0.0625)) / 400) ** 0.5)
    assert (stats.min, stats.max, stats.p50) == (4.9, 7.0, pytest.approx(5.445))
    assert (stats.p90, stats.p99, stats.p50_low, stats.p50_high) == (None, None, None, None)
    assert (stats.first_third_p50, stats.last_third_p50) == (4.99, 5.9)
    assert summarize_told([parts[0], dataclasses.replace(parts[1], median=None)]).p50 is None


def test_times_in_summary_are_judged_by_their_mean() -> None:
    steady = [ToldTimes(40, 5.0, 0.1, 4.9, 5.4)] * 3
    assert doubts(summarize_told(steady), Conditions(phone=GOOD)) == ()
    (doubt,) = doubts(summarize_told([ToldTimes(100, 5.0, 1.0, 4.0, 9.0)]), Conditions(phone=GOOD))
    assert "interval of the mean is 8 % wide" in doubt
    slower = [ToldTimes(100, mean, 0.1, 4.9, 7.0) for mean in (5.0, 5.4, 5.8)]
    assert any("16 % slower" in doubt for doubt in doubts(summarize_told(slower), Conditions(phone=GOOD)))
