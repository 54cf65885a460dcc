"""What a device's own readings say: clock, temperature, governor, and the Raspberry Pi's throttling flags.

Pure functions over the texts of system files and the answers of ``vcgencmd``, so that the rules are tested on
recorded ones. Sources: Linux' ``Documentation/admin-guide/pm/cpufreq.rst`` and ``driver-api/thermal/sysfs-api.rst``;
the flags of ``get_throttled`` are those of the Raspberry Pi documentation, "vcgencmd".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from edgekit.runtime.edgetpu.devices import APEX, APEX_NAMES, FIRST_TRIP

CORES = range(8)
_CPU = "/sys/devices/system/cpu/cpu{core}/cpufreq/{name}"
_TEMPERATURE = "/sys/class/thermal/thermal_zone0/temp"

READING_FILES = (
    _TEMPERATURE,
    *(_CPU.format(core=core, name="scaling_cur_freq") for core in CORES),
    _CPU.format(core=0, name="scaling_governor"),
    _CPU.format(core=0, name="cpuinfo_max_freq"),
)
CHIP_FILES = tuple(f"/{APEX}/{name}/{file}" for name in APEX_NAMES for file in ("temp", "trip_point0_temp"))
"""Of Edge TPUs on PCIe; one on USB tells nothing."""

READING_COMMANDS = (("vcgencmd", "get_throttled"),)

FLAGS = {
    0: "the voltage is too low",
    1: "the clock is capped",
    2: "it is throttled",
    3: "the soft temperature limit is active",
}
"""Bits of ``get_throttled`` that say what is so now; 16 higher they say that it was so since the device started."""

SLOW_GOVERNORS = ("powersave", "userspace")
"""Governors that do not raise the clock under load."""

MIN_CLOCK_SHARE = 0.95
"""Below this share of the highest clock a run is not what the device can do."""

HOT = 80.0
"""Degrees Celsius: from here on the firmware of a Raspberry Pi lowers the clock step by step."""


@dataclass(frozen=True)
class Reading:
    """One look at a device; ``None`` for what it does not tell.

    Attributes:
        temperature: of the processor, degrees Celsius.
        frequency: the highest current clock of its cores, MHz.
        max_frequency: the highest that they can have, MHz.
        governor: who chooses the clock.
        flags: the bits of ``get_throttled``.
        chip_temperature: of the hottest Edge TPU on PCIe, degrees Celsius.
        chip_throttles_at: degrees Celsius from which its driver lowers its clock.
    """

    temperature: float | None = None
    frequency: float | None = None
    max_frequency: float | None = None
    governor: str | None = None
    flags: int | None = None
    chip_temperature: float | None = None
    chip_throttles_at: float | None = None


@dataclass(frozen=True)
class Readings:
    """All looks at a device around one measurement, in short; ``None`` for what it does not tell.

    Attributes:
        temperature_before: degrees Celsius, before the run.
        temperature_max: the highest that was seen.
        governor: who chooses the clock.
        max_frequency: MHz, of which the cores are capable.
        lowest_frequency: MHz, the lowest that was seen while the model ran.
        throttling: what held the device back while it was measured, in words; empty for nothing.
        chip_temperature_before: of the hottest Edge TPU on PCIe, degrees Celsius, before the run.
        chip_temperature_max: the highest that was seen.
        chip_throttles_at: degrees Celsius from which its driver lowers its clock.
    """

    temperature_before: float | None = None
    temperature_max: float | None = None
    governor: str | None = None
    max_frequency: float | None = None
    lowest_frequency: float | None = None
    throttling: tuple[str, ...] = ()
    chip_temperature_before: float | None = None
    chip_temperature_max: float | None = None
    chip_throttles_at: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "throttling": list(self.throttling)}

    @classmethod
    def from_dict(cls, fields_: Mapping[str, Any]) -> Readings:
        """Reads what :meth:`to_dict` gave, also in a newer version with more fields."""
        if not isinstance(fields_, Mapping):
            raise TypeError(f"{cls.__name__} is no object")
        known = {part.name: fields_[part.name] for part in fields(cls) if part.name in fields_}
        return cls(**{**known, "throttling": tuple(known.get("throttling", ()))})

    def joined(self, later: Readings) -> Readings:
        """What two measurements of one artifact, one after the other, say together."""
        return Readings(
            self.temperature_before,
            _best(max, self.temperature_max, later.temperature_max),
            self.governor,
            self.max_frequency,
            _best(min, self.lowest_frequency, later.lowest_frequency),
            tuple(dict.fromkeys((*self.throttling, *later.throttling))),
            self.chip_temperature_before,
            _best(max, self.chip_temperature_max, later.chip_temperature_max),
            self.chip_throttles_at,
        )


def parse_reading(files: Mapping[str, str], commands: Mapping[str, str]) -> Reading:
    """A reading from what was read.

    Args:
        files: path to text, of :data:`READING_FILES` and :data:`CHIP_FILES`; what the device lacks is left out.
        commands: words to answer, of :data:`READING_COMMANDS`.
    """
    clocks = [_number(files.get(_CPU.format(core=core, name="scaling_cur_freq"))) for core in CORES]
    milli = _number(files.get(_TEMPERATURE))
    top = _number(files.get(_CPU.format(core=0, name="cpuinfo_max_freq")))
    flags = re.fullmatch(r"throttled=0x([0-9a-fA-F]+)", commands.get("vcgencmd get_throttled", "").strip())
    return Reading(
        temperature=None if milli is None else milli / 1000,
        frequency=max((clock / 1000 for clock in clocks if clock is not None), default=None),
        max_frequency=None if top is None else top / 1000,
        governor=files.get(_CPU.format(core=0, name="scaling_governor"), "").strip() or None,
        flags=int(flags[1], 16) if flags else None,
        chip_temperature=_hottest(files, "temp", max),
        chip_throttles_at=_hottest(files, "trip_point0_temp", min),
    )


def sum_up(before: Reading, during: Sequence[Reading], after: Reading) -> Readings:
    """What readings before, during and after a run say together.

    A flag of "was so since the start" counts only where it was not set before: what happened yesterday is not this
    run's. Without readings during a short run, the one from after stands for it.
    """
    every = [before, *during, after]
    temperatures = [reading.temperature for reading in every if reading.temperature is not None]
    clocks = [reading.frequency for reading in (during or [after]) if reading.frequency is not None]
    chips = [reading.chip_temperature for reading in every if reading.chip_temperature is not None]
    return Readings(
        temperature_before=before.temperature,
        temperature_max=max(temperatures, default=None),
        governor=before.governor,
        max_frequency=before.max_frequency,
        lowest_frequency=min(clocks, default=None),
        throttling=tuple(word for bit, word in FLAGS.items() if _happened(bit, before, [*during, after])),
        chip_temperature_before=before.chip_temperature,
        chip_temperature_max=max(chips, default=None),
        chip_throttles_at=before.chip_throttles_at,
    )


def find_throttling(readings: Readings) -> tuple[str, ...]:
    """Why the times are not what the device can do, a sentence each."""
    doubts = []
    if readings.throttling:
        heat = f" at up to {readings.temperature_max:.0f} °C" if readings.temperature_max is not None else ""
        doubts.append(
            f"The device says: {', '.join(readings.throttling)}{heat}. Give it a better power supply or a cooler."
        )
    elif readings.temperature_max is not None and readings.temperature_max >= HOT:
        doubts.append(
            f"The processor reached {readings.temperature_max:.0f} °C (from {HOT:.0f} °C on the clock is lowered). "
            "Give it a cooler."
        )
    trip = readings.chip_throttles_at or FIRST_TRIP
    if readings.chip_temperature_max is not None and readings.chip_temperature_max >= trip:
        doubts.append(
            f"The Edge TPU reached {readings.chip_temperature_max:.0f} °C (from {trip:.1f} °C on its driver lowers its "
            "clock). Give it a heat sink or a fan."
        )
    share = None
    if readings.lowest_frequency and readings.max_frequency:
        share = readings.lowest_frequency / readings.max_frequency
    if readings.governor in SLOW_GOVERNORS or (share is not None and share < MIN_CLOCK_SHARE):
        clock = ""
        if readings.lowest_frequency and readings.max_frequency:
            clock = f" at {readings.lowest_frequency:.0f} of {readings.max_frequency:.0f} MHz"
        doubts.append(
            f"It ran{clock} under the governor {readings.governor or 'of the system'}. For the full clock, there: "
            "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        )
    return tuple(doubts)


def _happened(bit: int, before: Reading, later: Sequence[Reading]) -> bool:
    seen = [reading.flags for reading in (before, *later) if reading.flags is not None]
    now = any(flags >> bit & 1 for flags in seen)
    since = before.flags is not None and not before.flags >> (bit + 16) & 1 and any(f >> (bit + 16) & 1 for f in seen)
    return now or since


def _best(choose: Callable[..., float], *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def _hottest(files: Mapping[str, str], name: str, choose: Callable[..., float]) -> float | None:
    """Of all Edge TPUs, a file that holds thousandths of a degree."""
    found = [_number(files.get(f"/{APEX}/{chip}/{name}")) for chip in APEX_NAMES]
    value = _best(choose, *found)
    return None if value is None else value / 1000


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
