"""The checks that come before Keras opens a file."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import ModelFileError, SpecError
from edgekit.kerasfile import SPEC_MEMBER, check_keras_file, find_code, import_keras, load_model, read_spec_from_keras
from edgekit.spec import ImageFormat, Label, image_classifier

SPEC = image_classifier("m", (Label("a"), Label("b")), ImageFormat(8, 8))

CONFIG = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": []}, "registered_name": None}


def layer(class_name: str, module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": "suspect", **config},
        "registered_name": None,
    }


def write_zip(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def keras_like(path: Path, config: object, **more: str) -> Path:
    members: dict[str, str | bytes] = {
        "config.json": json.dumps(config),
        "model.weights.h5": b"",
        "metadata.json": "{}",
    }
    return write_zip(path, {**members, **more})


@pytest.mark.parametrize(
    ("suspect", "message"),
    [
        (layer("Lambda"), "the layer 'suspect' is a Lambda layer, and it holds Python code"),
        (layer("TFSMLayer"), "TFSMLayer layer, and it runs another SavedModel"),
        (layer("TorchModuleWrapper"), "unpickles"),
        (
            layer("Mine", "my_package.layers"),
            r"the custom class my_package\.layers\.Mine, whose code is not in the file",
        ),
        (layer("system", "os"), r"os\.system"),
        (layer("Evil", "kerastic"), r"kerastic\.Evil"),
        (layer("Dense", activation={"class_name": "__lambda__", "config": {"value": ["x"]}}), "Python code"),
        (layer("Bidirectional", layer=layer("Lambda")), "Lambda"),
        (
            layer("StringLookup", vocabulary="/etc/passwd"),
            "reads its vocabulary from the file '/etc/passwd', which is not",
        ),
        (layer("TextVectorization", idf_weights="w.txt"), "reads its idf_weights"),
        ({**layer("Mine", None), "registered_name": "mine>Mine"}, "custom object mine>Mine"),
    ],
)
def test_code_is_found_wherever_it_stands(suspect: dict[str, Any], message: str, tmp_path: Path) -> None:
    config = {**CONFIG, "config": {"name": "s", "layers": [layer("Dense"), suspect]}}
    path = keras_like(tmp_path / "m.keras", config)
    with pytest.raises(ModelFileError, match=f"m.keras is refused: .*{message}"):
        check_keras_file(path)


def test_a_standard_model_has_no_code() -> None:
    relu = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "relu"}
    data = {"class_name": "__keras_tensor__", "config": {"shape": [None, 8]}}
    scale = layer("LayerScale", "keras.src.applications.convnext")
    words = layer("StringLookup", vocabulary=["a", "b"], idf_weights=None)
    assert find_code({**CONFIG, "config": {"layers": [layer("Dense", activation=relu), data, scale, words]}}) is None


def test_a_real_lambda_is_refused_before_keras_sees_it(tmp_path: Path) -> None:
    keras = import_keras()
    image = keras.Input((4,))
    keras.Model(image, keras.layers.Lambda(lambda x: x * 2, name="twice")(image)).save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match="the layer 'twice' is a Lambda"):
        load_model(tmp_path / "m.keras")


def test_a_config_of_ten_thousand_levels_is_no_crash(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.keras", {"config.json": "[" * 10_000, "model.weights.h5": b""})
    with pytest.raises(ModelFileError, match="describes no model"):
        check_keras_file(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"some text", "not a Keras model"),
        (b"PK\x03\x04 cut short", "not a Keras model"),
        (b"\x89HDF\r\n\x1a\n and more", "HDF5 file of an older Keras"),
    ],
)
def test_what_is_no_zip_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    for read in (check_keras_file, read_spec_from_keras, load_model):
        with pytest.raises(ModelFileError, match=message):
            read(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"There is no file .*nothing\.keras"):
        check_keras_file(tmp_path / "nothing.keras")
    with pytest.raises(ModelFileError, match="is a folder"):
        check_keras_file(tmp_path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "it holds nothing"),
        ({"word/document.xml": "<x/>"}, r"it has no config\.json; it holds word/document\.xml"),
        ({"config.json": "{}"}, r"it has no model\.weights\.h5"),
        ({"config.json": "{}", "model.weights.h5": ""}, "describes no model"),
        ({"config.json": "not json", "model.weights.h5": ""}, "describes no model"),
    ],
)
def test_a_zip_of_something_else_is_refused(members: dict[str, str | bytes], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=message):
        check_keras_file(write_zip(tmp_path / "m.keras", members))


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    whole = keras_like(tmp_path / "whole.keras", CONFIG).read_bytes()
    path = tmp_path / "m.keras"
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            check_keras_file(path)


def test_damaged_bytes_are_refused_or_harmless(tmp_path: Path) -> None:
    whole = bytearray(keras_like(tmp_path / "whole.keras", CONFIG, **{SPEC_MEMBER: SPEC.to_json()}).read_bytes())
    path = tmp_path / "m.keras"
    for place in range(0, len(whole), 3):
        damaged = whole.copy()
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        for read in (check_keras_file, read_spec_from_keras):
            with contextlib.suppress(ModelFileError, SpecError):
                read(path)


def test_a_config_that_announces_a_huge_size_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (65 << 20))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(ModelFileError, match="has 68,157,440 bytes"):
        check_keras_file(tmp_path / "m.keras")


def test_weights_that_keras_cannot_read_are_one_sentence(tmp_path: Path) -> None:
    path = keras_like(tmp_path / "m.keras", {**CONFIG, "config": {"name": "s", "layers": [layer("Dense", units=-3)]}})
    with pytest.raises(ModelFileError, match="cannot be loaded by Keras") as failed:
        load_model(path)
    assert len(str(failed.value).splitlines()) == 1


def test_the_spec_is_read_without_keras(tmp_path: Path) -> None:
    path = keras_like(tmp_path / "m.keras", CONFIG, **{SPEC_MEMBER: SPEC.to_json()})
    assert read_spec_from_keras(path) == SPEC
    code = (
        "import sys; from edgekit.kerasfile import check_keras_file, read_spec_from_keras\n"
        f"check_keras_file({str(path)!r}); print(read_spec_from_keras({str(path)!r}).name)\n"
        "print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["m", "[]"]


def test_a_model_of_others_has_no_spec(tmp_path: Path) -> None:
    assert read_spec_from_keras(keras_like(tmp_path / "m.keras", CONFIG)) is None


def test_a_broken_spec_is_named(tmp_path: Path) -> None:
    path = keras_like(tmp_path / "m.keras", CONFIG, **{SPEC_MEMBER: "{}"})
    with pytest.raises(SpecError, match=r"m\.keras.*schema is missing"):
        read_spec_from_keras(path)


def test_keras_starts_quietly() -> None:
    code = "from edgekit.kerasfile import import_keras; print(import_keras().__name__)"
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout == "keras\n"
    assert result.stderr == ""
