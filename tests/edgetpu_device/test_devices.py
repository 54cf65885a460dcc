"""Which Edge TPUs a machine has, read from files as Linux writes them; and libedgetpu's options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.runtime.edgetpu.devices import find_devices
from edgekit.runtime.edgetpu.options import check_options, parse_variant


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def usb(port: str, vendor: str, product: str, number: int, speed: str = "480") -> dict[str, str]:
    folder = f"sys/bus/usb/devices/{port}"
    ids = {"idVendor": vendor, "idProduct": product, "busnum": port[0], "devnum": str(number), "speed": speed}
    return {f"{folder}/{name}": f"{text}\n" for name, text in ids.items()}


def apex(number: int, temperature: int = 45_300) -> dict[str, str]:
    folder = f"sys/class/apex/apex_{number}"
    return {f"{folder}/temp": f"{temperature}\n", f"{folder}/trip_point0_temp": "84800\n"}


def test_usb_before_and_after_its_firmware(tmp_path: Path) -> None:
    files = usb("1-1.2", "1a6e", "089a", 7) | usb("2-1", "18d1", "9302", 3, "5000") | usb("2-2", "046d", "c077", 4)
    write(tmp_path, {**files, "dev/bus/usb/001/007": "", "dev/bus/usb/002/003": ""})
    first, second = find_devices(tmp_path)
    assert (first.kind, first.path, first.node) == ("usb", "/sys/bus/usb/devices/1-1.2", "/dev/bus/usb/001/007")
    assert (first.started, first.speed, first.access) == (False, 480, "ok")
    assert (second.started, second.summary()) == (True, "USB Accelerator (2-1, USB 3)")
    assert first.summary() == "USB Accelerator (1-1.2, USB 2: 480 Mbit/s)"


def test_pcie_stands_before_usb_and_tells_its_heat(tmp_path: Path) -> None:
    files = apex(1, 51_000) | apex(0) | usb("2-1", "18d1", "9302", 3)
    write(tmp_path, {**files, "dev/apex_0": "", "dev/apex_1": ""})
    found = find_devices(tmp_path)
    assert [device.path for device in found] == ["/dev/apex_0", "/dev/apex_1", "/sys/bus/usb/devices/2-1"]
    assert [device.temperature for device in found] == [45.3, 51.0, None]
    assert found[0].throttles_at == 84.8
    assert found[0].summary() == "PCIe (/dev/apex_0, 45 °C)"


def test_no_node_and_no_driver(tmp_path: Path) -> None:
    write(tmp_path, usb("2-1", "18d1", "9302", 3))
    assert [device.access for device in find_devices(tmp_path)] == ["absent"]  # a container without /dev/bus/usb
    card = "sys/bus/pci/devices/0000:01:00.0"
    write(tmp_path, {f"{card}/vendor": "0x1ac1\n", f"{card}/device": "0x089a\n"})
    found = find_devices(tmp_path)
    assert (found[0].kind, found[0].access, found[0].node) == ("pci", "no-driver", None)
    assert find_devices(tmp_path / "nothing") == ()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_the_right_to_open_it(repository: Path) -> None:
    # The child is another user when it looks: what Python needs is imported by then.
    code = (
        "import grp, json, os, sys; from pathlib import Path; "
        "from edgekit.runtime.edgetpu.devices import find_devices; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
        "print(json.dumps([device.to_dict() for device in find_devices(Path(sys.argv[1]))]))"
    )
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {**usb("2-1", "18d1", "9302", 3), "dev/bus/usb/002/003": ""})
        Path(folder, "dev/bus/usb/002/003").chmod(0o660)
        Path(folder).chmod(0o755)
        words = [sys.executable, "-c", code, folder]
        done = subprocess.run(words, cwd=repository, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert (found["access"], found["group"]) == ("denied", "root")


@pytest.mark.parametrize(
    ("variant", "options"),
    [
        (None, {}),
        ("usb", {"device": "usb"}),
        ("pci:1", {"device": "pci:1"}),
        ("1", {"device": ":1"}),
        # libedgetpu heeds its other options only with a number.
        ("usb:performance=low", {"device": "usb:0", "Performance": "Low"}),
        ("Performance=Max", {"device": ":0", "Performance": "Max"}),
        (
            "usb:1:usb.alwaysdfu=true:usb.maxbulkinqueuelength=32",
            {"device": "usb:1", "Usb.AlwaysDfu": "True", "Usb.MaxBulkInQueueLength": "32"},
        ),
    ],
)
def test_options_in_a_target(variant: str | None, options: dict[str, str]) -> None:
    assert parse_variant(variant) == options


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"device": "gpu"}, "An Edge TPU is named usb, pci, or by its number, as in usb:0. Got: 'gpu'."),
        ({"device": "usb:first"}, "Got: 'usb:first'."),
        ({"Speed": "1"}, "The Edge TPU has no option 'Speed'. Known: device, Performance, Usb.AlwaysDfu"),
        ({"Performance": "Turbo"}, "Performance is one of Low, Medium, High, Max. Got: 'Turbo'."),
        ({"Usb.AlwaysDfu": "1"}, "Usb.AlwaysDfu is one of True, False. Got: '1'."),
        ({"Usb.MaxBulkInQueueLength": "300"}, "is a number from 0 to 255. Got: '300'."),
    ],
)
def test_options_that_it_does_not_take(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_options(given)
    assert sentence in str(caught.value)


def test_an_empty_device_is_any() -> None:
    assert check_options({"device": ""}) == {}
    assert check_options({"device": "USB"}) == {"device": "usb"}
