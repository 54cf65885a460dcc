"""Packages that are whole, truncated, tampered with and foreign."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.coreml.blobs import BlobFile
from edgekit.coreml.package import all_operations, read_package
from edgekit.errors import ModelFileError, SpecError, UnsupportedModelError
from edgekit.spec import ModelSpec, image_classifier

MODEL = Path("Data/com.apple.CoreML/model.mlmodel")
WEIGHTS = Path("Data/com.apple.CoreML/weights/weight.bin")


def test_a_whole_package_is_read(written: Path) -> None:
    package = read_package(written)
    assert package.spec is not None
    assert (package.spec.name, package.spec.label_ids) == ("blümchen", ("daisy", "rose"))
    assert package.model_file == written / MODEL
    assert package.weights == (written / WEIGHTS).parent
    assert "edgekit.spec" not in package.metadata
    assert package.metadata["com.github.apple.coremltools.version"]
    kernel = next(constant for constant in package.constants if constant.shape == (128, 3, 3, 3))
    assert (kernel.op, kernel.dtype, kernel.elements, kernel.size_bytes) == ("const", "float16", 3456, 6912)
    assert {"conv", "softmax"} <= {operation.type for operation in all_operations(package.model.mlProgram)}


def test_a_foreign_model_has_no_spec(package: Path) -> None:
    change(package, lambda model: model.description.metadata.userDefined.pop("edgekit.spec"))
    assert read_package(package).spec is None


def test_a_broken_spec_is_said(package: Path) -> None:
    change(package, lambda model: model.description.metadata.userDefined.update({"edgekit.spec": "{"}))
    with pytest.raises(SpecError, match="not JSON"):
        read_package(package)


def test_what_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="There is no Core ML package"):
        read_package(tmp_path / "missing.mlpackage")
    (tmp_path / "file.mlpackage").write_bytes(b"x")
    with pytest.raises(ModelFileError, match="is a folder; give the whole folder"):
        read_package(tmp_path / "file.mlpackage")
    (tmp_path / "empty.mlpackage").mkdir()
    with pytest.raises(ModelFileError, match=r"it has no Manifest\.json"):
        read_package(tmp_path / "empty.mlpackage")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a readable manifest"),
        ("[" * 100_000, "not a readable manifest"),
        ("[]", "lists no items"),
        ('{"itemInfoEntries": {"a": 1}}', "an item has no path"),
        ('{"itemInfoEntries": {"a": {"path": "x"}}, "rootModelIdentifier": "b"}', "which item is the model"),
        (" " * 2_000_000, "too large"),
    ],
)
def test_a_broken_manifest(package: Path, text: str, reason: str) -> None:
    (package / "Manifest.json").write_text(text)
    with pytest.raises(ModelFileError, match=reason):
        read_package(package)


@pytest.mark.parametrize("name", ["../../outside", "/etc/passwd", "", ".", "com.apple.CoreML/../../../x", "a\0b"])
@pytest.mark.parametrize("part", ["model.mlmodel", "weights"])
def test_a_manifest_cannot_lead_out_of_the_package(package: Path, part: str, name: str) -> None:
    edit_manifest(package, part, name)
    with pytest.raises(ModelFileError, match="lies outside of the package"):
        read_package(package)


def test_links_cannot_lead_out_of_the_package(package: Path, tmp_path: Path) -> None:
    for part in (MODEL, WEIGHTS):
        shutil.move(package / part, tmp_path / part.name)
        (package / part).symlink_to(tmp_path / part.name)
    with pytest.raises(ModelFileError, match="lies outside of the package"):
        read_package(package)
    (package / MODEL).unlink()
    shutil.copy(tmp_path / MODEL.name, package / MODEL)
    with pytest.raises(ModelFileError, match=r"is refused: its weights/weight\.bin is a symbolic link"):
        read_package(package)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda folder: (folder / MODEL).unlink(), "There is no file"),
        (lambda folder: (folder / MODEL).write_bytes(b""), "is empty"),
        (lambda folder: (folder / MODEL).write_bytes(b"\xff" * 64), "is no Core ML model"),
        (lambda folder: os.truncate(folder / MODEL, 2_000), "is no Core ML model"),
        (lambda folder: shutil.rmtree((folder / WEIGHTS).parent), "folder .*weights is missing"),
        (lambda folder: (folder / WEIGHTS).unlink(), r"weights/weight\.bin is missing"),
        (lambda folder: os.truncate(folder / WEIGHTS, 0), "is no file of weights"),
        (lambda folder: os.truncate(folder / WEIGHTS, 100), "asks for a tensor at 64"),
        (lambda folder: os.truncate(folder / WEIGHTS, 1_000), "too few for the tensor"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"\0" * 20_000), "is no file of weights"),
    ],
)
def test_missing_and_truncated_parts(package: Path, break_it: Callable[[Path], Any], reason: str) -> None:
    break_it(package)
    with pytest.raises(ModelFileError, match=reason):
        read_package(package)


@pytest.mark.parametrize("offset", [0, 63, 128, 1 << 20, (1 << 64) - 64])
def test_offsets_out_of_the_weights(package: Path, offset: int) -> None:
    def move(model: Any) -> None:
        first_reference(model).offset = offset

    change(package, move)
    with pytest.raises(ModelFileError, match=r"tensor at|of the size that the model says"):
        read_package(package)


@pytest.mark.parametrize("name", ["@model_path/weights/../../../secret", "/etc/passwd", "weight.bin", ""])
def test_weights_in_another_file(package: Path, name: str) -> None:
    def move(model: Any) -> None:
        first_reference(model).fileName = name

    change(package, move)
    with pytest.raises(ModelFileError, match="refers to weights at"):
        read_package(package)


def test_weights_of_another_size(package: Path) -> None:
    def enlarge(model: Any) -> None:
        operation = next(item for item in all_operations(model.mlProgram) if refers(item))
        operation.attributes["val"].type.tensorType.dimensions[0].constant.size += 1

    change(package, enlarge)
    with pytest.raises(ModelFileError, match="not of the size that the model says"):
        read_package(package)


def test_a_description_that_points_out_of_the_file(package: Path) -> None:
    data = bytearray((package / WEIGHTS).read_bytes())
    for size, start in ((1 << 62, 128), (6912, 1 << 40), (6912, 64), ((1 << 64) - 1, (1 << 64) - 64)):
        struct.pack_into("<QQ", data, 64 + 8, size, start)
        (package / WEIGHTS).write_bytes(data)
        with pytest.raises(ModelFileError, match="too few for the tensor"):
            read_package(package)


def test_another_kind_of_model(package: Path) -> None:
    def replace(model: Any) -> None:
        model.ClearField("mlProgram")
        model.identity.SetInParent()

    change(package, replace)
    with pytest.raises(UnsupportedModelError, match="kind identity"):
        read_package(package)


def test_blobs_of_less_than_a_byte(tmp_path: Path) -> None:
    description = struct.pack("<IIQQ", 0xDEADBEEF, 11, 5, 128)
    path = tmp_path / "weight.bin"
    path.write_bytes(struct.pack("<II", 1, 2).ljust(64, b"\0") + description.ljust(64, b"\0") + b"\x10" * 5)
    blob = BlobFile(path).find(64)
    assert (blob.dtype, blob.bits, blob.size_bytes) == ("uint4", 4, 5)
    assert [blob.holds(count) for count in (8, 9, 10, 11)] == [False, True, True, False]


def test_a_spec_comes_back_as_it_was(package: Path) -> None:
    spec = image_classifier("a", ("x", "ü"), ModelSpec.from_dict(read_package(package).spec.to_dict()).image)  # type: ignore[union-attr,arg-type]
    change(package, lambda model: model.description.metadata.userDefined.update({"edgekit.spec": spec.to_json()}))
    assert read_package(package).spec == spec


def change(package: Path, edit: Callable[[Any], Any]) -> None:
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model()
    model.ParseFromString((package / MODEL).read_bytes())
    edit(model)
    (package / MODEL).write_bytes(model.SerializeToString())


def edit_manifest(package: Path, name: str, path: str) -> None:
    document = json.loads((package / "Manifest.json").read_text())
    next(item for item in document["itemInfoEntries"].values() if item["name"] == name)["path"] = path
    (package / "Manifest.json").write_text(json.dumps(document))


def refers(operation: Any) -> bool:
    return operation.attributes["val"].WhichOneof("value") == "blobFileValue" if operation.type == "const" else False


def first_reference(model: Any) -> Any:
    return next(item for item in all_operations(model.mlProgram) if refers(item)).attributes["val"].blobFileValue
