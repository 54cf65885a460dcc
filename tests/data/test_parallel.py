"""The ordered map on threads."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from edgekit.data import parallel
from edgekit.data.parallel import ordered_map
from edgekit.host import usable_cores


def test_results_keep_the_order_of_the_items() -> None:
    def slow_if_even(number: int) -> int:
        time.sleep(0.002 * (number % 2 == 0))
        return number * 10

    assert list(ordered_map(slow_if_even, range(50))) == [number * 10 for number in range(50)]


def test_there_is_a_thread_for_each_usable_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_cores", lambda: 3)
    together = threading.Barrier(3)
    # Each waits for two others, so fewer threads would end in a BrokenBarrierError.
    assert sorted(ordered_map(lambda _: together.wait(timeout=30), range(3))) == [0, 1, 2]
    names = set(ordered_map(lambda _: threading.current_thread().name, range(100)))
    assert len(names) <= 3


def test_little_is_begun_ahead_of_the_reader() -> None:
    begun: list[int] = []
    with contextlib.closing(ordered_map(begun.append, range(10_000))) as results:
        next(results)
    assert len(begun) < 100 * usable_cores()


def test_an_error_reaches_the_reader_and_no_thread_stays() -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    results = ordered_map(fail, range(1000))
    with pytest.raises(ValueError, match="three"):
        list(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("edgekit")]
