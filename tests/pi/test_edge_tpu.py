"""``--on edgetpu@...``: the way over ssh to a simulated Edge TPU, by the real ARM interpreter."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit.spec import ImageFormat, image_classifier
from edgekit.tflite.embed import embed
from tests.cli.test_json_documents import Checker, assert_documented, read_tables
from tests.edgetpu_device.building import PI, compile_simulator
from tests.pi.commands import bench, edgekit
from tests.pi.device import Pi

LIBRARY = "/usr/lib/aarch64-linux-gnu/libedgetpu.so.1"
CARD = "/sys/class/apex/apex_0"


@pytest.fixture
def compiled(shared_data: Path) -> Path:
    """A MobileNet that Coral's compiler compiled."""
    return shared_data / "edge-tpu" / "test_data" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"


@pytest.fixture
def edge_tpu(ready_pi: Pi, tmp_path: Path) -> Iterator[str]:
    """The target of a device on which libedgetpu is the simulated one, with the files of a PCIe card's driver."""
    library, card = ready_pi.path(LIBRARY), ready_pi.path(CARD)
    shutil.copy(compile_simulator(tmp_path, target=PI), library)
    card.mkdir(parents=True)
    (card / "temp").write_text("86100\n")
    (card / "trip_point0_temp").write_text("84800\n")
    yield f"edgetpu@{ready_pi.address}"
    library.unlink()
    shutil.rmtree(card.parent)


def test_a_compiled_model_on_a_device_behind_ssh(ready_pi: Pi, edge_tpu: str, compiled: Path, repository: Path) -> None:
    ended = bench(ready_pi, compiled, "--on", f"{edge_tpu},{ready_pi.target}")
    assert ended.code == 1
    checker = Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))
    assert_documented(checker, ended.json, "bench")
    (result,), (failure,) = ended.json["results"], ended.json["failures"]
    assert (result["target"], failure["target"]) == (edge_tpu, ready_pi.target)
    assert result["device"]["architecture"] == "aarch64"
    assert (result["engine"]["simulated"], result["valid"]) == ("Edge TPU", False)
    assert result["engine"]["kernels"] == "edgetpu simulated (1 of 1 operators)"
    assert any("The Edge TPU is simulated" in reason for reason in result["reasons"])
    assert any("The Edge TPU reached 86 °C (from 84.8 °C on" in reason for reason in result["reasons"])
    readings = result["conditions"]["readings"]
    assert (readings["chip_temperature_max"], readings["temperature_before"]) == (86.1, 48.199)
    assert "runs only there" in failure["reason"]

    look = edgekit(ready_pi, "doctor", "--on", edge_tpu)
    assert look.code == 0
    for part in ("PCIe (/dev/apex_0, 86 °C)", "libedgetpu.so.1: BuildLabel(simulator)", "only simulates the Edge TPU"):
        assert part in look.output


def test_a_model_compiled_by_hand_gets_its_labels_along(
    ready_pi: Pi, edge_tpu: str, shared_data: Path, tmp_path: Path
) -> None:
    """The compiler drops them; they are those of the file beside it, which stays here."""
    source = shared_data / "edge-tpu/compiler-logs/hanchanghun/mobilenet_v2_1.0_224_inat_bird_quant.tflite"
    flowers = sorted(path.name for path in (shared_data / "flowers-224" / "val").iterdir())
    labels = [*flowers, *(f"other {n}" for n in range(965 - len(flowers)))]
    spec = image_classifier("flowers", labels, ImageFormat(224, 224))
    (tmp_path / "flowers.int8_for_edgetpu.tflite").write_bytes(embed(source.read_bytes(), spec))
    made = tmp_path / "flowers.int8_for_edgetpu_edgetpu.tflite"
    shutil.copyfile(source.with_name(f"{source.stem}_edgetpu.tflite"), made)
    ended = bench(ready_pi, made, "--on", edge_tpu, "--data", shared_data / "flowers-224", "--photos", "2")
    assert ended.json["failures"] == []
    (result,) = ended.json["results"]
    assert result["accuracy"]["photos"] == 2


def test_a_device_without_libedgetpu(ready_pi: Pi, compiled: Path) -> None:
    ended = bench(ready_pi, compiled, "--on", f"edgetpu:usb@{ready_pi.address}")
    assert ended.code == 1
    (failure,) = ended.json["failures"]
    assert "libedgetpu.so.1, through which the Edge TPU is used, is not installed." in failure["reason"]
    assert "libedgetpu1-std for arm64" in failure["reason"]
