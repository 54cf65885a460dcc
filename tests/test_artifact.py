"""Artifacts, and the manifest of an export folder."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.artifact import Artifact, ArtifactRequest, Check, parse_request
from edgekit.digest import MANIFEST_NAME, digest_of, size_of
from edgekit.errors import EdgeKitError, ModelFileError, SpecError, UsageError
from edgekit.manifest import MANIFEST_SCHEMA, Manifest, ManifestEntry
from edgekit.published import check_published
from edgekit.spec import ImageFormat, Label, image_classifier

SPEC = image_classifier("flowers", (Label("rose"), Label("tulip")), ImageFormat(8, 8))
FORMATS = {"tflite": ("fp32", "fp16", "int8"), "savedmodel": ("fp32",)}
INT8 = ManifestEntry(
    "flowers.int8.tflite",
    "tflite",
    "int8",
    7,
    "ab" * 32,
    Check("64 photos", "an engine", {"agreement": 1.0}),
    "logs/int8.log",
)
FP32 = ManifestEntry("flowers.fp32.tflite", "tflite", "fp32", 9, "cd" * 32)
MANIFEST = Manifest("flowers", SPEC, (INT8, FP32))


# --- Requests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("tflite:int8", ArtifactRequest("tflite", "int8")),
        (" tflite:fp16 ", ArtifactRequest("tflite", "fp16")),
        ("tflite", ArtifactRequest("tflite", "fp32")),
        ("savedmodel", ArtifactRequest("savedmodel", "fp32")),
    ],
)
def test_request(text: str, request_: ArtifactRequest) -> None:
    assert parse_request(text, FORMATS) == request_
    assert parse_request(str(request_), FORMATS) == request_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("coreml", r"Unknown format 'coreml'. Known: savedmodel, tflite\."),
        ("", r"Unknown format ''. Known: savedmodel, tflite\."),
        ("TFLite", r"Unknown format 'TFLite'"),
        ("tflite:int4", r"tflite has no precision 'int4'. Known: fp32, fp16, int8\."),
        ("tflite:int8:int8", r"tflite has no precision 'int8:int8'"),
    ],
)
def test_unknown_request_lists_those_there_are(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_request(text, FORMATS)


# --- Size and digest --------------------------------------------------------------------------------


def _folder(path: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(content)
    return path


FILES = {"model.json": "{}", "shards/b.bin": "bb", "shards/a.bin": "a", "shards.bin": "c", ".hidden": "h"}


def test_digest_of_a_file_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"TFL3" * 100_000)
    assert digest_of(path) == hashlib.sha256(b"TFL3" * 100_000).hexdigest()
    assert size_of(path) == 400_000


def test_digest_of_a_folder_is_over_names_and_digests(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "model", FILES)
    lines = [f"{name}\0{hashlib.sha256(FILES[name].encode()).hexdigest()}\n" for name in sorted(FILES)]
    assert digest_of(folder) == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert size_of(folder) == sum(len(content) for content in FILES.values())
    # The order in which they were written does not matter, nor does the folder's own name.
    assert digest_of(_folder(tmp_path / "other", dict(reversed(FILES.items())))) == digest_of(folder)


def test_digest_of_a_folder_sees_every_change(tmp_path: Path) -> None:
    changes = [
        FILES,
        FILES | {"shards/a.bin": "A"},
        FILES | {"new": ""},
        {name: content for name, content in FILES.items() if name != ".hidden"},
        {name.replace("shards/a", "shards/c"): content for name, content in FILES.items()},
        {name.replace("shards/a", "a"): content for name, content in FILES.items()},
        {},
    ]
    digests = {digest_of(_make(tmp_path / str(index), files)) for index, files in enumerate(changes)}
    assert len(digests) == len(changes)


def _make(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    return _folder(path, files)


def test_digest_of_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    folder = _make(tmp_path / "model", {})
    Path(os.fsdecode(bytes(folder) + b"/K\xf6ln.bin")).write_text("x")
    expected = b"K\xf6ln.bin\0" + hashlib.sha256(b"x").hexdigest().encode() + b"\n"
    assert digest_of(folder) == hashlib.sha256(expected).hexdigest()


def test_what_a_file_manager_leaves_is_no_part(tmp_path: Path) -> None:
    plain, visited = _make(tmp_path / "plain", FILES), _make(tmp_path / "visited", FILES)
    for file in (".DS_Store", "shards/.DS_Store", "Thumbs.db", "desktop.ini"):
        (visited / file).write_text("an icon")
    assert digest_of(visited) == digest_of(plain)
    assert size_of(visited) == size_of(plain)


def test_nothing_there(tmp_path: Path) -> None:
    for act in (size_of, digest_of):
        with pytest.raises(ModelFileError, match=r"There is no model at .*gone\.tflite"):
            act(tmp_path / "gone.tflite")


def test_artifact_describes_what_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "flowers.int8.tflite"
    path.write_bytes(b"TFL3")
    artifact = Artifact.at(path, "tflite", "int8", SPEC)
    assert artifact == Artifact(path, "tflite", "int8", 4, hashlib.sha256(b"TFL3").hexdigest(), SPEC)


# --- The manifest -----------------------------------------------------------------------------------


def test_manifest_round_trip(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path)
    assert Manifest.read(tmp_path) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]


def test_merged_keeps_what_was_not_made_anew() -> None:
    newer = ManifestEntry("flowers.int8.tflite", "tflite", "int8", 8, "ef" * 32)
    fp16 = ManifestEntry("flowers.fp16.tflite", "tflite", "fp16", 5, "01" * 32)
    assert Manifest("flowers", SPEC, (newer, fp16)).merged(MANIFEST).artifacts == (FP32, newer, fp16)


def _document() -> dict[str, Any]:
    return {
        "schema": MANIFEST_SCHEMA,
        "name": "flowers",
        "spec": SPEC.to_dict(),
        "artifacts": [
            {"file": "flowers.int8.tflite", "format": "tflite", "precision": "int8", "size_bytes": 7, "digest": "ab"}
        ],
    }


def _read(folder: Path, document: Any) -> Manifest:
    (folder / MANIFEST_NAME).write_text(json.dumps(document))
    return Manifest.read(folder)


def test_manifest_with_fields_of_a_later_version(tmp_path: Path) -> None:
    document = _document() | {"later": 1}
    document["artifacts"][0]["later"] = 1
    assert _read(tmp_path, document).artifacts[0].file == "flowers.int8.tflite"


def test_folder_without_a_manifest(tmp_path: Path) -> None:
    for folder, reason in ((tmp_path, "it has no manifest.json"), (tmp_path / "nowhere", "there is nothing")):
        with pytest.raises(ModelFileError, match=rf"is no export folder \({reason}\)\. Name .* edgekit export MODEL"):
            Manifest.read(folder)


def test_manifest_of_a_newer_edgekit(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="written by a newer EdgeKit"):
        _read(tmp_path, {"schema": MANIFEST_SCHEMA + 1})


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"PK\x03\x04"], ids=repr)
def test_manifest_that_is_not_json(text: bytes, tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(text)
    with pytest.raises(ModelFileError, match=r"manifest.json is not a readable manifest \(.*Export again"):
        Manifest.read(tmp_path)


def test_manifest_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).mkdir()
    with pytest.raises(ModelFileError, match="not a readable manifest"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("key", ["schema", "name", "artifacts"])
def test_manifest_without_a_field(key: str, tmp_path: Path) -> None:
    document = _document()
    wrong: tuple[Any, ...] = (None, True, 1.5, {})
    for value in wrong:
        with pytest.raises(ModelFileError, match="not a readable manifest"):
            _read(tmp_path, document | {key: value})
    del document[key]
    with pytest.raises(ModelFileError, match="not a readable manifest"):
        _read(tmp_path, document)


@pytest.mark.parametrize("spec", [None, [], {"schema": 1}])
def test_manifest_with_a_spec_that_is_not_complete(spec: Any, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"manifest\.json is not complete"):
        _read(tmp_path, _document() | {"spec": spec})


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("file", [None, 7, ["a"]]),
        ("format", [None, 7]),
        ("precision", [None, {}]),
        ("size_bytes", [None, "7", True, 1.5]),
        ("digest", [None, 7]),
        ("check", [None, [], "x"]),
        ("log", [7, {}]),
    ],
)
def test_entry_with_a_field_of_the_wrong_type(key: str, values: list[Any], tmp_path: Path) -> None:
    for value in values:
        document = _document()
        document["artifacts"][0][key] = value
        with pytest.raises(ModelFileError):
            _read(tmp_path, document)


@pytest.mark.parametrize("entry", [None, 7, "flowers.tflite", [], {}, {"file": "flowers.tflite"}], ids=repr)
def test_entry_that_is_not_complete(entry: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="one of its artifacts is not complete"):
        _read(tmp_path, _document() | {"artifacts": [entry]})


@pytest.mark.parametrize("key", ["file", "log"])
@pytest.mark.parametrize(
    "file", ["../secret", "/etc/passwd", "a/../../secret", ".", "a/..", "", "link/secret", "loop/x", "null\0byte"]
)
def test_path_that_leaves_the_folder(key: str, file: str, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    document = _document()
    document["artifacts"][0][key] = file
    with pytest.raises(ModelFileError, match="lies outside of its folder"):
        _read(folder, document)


def test_path_inside_of_the_folder(tmp_path: Path) -> None:
    document = _document()
    for file in ("a.tflite", "sub/a.tflite", "sub/../a.tflite", "flowers.tfjs/model.json", "für 花.tflite", "..a"):
        document["artifacts"][0]["file"] = file
        assert _read(tmp_path, document).artifacts[0].file == file


def _published(folder: Path) -> Path:
    """An export folder with a file, a folder, and a file that the manifest does not name."""
    folder.mkdir()
    (folder / "flowers.int8.tflite").write_bytes(b"TFL3")
    _folder(folder / "flowers.fp32.tfjs", FILES)
    (folder / "mine.tflite").write_bytes(b"mine")
    entries = tuple(
        ManifestEntry(file, "tflite", "int8", 1, digest_of(folder / file))
        for file in ("flowers.int8.tflite", "flowers.fp32.tfjs")
    )
    Manifest("flowers", SPEC, entries).write(folder)
    return folder


def test_what_was_published_is_known_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _published(tmp_path / "dist")
    for name in ("flowers.int8.tflite", "flowers.fp32.tfjs", "mine.tflite", "nothing.tflite"):
        check_published(folder / name)
    (folder / "flowers.int8.tflite").write_bytes(b"TFL4")
    (folder / "flowers.fp32.tfjs" / "new").write_text("x")
    monkeypatch.chdir(folder / "flowers.fp32.tfjs")
    (tmp_path / "link.tflite").symlink_to(folder / "flowers.int8.tflite")
    changed = (folder / "flowers.int8.tflite", folder / "flowers.fp32.tfjs", Path(), tmp_path / "link.tflite")
    for path in changed:
        with pytest.raises(
            ModelFileError, match=r"is not what was exported.*Export it again.*copy it to another folder"
        ):
            check_published(path)
    (folder / "flowers.int8.tflite").unlink()
    with pytest.raises(ModelFileError, match=r"is missing, though the folder's manifest\.json names it"):
        check_published(folder / "flowers.int8.tflite")


def test_elsewhere_a_file_may_be_as_it_is(tmp_path: Path) -> None:
    folder = _published(tmp_path / "dist")
    (folder / "flowers.int8.tflite").write_bytes(b"TFL4")
    copy = tmp_path / "flowers.int8.tflite"
    copy.write_bytes(b"TFL4")
    check_published(copy)
    (folder / MANIFEST_NAME).write_text('{"name": "An app", "icons": []}')  # of a web page
    check_published(folder / "flowers.int8.tflite")
    check_published(tmp_path / "null\0byte")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    check_published(tmp_path / "loop")


def test_an_artifact_is_no_export_folder(tmp_path: Path) -> None:
    folder = _published(tmp_path / "dist")
    for name in ("flowers.int8.tflite", "flowers.fp32.tfjs"):
        with pytest.raises(ModelFileError, match=r"but lies in one\. Name the folder: .*dist$"):
            Manifest.read(folder / name)
    with pytest.raises(ModelFileError, match=r"mine.tflite is no export folder \(it is a file\)"):
        Manifest.read(folder / "mine.tflite")


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner)
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["schema", "name", "spec", "artifacts", *_document()["artifacts"][0], "check", "log"]), anything)
def test_any_value_at_any_place_of_a_manifest(tmp_path: Path, key: str, value: Any) -> None:
    document = _document()
    place = document if key in document else document["artifacts"][0]
    place[key] = value
    try:
        manifest = _read(tmp_path, document)
    except EdgeKitError:
        return
    assert isinstance(manifest.artifacts, tuple)
