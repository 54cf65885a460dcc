from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import OutputError, UsageError
from edgekit.kerasfile import import_keras, load_model, read_spec_from_keras, save_model
from edgekit.spec import ImageFormat, Label, image_classifier

keras = import_keras()

SPEC = image_classifier("größe", (Label("klein"), Label("groß")), ImageFormat(8, 8))


@pytest.fixture(scope="module")
def model() -> object:
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Flatten()(image)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", name="probabilities")(x))


def test_model_and_spec_come_back(model: object, tmp_path: Path) -> None:
    path = tmp_path / "größe.keras"
    save_model(model, SPEC, path)
    loaded, spec = load_model(path)
    assert spec == SPEC
    assert read_spec_from_keras(path) == SPEC
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(loaded.predict(pixels, verbose=0), model.predict(pixels, verbose=0))  # type: ignore[attr-defined]
    assert [file.name for file in tmp_path.iterdir()] == ["größe.keras"]


def test_the_file_is_standard_keras(model: object, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    save_model(model, SPEC, path)
    assert zipfile.ZipFile(path).testzip() is None
    assert keras.saving.load_model(path).output_shape == (None, 2)


def test_a_model_of_others_has_no_spec(model: object, tmp_path: Path) -> None:
    model.save(tmp_path / "m.keras")  # type: ignore[attr-defined]
    loaded, spec = load_model(tmp_path / "m.keras")
    assert spec is None
    assert loaded.output_shape == (None, 2)


def test_another_suffix_is_refused(model: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Use: .*m\.keras"):
        save_model(model, SPEC, tmp_path / "m.h5")


def test_a_failure_leaves_the_old_file(model: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OutputError, match="the disk is full"):
        save_model(model, SPEC, path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]
