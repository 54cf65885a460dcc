"""Which packages pip installs on which device: the markers of pyproject.toml, judged by ``packaging``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from edgekit.doctor.requirements import parse_requirement

NUMPY, OLD_NUMPY = "numpy>=1.23", "numpy<2,>=1.23"
LITERT, TFLITE = "ai-edge-litert>=2.1", "tflite-runtime>=2.14"

CASES = [
    ("linux", "x86_64", "3.11", {NUMPY, LITERT}),
    ("linux", "aarch64", "3.11", {NUMPY, LITERT}),
    ("linux", "aarch64", "3.12", {NUMPY, LITERT}),
    ("linux", "aarch64", "3.13", {NUMPY, LITERT}),
    ("linux", "armv7l", "3.11", {OLD_NUMPY, TFLITE}),
    ("linux", "armv8l", "3.11", {OLD_NUMPY, TFLITE}),
    ("linux", "armv7l", "3.13", {NUMPY}),
    ("linux", "armv6l", "3.11", {NUMPY}),
    ("linux", "riscv64", "3.13", {NUMPY}),
    ("darwin", "arm64", "3.13", {NUMPY, LITERT}),
    ("darwin", "x86_64", "3.12", {NUMPY}),
    ("win32", "AMD64", "3.12", {NUMPY, LITERT}),
    ("win32", "ARM64", "3.13", {NUMPY}),
]


@pytest.fixture
def lines(repository: Path) -> list[str]:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


@pytest.mark.parametrize(("system", "machine", "python", "wanted"), CASES)
def test_what_a_device_is_asked_to_install(
    lines: list[str], system: str, machine: str, python: str, wanted: set[str]
) -> None:
    environment = {
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.2",
    }
    requirements = [Requirement(line) for line in lines]
    chosen = {
        f"{one.name}{one.specifier}" for one in requirements if one.marker is None or one.marker.evaluate(environment)
    }
    assert chosen == wanted | {"pillow>=9.4", "click>=8.1"}
    # EdgeKit's doctor reads the same lines with a reader of its own.
    ours = [parse_requirement(line) for line in lines]
    assert {str(Requirement(f"{one.name}{one.bounds}")) for one in ours if one.applies(environment)} == chosen
