"""What a device behind ssh is, and what EdgeKit keeps there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

from edgekit.api.phones import PhoneReport, PhoneTarget
from edgekit.errors import UsageError
from edgekit.measure.device import Device
from edgekit.measure.throttling import Reading, find_throttling, sum_up
from edgekit.progress import SILENT, Progress
from edgekit.remote.device import Storage
from edgekit.report.table import format_size
from edgekit.runtime.edgetpu.look import Look
from edgekit.targets import get_target


@runtime_checkable
class RemoteTarget(Protocol):
    """A target that things are sent to."""

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""

    def read(self) -> Reading:
        """A look at clock, temperature and throttling."""

    def storage(self) -> Storage:
        """What is kept there, and how much room there is."""

    def remove(self) -> tuple[str, int]:
        """Removes what is kept there; the folder, and how many bytes were in it."""

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""


@runtime_checkable
class EdgeTpuTarget(Protocol):
    """A target with an Edge TPU."""

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""

    def look(self) -> Look:
        """What there is of devices and of libedgetpu, and whether they work."""

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""


@dataclass(frozen=True)
class EdgeTpuReport:
    """A machine that was looked at for its Edge TPU.

    Attributes:
        target: as it was asked for.
        device: the machine.
        look: what was found.
    """

    target: str
    device: Device
    look: Look

    @property
    def passed(self) -> bool:
        """Whether a model can run on it."""
        return self.look.works

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"target": self.target, "device": self.device.to_dict(), "edgetpu": self.look.to_dict()}

    def to_text(self) -> str:
        """For a terminal."""
        rows = [("device", self.device.summary()), *edge_tpu_rows(self.look)]
        return "\n".join([self.target, *(f"  {name:<9}{text}" for name, text in rows)])


def edge_tpu_rows(look: Look) -> list[tuple[str, str]]:
    """What was found, a name and a text each."""
    library = look.scene.library or "none is made for this system"
    if look.scene.library and not look.installed:
        library += ", which is not installed"
    version = look.trial.version if look.trial else None
    rows = [
        ("Edge TPU", ", ".join(device.summary() for device in look.scene.devices) or "none is connected"),
        ("library", f"{library}: {version}" if version else library),
    ]
    if look.simulated:
        rows.append(("note", f"that library only simulates the {look.simulated}"))
    return [*rows, ("works", "yes, a delegate was made" if look.problem is None else f"no. {look.problem}")]


@dataclass(frozen=True)
class DeviceReport:
    """A device that was looked at.

    Attributes:
        target: as it was asked for.
        device: what it is.
        reading: of clock, temperature and throttling, at rest.
        storage: what EdgeKit keeps there, and how much room there is.
        edge_tpu: what there is of it, where the target is one.
    """

    target: str
    device: Device
    reading: Reading
    storage: Storage
    edge_tpu: Look | None = None

    @property
    def passed(self) -> bool:
        """Whether models can run there."""
        return self.edge_tpu is None or self.edge_tpu.works

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "target": self.target,
            "device": self.device.to_dict(),
            "reading": asdict(self.reading),
            "storage": asdict(self.storage),
            "edgetpu": self.edge_tpu.to_dict() if self.edge_tpu else None,
        }

    def to_text(self) -> str:
        """For a terminal."""
        look, storage = self.reading, self.storage
        rows = [
            ("device", self.device.summary()),
            ("clock", _clock(look)),
            ("heat", "not told" if look.temperature is None else f"{look.temperature:.0f} °C"),
            ("EdgeKit", f"runs; keeps {format_size(storage.kept_bytes)} in {storage.folder}"),
            ("room", f"{format_size(storage.free_bytes)} free"),
            *(edge_tpu_rows(self.edge_tpu) if self.edge_tpu else ()),
        ]
        doubts = find_throttling(sum_up(look, [], Reading(look.temperature, None, None, look.governor, look.flags)))
        lines = [self.target, *(f"  {name:<9}{text}" for name, text in rows), *(f"  ! {doubt}" for doubt in doubts)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Removal:
    """What was removed from a device.

    Attributes:
        target: as it was asked for.
        folder: there.
        bytes: that were in it.
    """

    target: str
    folder: str
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def to_text(self) -> str:
        """For a terminal."""
        if not self.bytes:
            return f"{self.target}: nothing of EdgeKit's was there."
        return f"{self.target}: removed {self.folder} ({format_size(self.bytes)})."


def look_at(target: str, progress: Progress = SILENT) -> DeviceReport | EdgeTpuReport | PhoneReport:
    """Sends what EdgeKit needs to a device, runs it there, and says what the device is. This machine's Edge TPU and
    a phone need nothing sent.

    Raises:
        UsageError: no target that is reached by ssh or adb, nor an Edge TPU.
        TargetError: it cannot be reached, or cannot run EdgeKit.
    """
    opened = get_target(target, progress)
    try:
        if isinstance(opened, PhoneTarget):
            return PhoneReport(target, opened.describe(), opened.look_at_phone())
        look = opened.look() if isinstance(opened, EdgeTpuTarget) else None
        if isinstance(opened, RemoteTarget):
            return DeviceReport(target, opened.describe(), opened.read(), opened.storage(), look)
        if look is not None:
            return EdgeTpuReport(target, opened.describe(), look)
        raise _not_remote(target)
    finally:
        opened.close()


def remove_from(target: str, progress: Progress = SILENT) -> Removal:
    """Removes all that EdgeKit keeps on a device.

    Raises:
        UsageError: no target that is reached by ssh.
        TargetError: it cannot be reached.
    """
    opened = _open(target, progress)
    try:
        return Removal(target, *opened.remove())
    finally:
        opened.close()


def _open(text: str, progress: Progress) -> RemoteTarget:
    opened = get_target(text, progress)
    if not isinstance(opened, RemoteTarget):
        raise _not_remote(text)
    return opened


def _not_remote(text: str) -> UsageError:
    return UsageError(f"{text!r} is not reached by ssh. Name a device, as in --on pi@pi@raspberrypi.local.")


def _clock(look: Reading) -> str:
    if look.frequency is None:
        return "not told"
    most = f" of {look.max_frequency:.0f}" if look.max_frequency is not None else ""
    return f"{look.frequency:.0f}{most} MHz" + (f", governor {look.governor}" if look.governor else "")
