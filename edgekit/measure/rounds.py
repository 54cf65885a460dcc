"""Several measurements of one artifact as one: models that are compared take turns, round by round.

What changes slowly (heat, clock, company on the processor) then falls on all of them alike, where one after the
other the last would run on the warmest device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Measurement

ROUNDS = 3
"""With three, each artifact is measured early, in the middle and late. Every round costs a start of its engine."""


def rounds_for(artifacts: int) -> int:
    """How many rounds to measure so many artifacts in."""
    return ROUNDS if artifacts > 1 else 1


def join_rounds(rounds: Sequence[Measurement]) -> Measurement:
    """One measurement of an artifact's rounds, in the order in which they were run, at least one.

    Load time and first call are the first round's, in which nothing was in the system's caches; memory and load are
    the highest, and durations are strung together, so that a drift over the rounds is one over the runs.
    """
    first, last = rounds[0], rounds[-1]
    peaks = [one.peak_memory_bytes for one in rounds if one.peak_memory_bytes is not None]
    loads = [one.conditions.other_load for one in rounds if one.conditions.other_load is not None]
    readings = None
    for one in rounds:
        found = one.conditions.readings
        readings = readings.joined(found) if readings and found else readings or found
    phone = None
    for one in rounds:
        state = one.conditions.phone
        phone = phone.joined(state) if phone and state else phone or state
    return replace(
        first,
        durations=tuple(chain.from_iterable(one.durations for one in rounds)),
        told=tuple(chain.from_iterable(one.told for one in rounds)),
        peak_memory_bytes=max(peaks, default=None),
        conditions=Conditions(
            first.conditions.frequency_before,
            last.conditions.frequency_after,
            max(loads, default=None),
            readings,
            tuple(dict.fromkeys(doubt for one in rounds for doubt in one.conditions.doubts)),
            phone,
        ),
    )
