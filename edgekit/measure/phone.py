"""What a phone tells of itself around a measurement: heat, battery, power saving.

The thermal status is Android's own (``PowerManager.getCurrentThermalStatus``, Android 10 and later): 0 none, 1 light,
2 moderate, 3 severe, 4 critical, 5 emergency, 6 shutdown. From "light" on "the device is lightly throttled", and from
"moderate" on so that apps should do less (``android.os.PowerManager``, ``THERMAL_STATUS_*``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

THERMAL_NAMES = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")

HELD_BACK_FROM = 1
"""The first thermal status at which Android throttles."""

LOW_BATTERY = 0.15
"""Share of a full battery below which Android warns, and makers lower clocks; a charging one is as good as full."""


@dataclass(frozen=True)
class PhoneState:
    """``None`` for what it does not tell.

    Attributes:
        thermal_status_before: 0..6, see :data:`THERMAL_NAMES`.
        thermal_status_after: the same at the end.
        battery_level: 0..1.
        charging: whether it is plugged in.
        power_save: whether "Battery saver" is on.
    """

    thermal_status_before: int | None = None
    thermal_status_after: int | None = None
    battery_level: float | None = None
    charging: bool | None = None
    power_save: bool | None = None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> PhoneState:
        """Reads what :func:`dataclasses.asdict` gave, also in a newer version with more fields."""
        if not isinstance(document, Mapping):
            raise TypeError(f"{cls.__name__} is no object")
        return cls(**{part.name: document[part.name] for part in fields(cls) if part.name in document})

    def joined(self, later: PhoneState) -> PhoneState:
        """What two measurements of one artifact, one after the other, say together: the worst of both."""
        levels = [level for level in (self.battery_level, later.battery_level) if level is not None]
        heat = [status for status in (self.thermal_status_after, later.thermal_status_after) if status is not None]
        charging, saving = {self.charging, later.charging}, {self.power_save, later.power_save}
        return PhoneState(
            self.thermal_status_before,
            max(heat, default=None),
            min(levels, default=None),
            False if False in charging else None if None in charging else True,
            True if True in saving else None if None in saving else False,
        )


def find_phone_doubts(state: PhoneState) -> tuple[str, ...]:
    """Why the times are not what the phone can do, a sentence each."""
    doubts = []
    seen = [status for status in (state.thermal_status_before, state.thermal_status_after) if status is not None]
    worst = max(seen, default=0)
    if worst >= HELD_BACK_FROM:
        name = THERMAL_NAMES[min(worst, len(THERMAL_NAMES) - 1)]
        doubts.append(
            f"The phone throttled (thermal status {worst}, {name}). Let it cool down, without its case and out of the "
            "sun."
        )
    if state.power_save:
        doubts.append("Battery saver is on, which lowers the clock. Switch it off.")
    if state.battery_level is not None and state.battery_level < LOW_BATTERY and not state.charging:
        doubts.append(f"The battery is at {100 * state.battery_level:.0f} %, and does not charge. Charge it.")
    return tuple(doubts)
