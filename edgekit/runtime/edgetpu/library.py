"""Google's library for the Edge TPU, libedgetpu: its name, and how to get it, on each platform.

Sources: Coral's documentation, "Get started with the USB Accelerator" and "Software"; the README, ``debian/`` and
``scripts/install.sh`` of libedgetpu.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

NAME = "edgetpu"
"""What users ask for: ``edgekit.load(path, delegate="edgetpu")``."""

VARIABLE = "EDGEKIT_LIBEDGETPU"
"""Names a library in another place than the system's."""

LIBRARIES: Mapping[str, str] = {"linux": "libedgetpu.so.1", "darwin": "libedgetpu.1.dylib", "win32": "edgetpu.dll"}
"""By :data:`sys.platform`, what the system's loader looks up."""

BUILDS = "https://github.com/feranick/libedgetpu/releases"
"""Builds for today's systems: Google's own last one is of 2021, for TensorFlow 2.5, and crashes newer interpreters
(google-coral/edgetpu issue 812, where these builds come from)."""

COMPILED_OP = "edgetpu-custom-op"
"""The operator that stands for what the compiler took; libedgetpu takes this one and no other."""

_FOLDERS = ("lib", "usr/lib", "usr/lib/*-linux-gnu*", "usr/lib64", "usr/local/lib", "opt/homebrew/lib")

_LINUX = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf"}
"""Processors that libedgetpu is built for, to Debian's names for them."""


def library_name(platform: str, environment: Mapping[str, str] | None = None) -> str | None:
    """The library to load on a :data:`sys.platform`; ``None`` where there is none for it."""
    chosen = (os.environ if environment is None else environment).get(VARIABLE)
    return chosen or LIBRARIES.get(platform)


def is_installed(platform: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the library lies where installers put it, or a variable names one; it is not loaded."""
    name = library_name(platform, environment)
    if name is None:
        return False
    return Path(name).is_absolute() or any(any(Path("/").glob(f"{folder}/{name}")) for folder in _FOLDERS)


def how_to_install(platform: str, machine: str) -> str:
    """How libedgetpu comes onto a machine, as a sentence or two.

    Args:
        platform: as :data:`sys.platform` names it.
        machine: as :func:`platform.machine` does.
    """
    if platform == "linux":
        if machine not in _LINUX:
            return f"There is no libedgetpu for {machine}: it is built for {', '.join(_LINUX)}."
        return (
            f"Install libedgetpu1-std for {_LINUX[machine]} from {BUILDS} (sudo apt install ./libedgetpu1-std_*.deb), "
            f"then plug the device in, or in again. A library in another place is named by the variable {VARIABLE}."
        )
    if platform == "darwin":
        return (
            "Install libusb (brew install libusb), and libedgetpu.1.dylib of Coral's runtime for the processor "
            f"{machine} into /usr/local/lib. A library in another place is named by the variable {VARIABLE}."
        )
    if platform == "win32":
        return (
            "Install Coral's Edge TPU runtime for Windows (install.bat in its zip file), which brings edgetpu.dll and "
            f"the USB driver. A library in another place is named by the variable {VARIABLE}."
        )
    return f"There is no libedgetpu for {platform}: it is made for Linux, macOS and Windows."
