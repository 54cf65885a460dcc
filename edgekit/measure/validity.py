"""May a measurement be trusted? Pure rules; each gives a sentence or nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol, LatencyStats
from edgekit.measure.phone import PhoneState, find_phone_doubts
from edgekit.measure.throttling import Readings, find_throttling
from edgekit.runtime.engines.base import EngineInfo

MAX_INTERVAL = 0.05
"""Width of the median's 95 % interval relative to the median. Wider, two models that differ by 5 %
cannot be told apart, which is about what a change of kernels or of a layer brings."""

MAX_DRIFT = 0.10
"""How far the medians of the first and the last third may lie apart. A Raspberry Pi that throttles goes
from 2.4 to 1.5 GHz, a laptop leaving its turbo loses 20 % and more."""

MAX_FREQUENCY_CHANGE = 0.10
"""The same for the clock, read before and after."""

MAX_OTHER_LOAD = 0.10
"""Share of all processors that others used meanwhile. An idle desktop takes 1 to 5 %."""


@dataclass(frozen=True)
class Conditions:
    """What else was seen while it was measured; ``None`` where the system does not tell.

    Attributes:
        frequency_before: MHz, after the warm-up.
        frequency_after: MHz, at the end.
        other_load: share of all processors' time that other processes took, 0..1.
        readings: what a device told about heat, governor and throttling; ``None`` where nobody looked.
        doubts: sentences of the device's own on why its times should not be trusted.
        phone: what a phone told about heat and battery.
    """

    frequency_before: float | None = None
    frequency_after: float | None = None
    other_load: float | None = None
    readings: Readings | None = None
    doubts: tuple[str, ...] = ()
    phone: PhoneState | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Conditions:
        """Reads what :meth:`to_dict` gave, also in a newer version with more fields."""
        if not isinstance(fields, Mapping):
            raise TypeError(f"{cls.__name__} is no object")
        known = {part.name: fields[part.name] for part in dataclasses.fields(cls) if part.name in fields}
        if known.get("readings") is not None:
            known["readings"] = Readings.from_dict(known["readings"])
        if known.get("phone") is not None:
            known["phone"] = PhoneState.from_dict(known["phone"])
        if "doubts" in known:
            known["doubts"] = tuple(map(str, known["doubts"]))
        return cls(**known)


@dataclass(frozen=True)
class Evidence:
    """All that the rules look at."""

    stats: LatencyStats
    protocol: LatencyProtocol
    device: Device
    conditions: Conditions
    engine: EngineInfo | None = None


def find_doubts(evidence: Evidence) -> tuple[str, ...]:
    """Why the measurement should not be trusted, a sentence each; empty for a valid one."""
    return tuple(doubt for rule in RULES if (doubt := rule(evidence)))


def too_few_runs(evidence: Evidence) -> str | None:
    """Fewer runs than asked for were done before the time was up."""
    runs, wanted = evidence.stats.runs, evidence.protocol.min_runs
    if runs >= wanted:
        return None
    return f"Only {runs} of {wanted} runs were done in {evidence.protocol.max_seconds:g} s."


def wide_interval(evidence: Evidence) -> str | None:
    """The median is not known well enough; of runs that only a summary is known of, the mean."""
    stats = evidence.stats
    if stats.p50 is None or stats.p50_low is None or stats.p50_high is None:
        # Of the normal distribution, which the mean of so many runs follows closely.
        what, width = "mean", relative(2 * 1.96 * stats.std / math.sqrt(stats.runs), stats.mean)
    else:
        what, width = "median", relative(stats.p50_high - stats.p50_low, stats.p50)
    if width <= MAX_INTERVAL:
        return None
    return (
        f"The 95 % interval of the {what} is {_percent(width)} wide (limit {_percent(MAX_INTERVAL)}): the times vary "
        "too much."
    )


def drift(evidence: Evidence) -> str | None:
    """The runs got slower or faster on the way."""
    first, last = evidence.stats.first_third_p50, evidence.stats.last_third_p50
    if first is None or last is None:
        return None
    change = relative(last - first, first)
    if abs(change) <= MAX_DRIFT:
        return None
    way = "slower" if change > 0 else "faster"
    return (
        f"The last third of the runs was {_percent(abs(change))} {way} than the first: the device is not in a steady "
        "state."
    )


def emulated(evidence: Evidence) -> str | None:
    """The processor is imitated."""
    if not evidence.device.emulated:
        return None
    return f"The processor is emulated ({evidence.device.emulation}): these times say nothing about a real device."


def simulated(evidence: Evidence) -> str | None:
    """What should run the model is imitated."""
    what = evidence.engine.simulated if evidence.engine else None
    if what is None:
        return None
    return f"The {what} is simulated by the library that was loaded: neither times nor answers are those of a real one."


def frequency_changed(evidence: Evidence) -> str | None:
    """The clock was changed on the way."""
    before, after = evidence.conditions.frequency_before, evidence.conditions.frequency_after
    if before is None or after is None or abs(relative(after - before, before)) <= MAX_FREQUENCY_CHANGE:
        return None
    return f"The processor's frequency went from {before:.0f} to {after:.0f} MHz."


def held_back(evidence: Evidence) -> str | None:
    """The device said that it was throttled, hot, or kept at a low clock."""
    readings = evidence.conditions.readings
    return " ".join(find_throttling(readings)) or None if readings else None


def had_company(evidence: Evidence) -> str | None:
    """Other programs used the processors."""
    load = evidence.conditions.other_load
    if load is None or load <= MAX_OTHER_LOAD:
        return None
    return f"Other programs used {_percent(load)} of the processors (limit {_percent(MAX_OTHER_LOAD)})."


def phone_held_back(evidence: Evidence) -> str | None:
    """The phone was hot, empty or saving; silent where its app has said why itself."""
    if evidence.conditions.phone is None or evidence.conditions.doubts:
        return None
    return " ".join(find_phone_doubts(evidence.conditions.phone)) or None


def said_by_device(evidence: Evidence) -> str | None:
    """The device has seen something itself, as a browser its tab in the background."""
    return " ".join(evidence.conditions.doubts) or None


RULES: tuple[Callable[[Evidence], str | None], ...] = (
    too_few_runs,
    wide_interval,
    drift,
    emulated,
    simulated,
    frequency_changed,
    held_back,
    had_company,
    phone_held_back,
    said_by_device,
)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def relative(difference: float, base: float) -> float:
    """``difference / base``; 0 for a base of 0, which a clock too coarse for the model can give."""
    return difference / base if base else 0.0
