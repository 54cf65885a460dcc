"""A compiled file means what the file says that it was compiled from, where that lies beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edgekit.api.bench_photos import find_source
from edgekit.api.benchmarking import benchmark
from edgekit.errors import UsageError
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkResult
from edgekit.runtime import load
from edgekit.runtime.edgetpu.source import find_sources
from edgekit.spec import ImageFormat, ModelSpec, image_classifier
from edgekit.tflite.embed import embed
from tests.edgetpu_device.conftest import Build

QUICK = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=6, min_seconds=0)
READY = "flowers.int8_for_edgetpu.tflite"
BIRDS = "edge-tpu/compiler-logs/hanchanghun/mobilenet_v2_1.0_224_inat_bird_quant.tflite"


@pytest.fixture
def source(shared_data: Path) -> Path:
    """A model with metadata of others, which the real compiler dropped from what it made of it."""
    return shared_data / BIRDS


@pytest.fixture
def bare(shared_data: Path) -> Path:
    """What it made."""
    return shared_data / BIRDS.replace(".tflite", "_edgetpu.tflite")


@pytest.fixture
def spec(shared_data: Path) -> ModelSpec:
    flowers = sorted(path.name for path in (shared_data / "flowers-224" / "val").iterdir())
    labels = [*flowers, *(f"other {n}" for n in range(965 - len(flowers)))]
    return image_classifier("flowers", labels, ImageFormat(224, 224))


@pytest.fixture
def ready(source: Path, spec: ModelSpec, tmp_path: Path) -> Path:
    """What an export writes for the compiler."""
    path = tmp_path / READY
    path.write_bytes(embed(source.read_bytes(), spec))
    return path


@pytest.mark.parametrize("name", ["flowers.int8_for_edgetpu_edgetpu.tflite", "flowers.int8_edgetpu.tflite"])
def test_labels_come_from_the_file_beside_it(use: Build, bare: Path, ready: Path, spec: ModelSpec, name: str) -> None:
    use()
    made = ready.with_name(name)
    shutil.copyfile(bare, made)
    photo = np.random.default_rng(3).integers(0, 256, (250, 300, 3), np.uint8)
    with load(made, delegate="edgetpu") as model:
        assert model.spec == spec
        assert model.assumptions[0].startswith(f"Labels, sizes and the like are those of {READY} beside it")
        found = [prediction.label for prediction in model.classify(photo, top=3)]
    own = ready.with_name("own.tflite")
    own.write_bytes(embed(bare.read_bytes(), spec))
    with load(own, delegate="edgetpu") as model:
        assert found == [prediction.label for prediction in model.classify(photo, top=3)]


def test_photos_can_be_measured_with_it(use: Build, bare: Path, ready: Path, shared_data: Path) -> None:
    use()
    made = ready.with_name("flowers.int8_for_edgetpu_edgetpu.tflite")
    shutil.copyfile(bare, made)
    (row,) = benchmark(made, "edgetpu", protocol=QUICK, data=shared_data / "flowers-224", photos=2).rows
    assert isinstance(row, BenchmarkResult), row
    assert row.accuracy is not None
    assert row.accuracy.photos == 2


def test_metadata_of_others_goes_along(use: Build, source: Path, bare: Path, tmp_path: Path) -> None:
    use()
    beside, made = tmp_path / source.name, tmp_path / bare.name
    shutil.copyfile(source, beside)
    shutil.copyfile(bare, made)
    with load(beside) as model:
        birds, said = model.spec, model.assumptions
    assert birds is not None
    assert len(birds.labels) == 965
    with load(made, delegate="edgetpu") as model:
        assert model.spec == birds
        assert set(said) < set(model.assumptions)
        assert len(model.classify(np.zeros((8, 8, 3), np.uint8), top=2)) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("missing", f"compiled from, {READY} or flowers.int8.tflite, does not lie beside it"),
        ("other", f"{READY} beside it has other inputs or outputs"),
        ("unlabelled", f"{READY} beside it does not say it either"),
        ("damaged", f"of {READY} beside it nothing can be taken"),
        ("changed", "is not what was exported"),
    ],
)
def test_what_does_not_go_with_it_is_not_taken(
    use: Build, bare: Path, plain: Path, ready: Path, wrong: str, said: str
) -> None:
    use()
    made = ready.with_name("flowers.int8_edgetpu.tflite")
    shutil.copyfile(bare, made)
    if wrong == "missing":
        ready.unlink()
    elif wrong == "other":
        shutil.copyfile(plain, ready)
    elif wrong == "unlabelled":
        shutil.copyfile(bare, ready)
    elif wrong == "damaged":
        ready.write_bytes(ready.read_bytes()[:5000])
    else:
        spec = image_classifier("flowers", ["a", "b"], ImageFormat(224, 224))
        entry = ManifestEntry(READY, "edgetpu", "int8", ready.stat().st_size, "0" * 64)
        Manifest("flowers", spec, (entry,)).write(ready.parent)
    with load(made, delegate="edgetpu") as model:
        assert model.spec is None
        assert said in model.assumptions[0]
        with pytest.raises(UsageError, match=r"cannot classify photos.* the Edge TPU's compiler drops that"):
            model.classify(np.zeros((8, 8, 3), np.uint8))
        assert (wrong == "changed") == (load(made, trust=True, delegate="edgetpu").spec is not None)


def test_a_file_that_is_not_compiled_asks_nobody(ready: Path, source: Path, tmp_path: Path) -> None:
    """It has the name of a compiled one, and nothing of its compiler."""
    copy = tmp_path / "flowers.int8_edgetpu.tflite"
    shutil.copyfile(source.with_name("dummy.tflite"), copy)
    with load(copy) as model:
        assert model.spec is None
        assert "compiler" not in model.assumptions[0]


def test_names() -> None:
    def names(file: str) -> list[str]:
        return [path.name for path in find_sources(Path("dist", file))]

    assert names("a.int8_edgetpu.tflite") == ["a.int8_for_edgetpu.tflite", "a.int8.tflite"]
    assert names("a.int8_for_edgetpu_edgetpu.tflite")[1] == "a.int8_for_edgetpu.tflite"
    assert names("a.int8_for_edgetpu.tflite") == []
    assert names("a.int8.tflite") == []
    assert names("a_edgetpu.onnx") == []
    assert find_source(Path("dist", READY)) == Path("dist", READY), "it runs on this machine"
