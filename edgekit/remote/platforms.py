"""What a device is by its probe, and which interpreter there is for it. Pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.errors import TargetError

LITERT_PYTHONS = range(11, 15)
"""Minor versions of Python 3 that ai-edge-litert has wheels for (its files in the package index, 2.3.0)."""

MANYLINUX_BASE = (2, 27)
"""The oldest glibc that ai-edge-litert's wheels run on (manylinux_2_27)."""


@dataclass(frozen=True)
class DevicePlatform:
    """What decides which binary packages run on a device.

    Attributes:
        architecture: of its programs, ``aarch64``, ``x86_64`` or ``armv7l``: a 32-bit system may run on
            a 64-bit kernel, which then is what the kernel's name says.
        python: major and minor version.
        glibc: version of the C library.
    """

    architecture: str
    python: tuple[int, int]
    glibc: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.architecture}-python{self.python[0]}.{self.python[1]}-glibc{self.glibc[0]}.{self.glibc[1]}"


@dataclass(frozen=True)
class RuntimePlan:
    """What a device gets sent, and what it must have itself.

    Attributes:
        packages: to be fetched for it, as requirements without a version.
        system_packages: that its own Python must have, by their names there.
    """

    packages: tuple[str, ...]
    system_packages: tuple[str, ...] = ()


def read_platform(probe: Mapping[str, Any], name: str) -> DevicePlatform:
    """The platform that an agent's probe describes.

    Args:
        probe: the agent's answer.
        name: of the device, for messages.

    Raises:
        TargetError: it is no Linux with glibc.
    """
    library, version = probe["libc"]
    major, _, minor = version.partition(".")
    if library != "glibc" or not (major.isdigit() and minor.isdigit()):
        raise TargetError(
            f"{name} runs no Linux with glibc, for which alone there are interpreters. Alpine and other systems with "
            "musl cannot run LiteRT; use Raspberry Pi OS, Debian or Ubuntu there."
        )
    machine = str(probe["machine"])
    if probe["bits"] == 32 and machine in ("aarch64", "armv8l"):
        machine = "armv7l"
    return DevicePlatform(machine, (int(probe["python"][0]), int(probe["python"][1])), (int(major), int(minor)))


def plan_runtime(platform: DevicePlatform, name: str) -> RuntimePlan:
    """Which packages a device needs to run ``.tflite`` files.

    Raises:
        TargetError: there is no interpreter for it; the message says what to do.
    """
    architecture, (_, minor) = platform.architecture, platform.python
    if architecture in ("aarch64", "x86_64"):
        if minor not in LITERT_PYTHONS:
            raise TargetError(
                f"{name} has Python 3.{minor}; ai-edge-litert has packages for Python 3.{LITERT_PYTHONS[0]} to "
                f"3.{LITERT_PYTHONS[-1]}."
            )
        if platform.glibc < MANYLINUX_BASE:
            raise TargetError(
                f"{name} has glibc {platform.glibc[0]}.{platform.glibc[1]}; ai-edge-litert needs "
                f"{MANYLINUX_BASE[0]}.{MANYLINUX_BASE[1]} or later. Update the system there."
            )
        return RuntimePlan(("numpy", "pillow", "ai-edge-litert"))
    if architecture == "armv7l" and minor == 11:
        # The package index has tflite-runtime for it, but no NumPy: Debian's own is of the 1.x that it wants.
        return RuntimePlan(("tflite-runtime",), ("python3-numpy", "python3-pil"))
    if architecture == "armv7l":
        raise TargetError(
            f"{name} runs a 32-bit system with Python 3.{minor}, for which there is no interpreter at all. "
            "Use the 64-bit Raspberry Pi OS (any Pi from the 3 on runs it), or the 32-bit Bookworm (Python 3.11)."
        )
    raise TargetError(
        f"{name} is of the architecture {architecture}, for which there is no interpreter. Supported: aarch64 and "
        "x86_64, and armv7l with Python 3.11. A Pi Zero or Pi 1 (armv6l) cannot run LiteRT."
    )
