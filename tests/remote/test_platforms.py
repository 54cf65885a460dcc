"""Which interpreter there is for which device."""

from typing import Any

import pytest

from edgekit.errors import TargetError
from edgekit.remote.platforms import DevicePlatform, plan_runtime, read_platform


def probe(
    machine: str = "aarch64", bits: int = 64, python: tuple[int, int, int] = (3, 11, 2), libc: str = "2.36"
) -> Any:
    return {"machine": machine, "bits": bits, "python": list(python), "libc": ["glibc", libc]}


def test_a_pi_of_64_bits() -> None:
    platform = read_platform(probe(), "pi")
    assert platform == DevicePlatform("aarch64", (3, 11), (2, 36))
    assert str(platform) == "aarch64-python3.11-glibc2.36"
    assert plan_runtime(platform, "pi").packages == ("numpy", "pillow", "ai-edge-litert")


def test_a_32_bit_system_on_a_64_bit_kernel() -> None:
    platform = read_platform(probe(bits=32), "pi")
    assert platform.architecture == "armv7l"
    plan = plan_runtime(platform, "pi")
    assert plan.packages == ("tflite-runtime",)
    assert plan.system_packages == ("python3-numpy", "python3-pil")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"machine": "armv7l", "bits": 32, "python": (3, 13, 5), "libc": "2.41"}, ["32-bit", "3.13", "64-bit Rasp"]),
        ({"machine": "armv6l", "bits": 32}, ["armv6l", "Pi Zero"]),
        ({"machine": "riscv64"}, ["riscv64"]),
        ({"python": (3, 19, 0)}, ["Python 3.19"]),
        ({"libc": "2.24"}, ["glibc 2.24", "2.27"]),
    ],
)  # fmt: skip
def test_devices_without_an_interpreter(fields: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(TargetError) as caught:
        plan_runtime(read_platform(probe(**fields), "my-pi"), "my-pi")
    for word in ["my-pi", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("libc", [["", ""], ["musl", "1.2"], ["glibc", "x"]])
def test_no_glibc(libc: list[str]) -> None:
    with pytest.raises(TargetError, match="musl"):
        read_platform({**probe(), "libc": libc}, "alpine")
