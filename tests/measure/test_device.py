"""The description of this machine, and of others from their files."""

from __future__ import annotations

import dataclasses
import json
import os
import sys

import pytest

from edgekit.measure.device import cpu_frequency, describe_device, find_emulation, find_model

X86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Core(TM) i7\nflags\t\t: fpu vme\n"
PI = "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\n\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's files")


@pytest.fixture
def root(tmp_path):
    """Writes the files of a system: a keyword ``proc__cpuinfo`` is ``proc/cpuinfo``."""

    def write(**files: str):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_this_machine():
    device = describe_device()
    assert 1 <= device.cores <= (os.cpu_count() or 1)
    assert device.memory_bytes is None or device.memory_bytes > 64 << 20
    assert all((device.name, device.model, device.os, device.architecture))
    assert device.emulated is (device.emulation is not None)
    assert json.loads(json.dumps(device.to_dict())) == device.to_dict()
    assert device.model in device.summary()


def test_the_runtime_is_named_with_its_version():
    device = describe_device()
    assert device.runtime == "Python {}.{}.{}".format(*sys.version_info[:3])
    assert "Chromium 156" in dataclasses.replace(device, runtime="Chromium 156").summary()


def test_a_boards_own_name_comes_first(tmp_path):
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    (tmp_path / "proc/cpuinfo").write_text(PI)
    assert find_model(tmp_path) == "Raspberry Pi 5 Model B Rev 1.0"
    (tmp_path / "sys/firmware/devicetree/base").mkdir(parents=True)
    (tmp_path / "sys/firmware/devicetree/base/model").write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    assert find_model(tmp_path) == "Raspberry Pi 4 Model B Rev 1.4"


@pytest.mark.parametrize(("cpuinfo", "model"), [(PI, "Raspberry Pi 4 Model B Rev 1.4"), (X86, "Intel(R) Core(TM) i7")])
def test_the_model_from_cpuinfo(root, cpuinfo, model):
    assert find_model(root(proc__cpuinfo=cpuinfo)) == model


def test_of_several_processors_the_first_is_named(root):
    both = X86 + "\n" + X86.replace("processor\t: 0", "processor\t: 1").replace("Core(TM) i7", "Core(TM) E-core")
    assert find_model(root(proc__cpuinfo=both)) == "Intel(R) Core(TM) i7"


@linux_only
@pytest.mark.parametrize(
    ("architecture", "kernel", "cpuinfo", "emulated"),
    [
        ("x86_64", "x86_64", X86, False),
        ("i686", "x86_64", X86, False),
        ("aarch64", "aarch64", PI, False),
        ("armv7l", "aarch64", PI, False),
        ("aarch64", "x86_64", X86, True),
        ("aarch64", "x86_64", PI, True),  # an emulated Pi with a Pi's cpuinfo bound in
        ("aarch64", "", X86, True),  # an older kernel does not tell, the host's cpuinfo does
        ("aarch64", "", PI, False),
        ("riscv64", "riscv64", "", False),
        ("x86_64", "x86_64", X86.replace("Intel(R) Core(TM) i7", "QEMU TCG CPU version 2.5+"), True),
    ],
)
def test_emulation(root, architecture, kernel, cpuinfo, emulated):
    system = root(proc__sys__kernel__arch=kernel, proc__cpuinfo=cpuinfo)
    assert (find_emulation(system, architecture) is not None) is emulated


@linux_only
def test_emulation_shows_in_the_kernels_version_and_in_binfmt(root):
    system = root(proc__version="Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)", proc__cpuinfo=PI)
    assert find_emulation(system, "aarch64") == "aarch64 programs on a kernel for x86_64"
    system = root(proc__version="Linux version 6.1", proc__sys__fs__binfmt_misc__x="")
    (system / "proc/sys/fs/binfmt_misc/qemu-aarch64").write_text("enabled\ninterpreter /usr/bin/qemu-aarch64\n")
    assert "binfmt_misc" in (find_emulation(system, "aarch64") or "")
    assert find_emulation(system, "armv7l") is None


def test_frequency(root):
    assert cpu_frequency(root()) is None
    place = "sys__devices__system__cpu__cpu{}__cpufreq__scaling_cur_freq"
    assert cpu_frequency(root(**{place.format(0): "600000\n", place.format(3): "1500000\n"})) == 1500.0
