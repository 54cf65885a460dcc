"""What a measurement ran on.

The files of Linux are read below a root that can be chosen, so that the rules are tested on the files
of other devices. What cannot be found out is ``None``, never a guess.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.host import ROOT, read_system_file, usable_cores, usable_memory

_KERNEL_RUNS: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("x86_64", "i386", "i486", "i586", "i686"),
    "aarch64": ("aarch64", "armv8l", "armv7l", "armv6l"),
}
"""Machine names that a kernel runs on the bare processor: its own, and the older 32-bit ones."""


@dataclass(frozen=True)
class Device:
    """A machine.

    Attributes:
        name: the host's name.
        model: of the board where it is known (``Raspberry Pi 5 Model B Rev 1.0``), else of the processor.
        os: name and version.
        architecture: as programs see it: ``x86_64``, ``aarch64``, ``armv7l``, ``arm64``, ``AMD64``.
        cores: that this process may use, whole ones (affinity, container limits).
        memory_bytes: that it may use; ``None`` where unknown.
        runtime: what EdgeKit's side of a measurement runs in, with its version: ``Python 3.11.7``.
        emulated: the processor is imitated in software, so times say nothing about the real one.
        emulation: how that was seen, or ``None``. A virtual machine with hardware support is no
            emulation: its code runs on the bare processor.
        virtual: whether it is known to be a virtual machine.
    """

    name: str
    model: str
    os: str
    architecture: str
    cores: int
    memory_bytes: int | None
    runtime: str
    emulated: bool
    emulation: str | None
    virtual: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def summary(self) -> str:
        """One line for a person."""
        parts = [self.model, self.architecture, f"{self.cores} core{'s' if self.cores != 1 else ''}"]
        if self.memory_bytes is not None:
            parts.append(f"{self.memory_bytes / 2**30:.1f} GiB")
        parts += [self.os, self.runtime]
        if self.emulated:
            parts.append("emulated")
        elif self.virtual:
            parts.append("virtual machine")
        return ", ".join(parts)


def describe_device(root: Path = ROOT) -> Device:
    """This machine."""
    architecture = platform.machine() or "unknown"
    emulation = find_emulation(root, architecture)
    return Device(
        name=platform.node() or "unknown",
        model=find_model(root),
        os=_find_os(),
        architecture=architecture,
        cores=usable_cores(root),
        memory_bytes=usable_memory(root),
        runtime=f"Python {platform.python_version()}",
        emulated=emulation is not None,
        emulation=emulation,
        virtual="hypervisor" in _cpu_info(root).get("flags", "").split(),
    )


def find_model(root: Path = ROOT) -> str:
    """The board's name where there is one, else the processor's."""
    # The second path is a link to the first, and all that there was before Linux 3.x; a container may hide either.
    for path in ("sys/firmware/devicetree/base/model", "proc/device-tree/model"):
        if board := read_system_file(root / path):
            return board
    info = _cpu_info(root)
    # "Model" is the Raspberry Pi's, "model name" x86's, "Hardware" that of other ARM boards.
    for key in ("Model", "model name", "Hardware"):
        if info.get(key):
            return info[key]
    if sys.platform == "darwin":
        return _sysctl("machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine() or "unknown"


def find_emulation(root: Path, architecture: str) -> str | None:
    """How it shows that the processor is imitated, or ``None``.

    qemu's user mode tells programs another machine name than the kernel's own, and gives itself away
    there; full emulation names itself as the processor; macOS and Windows tell when asked.
    """
    if sys.platform == "darwin":
        return "Rosetta 2" if _sysctl("sysctl.proc_translated") == "1" else None
    if sys.platform == "win32":
        real = os.environ.get("PROCESSOR_IDENTIFIER", "")
        return f"{architecture} on {real}" if real.startswith("ARM") and architecture == "AMD64" else None
    kernel = _kernel_architecture(root)
    if kernel and architecture not in _KERNEL_RUNS.get(kernel, (kernel, architecture)):
        return f"{architecture} programs on a kernel for {kernel}"
    info = _cpu_info(root)
    if "QEMU TCG" in info.get("model name", ""):
        return info["model name"]
    if architecture in ("aarch64", "armv7l", "armv6l") and "vendor_id" in info:
        return f"{architecture} programs on a processor of {info['vendor_id']}"
    registered = root / f"proc/sys/fs/binfmt_misc/qemu-{_QEMU_NAMES.get(architecture, architecture)}"
    if (read_system_file(registered) or "").startswith("enabled"):
        return f"programs for {architecture} are run by qemu (binfmt_misc)"
    return None


_QEMU_NAMES = {"armv7l": "arm", "armv6l": "arm"}


def cpu_frequency(root: Path = ROOT) -> float | None:
    """The highest current frequency of the processors, MHz; ``None`` where the system does not tell."""
    values = [
        int(text) / 1000
        for path in sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
        if (text := read_system_file(path)).isdigit()
    ]
    return max(values, default=None)


def _kernel_architecture(root: Path) -> str | None:
    # Linux 6.1 and later; user-mode emulation passes it through.
    if arch := read_system_file(root / "proc/sys/kernel/arch"):
        return arch
    version = read_system_file(root / "proc/version")
    # Debian and Ubuntu name the flavour in the release: "6.1.0-18-amd64", "6.6.20+rpt-rpi-v8".
    return "x86_64" if re.search(r"-amd64\b|x86_64", version) else None


def _cpu_info(root: Path) -> dict[str, str]:
    """The lines of ``/proc/cpuinfo`` by their key; where several processors have the same one, the first's."""
    info: dict[str, str] = {}
    for line in read_system_file(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        info.setdefault(key.strip(), value.strip())
    return info


def _find_os() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    if sys.platform == "linux":
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            pass
    return f"{platform.system()} {platform.release()}"


def _sysctl(name: str) -> str | None:
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
