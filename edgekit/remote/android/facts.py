"""What a device is and how it is, from ``getprop`` and ``dumpsys``. Pure functions over their text.

``getprop`` prints ``[name]: [value]`` a line; ``dumpsys battery`` and ``dumpsys thermalservice`` are those of
``BatteryService.java`` and ``ThermalManagerService.java`` of the Android Open Source Project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgekit.measure.device import Device
from edgekit.measure.phone import PhoneState
from edgekit.measure.told import one_line

FACTS = "getprop; echo; uname -m; cat /sys/devices/system/cpu/present; grep MemTotal /proc/meminfo"
STATE = "dumpsys battery; dumpsys thermalservice 2>/dev/null | grep -i 'Thermal Status'; settings get global low_power"

_EMULATORS = ("goldfish", "ranchu", "cutf_cvm", "cutf", "vbox86")
"""``ro.hardware`` of Android Studio's emulator, old and new, of Cuttlefish and of Genymotion."""


def parse_properties(text: str) -> dict[str, str]:
    """Names and values of what ``getprop`` prints; a value may have several lines."""
    return dict(re.findall(r"^\[([^\]\n]+)\]: \[((?:.|\n){0,5000}?)\]$", text, re.MULTILINE))


def find_emulation(properties: Mapping[str, str]) -> str | None:
    """How it shows that the device is an emulator, or ``None``."""
    hardware = properties.get("ro.hardware", "")
    if hardware in _EMULATORS:
        return f"an Android emulator, ro.hardware {hardware}"
    for name in ("ro.kernel.qemu", "ro.boot.qemu"):
        if properties.get(name) == "1":
            return f"an Android emulator, {name} 1"
    return None


def read_device(text: str, serial: str, runtime: str) -> Device:
    """The device, from what :data:`FACTS` printed.

    Args:
        text: the whole of it.
        serial: by which adb knows it.
        runtime: what measures there.
    """
    properties = parse_properties(text)
    rest = text.rpartition("]\n")[2]
    release, level = properties.get("ro.build.version.release", "?"), properties.get("ro.build.version.sdk", "?")
    emulation = find_emulation(properties)
    memory = re.search(r"MemTotal:\s+([0-9]{1,12}) kB", rest)
    maker, model = properties.get("ro.product.manufacturer", ""), properties.get("ro.product.model", "")
    full = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    lines = [line.strip() for line in rest.splitlines() if line.strip()]
    return Device(
        name=serial,
        model=one_line(full) or "unknown",
        os=one_line(f"Android {release} (API {level})"),
        architecture=one_line(lines[0], 40) if lines else "unknown",
        cores=_cores(lines[1] if len(lines) > 1 else ""),
        memory_bytes=int(memory[1]) * 1024 if memory else None,
        runtime=runtime,
        emulated=emulation is not None,
        emulation=emulation,
        virtual=emulation is not None,
    )


def read_state(text: str) -> PhoneState:
    """Heat and battery now, from what :data:`STATE` printed."""
    status = re.search(r"Thermal Status: ([0-6])\b", text)
    level, scale = (
        re.search(r"^\s*level: ([0-9]{1,9})\b", text, re.MULTILINE),
        re.search(r"^\s*scale: ([0-9]{1,9})\b", text, re.MULTILINE),
    )
    powered = re.findall(r"^\s*(?:AC|USB|Wireless|Dock) powered: (true|false)", text, re.MULTILINE)
    saving = text.strip().splitlines()[-1:] or [""]
    now = int(status[1]) if status else None
    return PhoneState(
        thermal_status_before=now,
        thermal_status_after=now,
        battery_level=min(int(level[1]) / int(scale[1]), 1.0) if level and scale and int(scale[1]) else None,
        charging="true" in powered if powered else None,
        power_save={"0": False, "1": True}.get(saving[0].strip()),
    )


def _cores(text: str) -> int:
    """Of a list as in ``0-7`` or ``0-3,6``."""
    parts = [re.fullmatch("([0-9]{1,3})(?:-([0-9]{1,3}))?", part.strip()) for part in text.split(",")]
    return max(sum(int(part[2] or part[1]) - int(part[1]) + 1 for part in parts if part), 1)
