"""Which Edge TPUs are at this machine, from the files of Linux.

The files are read below a root that can be chosen, so that the rules are tested on the files of other machines.
Sources: libedgetpu's ``driver/beagle`` (USB ids), ``driver/driver_factory_default.cc`` (PCIe devices by
``/sys/class/apex``), Linux' ``Documentation/ABI/testing/sysfs-bus-usb``, and the driver's parameters in Coral's
documentation, "Manage the PCIe module temperature".
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edgekit.host import ROOT, read_system_file

USB_IDS = {("1a6e", "089a"): False, ("18d1", "9302"): True}
"""Vendor and product of a USB Accelerator to whether its firmware runs: it comes with the first use, and the device
then reports under Google's id."""

PCI_ID = ("0x1ac1", "0x089a")
"""Of a card, also where its driver is not loaded."""

APEX = "sys/class/apex"
APEX_NAMES = tuple(f"apex_{index}" for index in range(4))
"""More than four cards in one machine are read, but not watched during a measurement."""

FIRST_TRIP = 84.8
"""Degrees Celsius from which the PCIe driver halves the chip's 500 MHz; where ``trip_point0_temp`` says otherwise,
that."""

Access = Literal["ok", "denied", "absent", "no-driver"]


@dataclass(frozen=True)
class EdgeTpuDevice:
    """One Edge TPU.

    Attributes:
        kind: ``usb`` or ``pci``.
        path: as libedgetpu calls it: below ``/sys/bus/usb/devices`` or ``/dev``.
        node: the file that must be read and written; ``None`` where it is not known.
        access: whether this user may do that: ``denied``; ``absent`` where there is no such file, as in a container
            that was not given it; ``no-driver`` for a card that the system sees and has no driver for.
        group: that owns the node.
        started: of a USB device, whether its firmware runs; ``None`` for PCIe.
        speed: of a USB device, Mbit/s; ``None`` where the system does not tell.
        temperature: of the chip, degrees Celsius; only the PCIe driver tells.
        throttles_at: degrees Celsius from which the driver lowers the clock; PCIe only.
    """

    kind: Literal["usb", "pci"]
    path: str
    node: str | None = None
    access: Access = "ok"
    group: str | None = None
    started: bool | None = None
    speed: float | None = None
    temperature: float | None = None
    throttles_at: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def summary(self) -> str:
        """For a line: ``USB Accelerator (2-1, USB 3)``."""
        if self.kind == "pci":
            heat = f", {self.temperature:.0f} °C" if self.temperature is not None else ""
            return f"PCIe ({self.path}{heat})"
        speed = ""
        if self.speed is not None:
            speed = ", USB 3" if self.speed >= 5000 else f", USB 2: {self.speed:.0f} Mbit/s"
        return f"USB Accelerator ({Path(self.path).name}{speed})"


def find_devices(root: Path = ROOT) -> tuple[EdgeTpuDevice, ...]:
    """All of this machine: PCIe first, as libedgetpu takes them; each kind in the order of its numbers."""
    return (*_find_pci(root), *_find_usb(root))


def _find_usb(root: Path) -> list[EdgeTpuDevice]:
    found = []
    for folder in sorted((root / "sys/bus/usb/devices").glob("*")):
        ids = tuple(read_system_file(folder / name).lower() for name in ("idVendor", "idProduct"))
        if ids not in USB_IDS:
            continue
        bus, number = (read_system_file(folder / name) for name in ("busnum", "devnum"))
        node = f"/dev/bus/usb/{int(bus):03}/{int(number):03}" if bus.isdigit() and number.isdigit() else None
        access, group = _access(root, node) if node else ("ok", None)
        found.append(
            EdgeTpuDevice(
                "usb",
                f"/sys/bus/usb/devices/{folder.name}",
                node,
                access,
                group,
                started=USB_IDS[ids],
                speed=_number(read_system_file(folder / "speed")),
            )
        )
    return found


def _find_pci(root: Path) -> list[EdgeTpuDevice]:
    found = []
    for folder in sorted((root / APEX).glob("apex_*")):
        node = f"/dev/{folder.name}"
        access, group = _access(root, node)
        found.append(
            EdgeTpuDevice(
                "pci",
                node,
                node,
                access,
                group,
                temperature=_degrees(folder / "temp"),
                throttles_at=_degrees(folder / "trip_point0_temp"),
            )
        )
    if found:
        return found
    return [
        EdgeTpuDevice("pci", f"/sys/bus/pci/devices/{folder.name}", access="no-driver")
        for folder in sorted((root / "sys/bus/pci/devices").glob("*"))
        if tuple(read_system_file(folder / name).lower() for name in ("vendor", "device")) == PCI_ID
    ]


def _access(root: Path, node: str) -> tuple[Access, str | None]:
    path = root / node.lstrip("/")
    try:
        group = _group_name(path.stat().st_gid)
    except OSError:
        return "absent", None
    return ("ok" if os.access(path, os.R_OK | os.W_OK) else "denied"), group


def _group_name(number: int) -> str:
    try:
        import grp

        return grp.getgrgid(number).gr_name
    except (ImportError, KeyError):
        return str(number)


def _degrees(path: Path) -> float | None:
    """Files of the driver give thousandths of a degree."""
    value = _number(read_system_file(path))
    return None if value is None else value / 1000


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
