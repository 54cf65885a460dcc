"""Each wrong state is a sentence with the next step.

The texts in quotation marks are those of loaders and of libedgetpu, as users report them.
"""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.runtime.delegate_trial import DelegateTrial
from edgekit.runtime.edgetpu.devices import EdgeTpuDevice
from edgekit.runtime.edgetpu.library import how_to_install, library_name
from edgekit.runtime.edgetpu.messages import explain_message
from edgekit.runtime.edgetpu.problems import Scene, explain, find_wanted, runtime_version

USB = EdgeTpuDevice("usb", "/sys/bus/usb/devices/2-1", "/dev/bus/usb/002/003", group="plugdev", speed=5000)
PCI = EdgeTpuDevice("pci", "/dev/apex_0", "/dev/apex_0", group="apex")
VERSION = "BuildLabel(COMPILER=6.3.0 20170516,DATE=redacted,TIME=redacted), RuntimeVersion(13)"


def said(text: str, library: str = "libedgetpu.so.1", platform: str = "linux", *devices: EdgeTpuDevice) -> str:
    return explain(DelegateTrial("unloadable", text), Scene(library, platform, "aarch64", devices))


def refused(*devices: EdgeTpuDevice, platform: str = "linux", **options: str) -> str:
    return explain(DelegateTrial("refused"), Scene("libedgetpu.so.1", platform, "x86_64", devices, options))


def changed(device: EdgeTpuDevice, **fields: Any) -> EdgeTpuDevice:
    return EdgeTpuDevice(**{**device.to_dict(), **fields})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "libedgetpu.so.1: cannot open shared object file: No such file or directory",
            ("is not installed", "libedgetpu1-std for arm64", "EDGEKIT_LIBEDGETPU"),
        ),
        (
            "libusb-1.0.so.0: cannot open shared object file: No such file or directory",
            ("is there and needs libusb-1.0.so.0", "sudo apt install libusb-1.0-0"),
        ),
        ("libedgetpu.so.1: wrong ELF class: ELFCLASS32", ("another processor than aarch64",)),
        (
            "/lib/aarch64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by libedgetpu.so.1)",
            ("built for a newer system", "GLIBC_2.38"),
        ),
        ("libedgetpu.so.1: file too short", ("cannot be loaded", "file too short", "libedgetpu1-std")),
    ],
)
def test_a_library_that_does_not_load(text: str, parts: tuple[str, ...]) -> None:
    sentence = said(text)
    assert all(part in sentence for part in parts), sentence


def test_a_library_that_is_missing_beside_a_device() -> None:
    text = "libedgetpu.so.1: cannot open shared object file: No such file or directory"
    assert said(text, "libedgetpu.so.1", "linux", USB).endswith("Connected: USB Accelerator (2-1, USB 3).")
    assert said(text).endswith(
        "then plug the device in, or in again. A library in another place is named by the "
        "variable EDGEKIT_LIBEDGETPU. No Edge TPU is connected, either."
    )
    assert "connected" not in said(text, "libedgetpu.so.1", "darwin"), "only Linux tells without the library"
    own = said("/opt/x.so: cannot open shared object file: No such file or directory", "/opt/x.so")
    assert own.startswith("The variable EDGEKIT_LIBEDGETPU names /opt/x.so, which does not exist.")


def test_each_platform_has_its_own_way() -> None:
    assert "for armhf" in how_to_install("linux", "armv7l")
    assert how_to_install("linux", "riscv64").startswith("There is no libedgetpu for riscv64")
    assert "brew install libusb" in how_to_install("darwin", "arm64")
    assert "edgetpu.dll" in how_to_install("win32", "AMD64")
    assert how_to_install("freebsd14", "amd64").startswith("There is no libedgetpu for freebsd14")
    names = [library_name(platform, {}) for platform in ("linux", "darwin", "win32", "freebsd14")]
    assert names == ["libedgetpu.so.1", "libedgetpu.1.dylib", "edgetpu.dll", None]
    assert library_name("linux", {"EDGEKIT_LIBEDGETPU": "/opt/x.so"}) == "/opt/x.so"


@pytest.mark.parametrize(
    ("device", "parts"),
    [
        (changed(USB, access="denied"), ("may not be opened by this user", "sudo usermod -aG plugdev $USER")),
        (changed(USB, access="denied", group="root"), ("99-edgetpu-accelerator.rules", '"1a6e"', '"9302"')),
        (changed(PCI, access="denied"), ("/dev/apex_0", "sudo usermod -aG apex $USER")),
        (changed(PCI, access="denied", group="root"), ("65-apex.rules",)),
        (changed(USB, access="absent"), ("/dev/bus/usb/002/003 is not", "docker run --device /dev/bus/usb")),
        (changed(PCI, access="absent"), ("docker run --device /dev/apex_0",)),
        (changed(PCI, access="no-driver", node=None), ("its driver is not", "gasket-dkms")),
        (USB, ("could not be opened", "Another program may be using it")),
    ],
)
def test_a_device_that_cannot_be_opened(device: EdgeTpuDevice, parts: tuple[str, ...]) -> None:
    sentence = refused(device)
    assert all(part in sentence for part in parts), sentence


def test_no_device_or_another_one_than_was_asked_for() -> None:
    assert refused().startswith("No Edge TPU is connected: none on USB (1a6e:089a or 18d1:9302), none on PCIe")
    assert refused(platform="darwin").startswith("No Edge TPU could be opened.")
    assert refused(USB, device="pci:0") == "There is no Edge TPU pci:0. Connected: USB Accelerator (2-1, USB 3)."
    assert "no Edge TPU usb:1" in refused(PCI, USB, device="usb:1")


def test_which_device_is_taken() -> None:
    devices = (PCI, USB)
    chosen = [find_wanted(devices, {"device": name}) for name in ("", "usb", "usb:0", ":1", "pci", ":2")]
    assert chosen == [PCI, USB, USB, USB, PCI, None]
    assert find_wanted(devices, {}) is PCI


def test_a_crash_names_the_versions() -> None:
    trial = DelegateTrial("crash", "signal 11, SIGSEGV", interpreter="ai-edge-litert 2.3.0", version=VERSION)
    sentence = explain(trial, Scene("libedgetpu.so.1", "linux", "x86_64", (USB,)))
    for part in ("signal 11, SIGSEGV", "(runtime 13)", "another version of the interpreter than ai-edge-litert 2.3.0"):
        assert part in sentence
    assert runtime_version(VERSION) == "13"
    assert runtime_version(None) is None


def test_what_libedgetpu_says_about_a_model() -> None:
    old = (
        "Failed to prepare for TPU. Failed precondition: Package requires runtime version (14), which is newer than "
        "this runtime version (12)."
    )
    assert (explain_message(old) or "").startswith(
        "it was compiled for Edge TPU runtime 14, and libedgetpu here has 12."
    )
    chips = "Failed to prepare for TPU. Failed precondition: This is a multi-chip package."
    assert "several Edge TPUs" in (explain_message(chips) or "")
    broken = "Failed to prepare for TPU. Internal: MultiExecutable verification failed.Node number 3 (EdgeTpuDelegate"
    assert (explain_message(broken) or "").startswith(
        "libedgetpu does not take it (Internal: MultiExecutable verification failed)."
    )
    lost = "Failed to execute request. Deadline exceeded: USB transfer error 2"
    assert "was lost while it worked" in (explain_message(lost) or "")
    assert explain_message("Encountered unresolved custom op: edgetpu-custom-op.") is None
