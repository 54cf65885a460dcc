"""What an Android device is, and what it can be measured with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from edgekit.measure.device import Device
from edgekit.measure.phone import find_phone_doubts
from edgekit.remote.android.look import PhoneLook
from edgekit.report.table import format_size


@runtime_checkable
class PhoneTarget(Protocol):
    """A target at the end of adb."""

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""

    def look_at_phone(self) -> PhoneLook:
        """What there is, and how it is."""

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""


@dataclass(frozen=True)
class PhoneReport:
    """An Android device that was looked at.

    Attributes:
        target: as it was asked for.
        device: what it is.
        look: what there is on it.
    """

    target: str
    device: Device
    look: PhoneLook

    @property
    def passed(self) -> bool:
        """Whether models can be measured there."""
        return self.look.measurable

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"target": self.target, "device": self.device.to_dict(), "phone": self.look.to_dict()}

    def to_text(self) -> str:
        """For a terminal."""
        look = self.look
        nothing = "none: edgekit export MODEL --to android" if look.tool is None else "none"
        rows = [
            ("device", self.device.summary()),
            ("adb", look.adb),
            ("app", ", ".join(look.apps) or nothing),
            ("tool", look.tool or "no benchmark_model, here or there"),
            ("room", "not told" if look.free_bytes is None else f"{format_size(look.free_bytes)} free"),
        ]
        doubts = find_phone_doubts(look.state)
        return "\n".join(
            [self.target, *(f"  {name:<9}{text}" for name, text in rows), *(f"  ! {one}" for one in doubts)]
        )
