"""What a foreign file is taken for is read once, and remembered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgekit.runtime import foreign, foreign_result, load
from edgekit.runtime.foreign_result import Foreign, recall_foreign, remember_foreign
from edgekit.runtime.pixels import Normalization
from edgekit.spec import ImageFormat, image_classifier

MODEL = "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite"
DIGEST = "5e" * 32
FLOWERS = Foreign(
    image_classifier("flowers", ["daisy", "rose"], ImageFormat(8, 6, resize="stretch")),
    Normalization((127.5, 0.1, 1 / 3), (1.0,)),
    ("One thing is assumed.", "Another, too."),
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each model whose metadata was really read."""
    names: list[str] = []
    real = foreign.read_foreign

    def counted(model, name):
        names.append(name)
        return real(model, name)

    monkeypatch.setattr(foreign, "read_foreign", counted)
    return names


def said(path: Path) -> tuple[object, ...]:
    with load(path) as model:
        return model.spec, model.assumptions, model.classify(path.parent / "burger.jpg", top=3)


def test_the_second_load_says_the_same_without_reading(shared_data: Path, reads: list[str]) -> None:
    first, second = said(shared_data / MODEL), said(shared_data / MODEL)
    assert first == second
    assert reads == [Path(MODEL).stem]


def test_under_another_name_the_same_file_is_another_model(shared_data: Path, tmp_path: Path, reads: list[str]) -> None:
    load(shared_data / MODEL).close()
    shutil.copy(shared_data / MODEL, tmp_path / "other.tflite")
    load(tmp_path / "other.tflite").close()
    assert reads == [Path(MODEL).stem, "other"]


def test_what_is_remembered_is_what_was_read() -> None:
    assert recall_foreign(DIGEST, "flowers") is None
    remember_foreign(DIGEST, "flowers", FLOWERS)
    assert recall_foreign(DIGEST, "flowers") == FLOWERS
    assert recall_foreign(DIGEST, "trees") is None
    assert recall_foreign("a0" * 32, "flowers") is None


def test_a_file_on_raw_tensors_is_read_every_time() -> None:
    remember_foreign(DIGEST, "flowers", Foreign(None, None, ("Nothing says what its numbers mean.",)))
    assert recall_foreign(DIGEST, "flowers") is None


def test_another_version_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    remember_foreign(DIGEST, "flowers", FLOWERS)
    monkeypatch.setattr(foreign_result, "_KIND", "read-by-edgekit-99.0")
    assert recall_foreign(DIGEST, "flowers") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no JSON",
        "[" * 100_000,
        "[]",
        '"flowers"',
        "{}",
        json.dumps({"name": "flowers", "spec": None, "normalization": None, "assumptions": []}),
        json.dumps({"name": "flowers", "spec": FLOWERS.spec.to_dict(), "normalization": [1, 2], "assumptions": []}),
        json.dumps({"name": "flowers", "spec": FLOWERS.spec.to_dict(), "normalization": None}),
        json.dumps({"name": "flowers", "spec": FLOWERS.spec.to_dict(), "normalization": None, "assumptions": 3}),
    ],
)
def test_what_cannot_be_read_is_not_known(cache: Path, content: str) -> None:
    remember_foreign(DIGEST, "flowers", FLOWERS)
    (file,) = cache.rglob("*.json")
    file.write_text(content)
    assert recall_foreign(DIGEST, "flowers") is None
