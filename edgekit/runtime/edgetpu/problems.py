"""Why an Edge TPU cannot be used, in a sentence with the next step: pure functions over what was seen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from edgekit.runtime.delegate_trial import DelegateTrial
from edgekit.runtime.edgetpu.devices import EdgeTpuDevice
from edgekit.runtime.edgetpu.library import BUILDS, VARIABLE, how_to_install
from edgekit.runtime.edgetpu.messages import explain_message
from edgekit.runtime.edgetpu.options import DEVICE

_MISSING = re.compile(r"(\S+): cannot open shared object file|Library not loaded: (\S+)")
_OTHER_PROCESSOR = re.compile(r"wrong ELF class|incompatible architecture|not a valid Win32|Exec format", re.IGNORECASE)
_NEWER_SYSTEM = re.compile(r"version `(\S+)' not found")
_RUNTIME = re.compile(r"RuntimeVersion\((\d+)\)")

RULE = 'SUBSYSTEM=="usb",ATTRS{{idVendor}}=="{vendor}",ATTRS{{idProduct}}=="{product}",GROUP="plugdev"'


@dataclass(frozen=True)
class Scene:
    """What the sentences are made of.

    Attributes:
        library: that was, or would be, loaded.
        platform: as :data:`sys.platform` names it.
        machine: as :func:`platform.machine` does.
        devices: that were seen; only Linux tells without the library.
        options: that the delegate was asked for with.
    """

    library: str
    platform: str
    machine: str
    devices: tuple[EdgeTpuDevice, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


def explain(trial: DelegateTrial, scene: Scene) -> str:
    """Why there is no delegate."""
    match trial.outcome:
        case "unloadable":
            return _unloadable(trial.text, scene)
        case "foreign":
            return f"{scene.library} is no libedgetpu ({trial.text.rstrip('.')}). {_install(scene)}"
        case "crash":
            if meant := explain_message(trial.log):
                return f"{scene.library} ended the process while it opened the Edge TPU ({trial.text}): {meant}."
            return f"{scene.library} crashes while it opens the Edge TPU ({trial.text}). {_mismatch(scene, trial)}"
        case "timeout":
            return (
                f"{scene.library} did not open the Edge TPU in good time. Unplug the device and plug it in again, best "
                "without a hub and with its own cable; end other programs that use it."
            )
        case "refused":
            return _refused(scene)
    return trial.message


def explain_crash(crash: str, interpreter: str, scene: Scene, log: str) -> str:
    """Why a model took the process with it.

    Args:
        crash: as in ``signal 11, SIGSEGV``.
        interpreter: package and version.
        scene: where it happened.
        log: what the process had printed.
    """
    if meant := explain_message(log):
        return f"{scene.library} ended the process ({crash}): {meant}."
    trial = DelegateTrial("crash", interpreter=interpreter)
    return f"{scene.library} crashed the interpreter ({crash}). {_mismatch(scene, trial)}"


def runtime_version(version: str | None) -> str | None:
    """The number in ``BuildLabel(...), RuntimeVersion(14)``."""
    found = _RUNTIME.search(version or "")
    return found[1] if found else None


def listed_devices(trial: DelegateTrial) -> tuple[EdgeTpuDevice, ...]:
    """Those that the library itself sees, where the system tells nothing."""
    return tuple(EdgeTpuDevice("usb" if kind == "usb" else "pci", path) for kind, path in trial.listed or ())


def find_wanted(devices: Sequence[EdgeTpuDevice], options: Mapping[str, str]) -> EdgeTpuDevice | None:
    """The device that libedgetpu would take for these options: without any, PCIe before USB."""
    kind, _, number = options.get(DEVICE, "").partition(":")
    of_kind = [device for device in devices if kind in ("", device.kind)]
    index = int(number) if number else 0
    return of_kind[index] if index < len(of_kind) else None


def _unloadable(text: str, scene: Scene) -> str:
    missing = _MISSING.search(text)
    name = PurePath((missing[1] or missing[2]) if missing else "").name
    there = f" Connected: {_listing(scene.devices)}." if scene.devices else _none_connected(scene)
    if missing and name == PurePath(scene.library).name:
        if PurePath(scene.library).name != scene.library:
            return f"The variable {VARIABLE} names {scene.library}, which does not exist. {_install(scene)}{there}"
        return f"{scene.library}, through which the Edge TPU is used, is not installed. {_install(scene)}{there}"
    if missing:
        advice = "sudo apt install libusb-1.0-0" if name.startswith("libusb") else f"install what brings {name}"
        return f"{scene.library} is there and needs {name}, which is not: {advice}.{there}"
    if _OTHER_PROCESSOR.search(text):
        return f"{scene.library} is made for another processor than {scene.machine} ({text}). {_install(scene)}"
    if newer := _NEWER_SYSTEM.search(text):
        return (
            f"{scene.library} is built for a newer system: it needs {newer[1]}. Take the build for this one from "
            f"{BUILDS}."
        )
    return f"{scene.library} cannot be loaded: {text.rstrip('.')}. {_install(scene)}"


def _none_connected(scene: Scene) -> str:
    """Only Linux tells without the library."""
    return " No Edge TPU is connected, either." if scene.platform == "linux" else ""


def _refused(scene: Scene) -> str:
    if not scene.devices:
        if scene.platform != "linux":
            return "No Edge TPU could be opened. Plug it in, best into a USB 3 port, and end programs that use it."
        return (
            "No Edge TPU is connected: none on USB (1a6e:089a or 18d1:9302), none on PCIe (/dev/apex_0). Plug it in, "
            "and give it to the container or virtual machine, if this is one. Without it the model runs nowhere; the "
            "file it was compiled from runs on this processor."
        )
    device = find_wanted(scene.devices, scene.options)
    if device is None:
        return f"There is no Edge TPU {scene.options.get(DEVICE)}. Connected: {_listing(scene.devices)}."
    where = f"The Edge TPU {device.summary()}"
    if device.access == "no-driver":
        return (
            f"{where} is there and its driver is not: /dev/apex_0 is missing. Install the kernel module gasket-dkms, "
            "as Coral's documentation of the M.2 and PCIe cards says, and start the machine again."
        )
    if device.access == "absent":
        return (
            f"{where} is there, but {device.node} is not. In a container, give it the devices: docker run --device "
            f"{'/dev/bus/usb' if device.kind == 'usb' else device.node}"
        )
    if device.access == "denied":
        return f"{where} may not be opened by this user ({device.node}). {_permission(device)}"
    return (
        f"{where} could not be opened. Another program may be using it, which only one can: end that. Else unplug it "
        "and plug it in again."
    )


def _permission(device: EdgeTpuDevice) -> str:
    if device.group not in (None, "root"):
        return f"Join its group, then log in again: sudo usermod -aG {device.group} $USER"
    if device.kind == "pci":
        return (
            "Let a group use it: sudo groupadd -f apex; sudo usermod -aG apex $USER; "
            'echo \'SUBSYSTEM=="apex", MODE="0660", GROUP="apex"\' | sudo tee /etc/udev/rules.d/65-apex.rules; '
            "then start the machine again."
        )
    rules = "\\n".join(
        RULE.format(vendor=vendor, product=product) for vendor, product in (("1a6e", "089a"), ("18d1", "9302"))
    )
    return (
        f"Let the group plugdev use it: printf '{rules}\\n' | sudo tee /etc/udev/rules.d/99-edgetpu-accelerator.rules; "
        "sudo udevadm control --reload-rules; sudo usermod -aG plugdev $USER; then replug it and log in again."
    )


def _mismatch(scene: Scene, trial: DelegateTrial) -> str:
    engine = trial.interpreter or "the interpreter"
    runtime = runtime_version(trial.version)
    own = f"{scene.library} (runtime {runtime})" if runtime else scene.library
    return (
        f"{own} is most likely built for another version of the interpreter than {engine}, as Google's own of 2021 is. "
        f"{_install(scene)}"
    )


def _install(scene: Scene) -> str:
    return how_to_install(scene.platform, scene.machine)


def _listing(devices: Sequence[EdgeTpuDevice]) -> str:
    return ", ".join(device.summary() for device in devices)
