"""The line about what a camera sees, and the sum at the end."""

from __future__ import annotations

import pytest

from edgekit.report.live import Rate, Totals, labels_text, live_line, stream_time
from edgekit.report.table import text_width
from edgekit.runtime import Prediction
from edgekit.runtime.stream import StreamResult

SEEN = [Prediction("daisy", "Daisy", 0.931, 0), Prediction("rose", "Rose", 0.04, 1)]
WIDE = [Prediction("tulip", "郁金香" * 20, 0.5, 0)]


def result(index: int, age: float = 20.0, dropped: int = 0, unreadable: int = 0) -> StreamResult:
    return StreamResult(tuple(SEEN), None, index, None, age, dropped, unreadable, 4.0, 10.0)


def test_the_line() -> None:
    line = live_line(SEEN, 29.97, 12.34, 7, 80)
    assert line.startswith("Daisy 93.1 %  Rose 4.0 %")
    assert line.endswith("   30.0 fps   12.3 ms  7 dropped")
    assert text_width(line) == 80
    assert live_line(SEEN, 29.97, 12.34, 7, None) == "Daisy 93.1 %  Rose 4.0 %   30.0 fps   12.3 ms  7 dropped"


@pytest.mark.parametrize("columns", [4, 20, 44, 45, 80, 200])
@pytest.mark.parametrize("seen", [SEEN, WIDE, []])
def test_it_never_breaks(columns: int, seen: list[Prediction]) -> None:
    assert text_width(live_line(seen, 1234.5, 12345.6, 123456, columns)) <= columns


def test_nothing_seen_and_odd_names() -> None:
    assert labels_text([]) == "nothing"
    assert "\x1b" not in labels_text([Prediction("x", "\x1b[31mred", 1.0, 0)])


def test_frames_per_second_are_those_of_the_last_two_seconds() -> None:
    rate = Rate()
    assert rate.add(0.0) == 0.0
    for number in range(1, 101):
        slow = rate.add(number / 10)
    assert slow == pytest.approx(10)
    for number in range(1, 101):
        fast = rate.add(10 + number / 50)
    assert fast == pytest.approx(50)


def test_the_sum() -> None:
    totals = Totals()
    assert totals.summary().to_text() == "No frame was recognized."
    for number in range(10):
        totals.add(result(number * 2, dropped=number, unreadable=1), 100.0 + number / 10)
    summary = totals.summary()
    assert (summary.frames, summary.dropped, summary.unreadable) == (10, 9, 1)
    assert summary.seconds == pytest.approx(0.92)
    assert summary.to_text() == (
        "10 frames in 0.9 s, 10.9 per second. Each: prepare 4.0 ms, inference 10.0 ms. "
        "Left out: 9 dropped as stale, 1 unreadable."
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.000"), (59.9996, "1:00.000"), (61.25, "1:01.250"), (3723.5, "1:02:03.500")]
)
def test_places_in_a_video(seconds: float, text: str) -> None:
    assert stream_time(seconds) == text
