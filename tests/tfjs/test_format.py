"""Reading folders with model.json: sound ones, and all the ways in which one can be broken."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.errors import EdgeKitError, ModelFileError, SpecError, UnsupportedModelError
from edgekit.spec import ModelSpec, TensorSpec
from edgekit.tfjs.format import check_model, read_spec, read_weights
from edgekit.tfjs.graph import Function, Graph, Node, constant, split_tensor
from edgekit.tfjs.writing import SHARD_BYTES, write_model

FLOAT = {"T": {"type": "DT_FLOAT"}}
SPEC = ModelSpec("m", "tensors", (TensorSpec("x", (None, 4)),), (TensorSpec("y", (None, 8)),))
KERNEL = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)


def graph() -> Graph:
    branch = Graph(
        (Node("a", "Placeholder", (), {"dtype": {"type": "DT_FLOAT"}}), Node("n", "Neg", ("a",), FLOAT)),
        {"a": "a"},
        {"r": "n"},
    )
    nodes = (
        Node("x", "Placeholder", (), {"dtype": {"type": "DT_FLOAT"}}),
        constant("kernel", KERNEL),
        constant("names", np.array([b"a", b"bc"], object)),
        Node("y", "MatMul", ("x", "kernel"), FLOAT),
    )
    weights = {"kernel": KERNEL, "names": np.array([b"a", b"bc"], object)}
    return Graph(
        nodes, {"x": "x"}, {"y": "y"}, weights, (Function("branch", branch, {"r": "DT_FLOAT"}),), producer=2000
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path / "m.tfjs", graph(), SPEC, {"kernel": "uint8"}, "2.21.0")
    return tmp_path / "m.tfjs"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "model.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_what_is_written_is_read(folder: Path) -> None:
    model = check_model(folder)
    assert check_model(folder / "model.json").weights == model.weights
    assert read_spec(model) == SPEC
    assert [node.op for node in model.graph.nodes] == ["Placeholder", "Const", "Const", "MatMul"]
    assert [function.name for function in model.graph.functions] == ["branch"]
    weights = {entry.name: values for entry, values in read_weights(model)}
    np.testing.assert_allclose(weights["kernel"], KERNEL, atol=np.ptp(KERNEL) / 255)
    assert weights["names"].tolist() == [b"a", b"bc"]


def test_large_weights_lie_in_shards(tmp_path: Path) -> None:
    large = np.arange(SHARD_BYTES // 4 + 3, dtype=np.float32)
    given_graph = graph()
    weights = {**given_graph.weights, "large": large}
    nodes = (*given_graph.nodes, constant("large", large))
    write_model(tmp_path / "m.tfjs", replace(given_graph, nodes=nodes, weights=weights), SPEC, {}, "2.21.0")
    shards = {path.name: path.stat().st_size for path in (tmp_path / "m.tfjs").glob("*.bin")}
    assert sorted(shards) == ["group1-shard1of2.bin", "group1-shard2of2.bin"]
    assert shards["group1-shard1of2.bin"] == SHARD_BYTES
    read = {entry.name: values for entry, values in read_weights(check_model(tmp_path / "m.tfjs"))}
    np.testing.assert_array_equal(read["large"], large)


def test_reading_imports_no_tensorflow(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from edgekit.tfjs.format import check_model, read_weights; "
        "list(read_weights(check_model(Path(sys.argv[1])))); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


def paths(*names: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["weightsManifest"][0].update(paths=list(names))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        "../outside.bin",
        "a/../../outside.bin",
        "..\\outside.bin",
        "C:\\outside.bin",
        "\\\\server\\outside.bin",
        "//server/outside.bin",
        "https://example.org/outside.bin",
        "file:///etc/hostname",
        "data:application/octet-stream;base64,AAAA",
        "%2e%2e/outside.bin",
        "%2E%2E%2Foutside.bin",
        "a\0b",
        "",
        "link.bin",
        "linked/outside.bin",
    ],
)
def test_no_path_leaves_the_folder(folder: Path, path: str) -> None:
    outside = folder.parent / "outside.bin"
    outside.write_bytes((folder / "group1-shard1of1.bin").read_bytes())
    (folder / "link.bin").symlink_to(outside)
    (folder / "linked").symlink_to(folder.parent)
    edit(folder, paths(path))
    with pytest.raises(ModelFileError, match="lies outside of its folder"):
        check_model(folder)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.bin")
    edit(folder, paths("pipe.bin"))
    with pytest.raises(ModelFileError, match="is no regular file"):
        check_model(folder)


def node(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in document["modelTopology"]["node"] if item["name"] == name)
    return found


def weight(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["weightsManifest"][0]["weights"][0]
    return found


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "format": (lambda d: d.update(format="flatbuffer"), "has the format 'flatbuffer'"),
    "no topology": (lambda d: d.pop("modelTopology"), "'modelTopology' is missing"),
    "no versions": (lambda d: d["modelTopology"].pop("versions"), "'versions' is missing"),
    "nodes": (lambda d: d["modelTopology"].update(node=[1]), "'node' is not a list of objects"),
    "twice": (lambda d: d["modelTopology"]["node"].append(node(d, "y")), "two nodes of the name 'y'"),
    "dangling": (lambda d: node(d, "y").update(input=["x", "gone"]), "'y' takes 'gone', which no node gives"),
    "no index": (lambda d: node(d, "y").update(input=["x:foo", "kernel"]), "'x:foo' is no name of a tensor"),
    "negative index": (lambda d: node(d, "y").update(input=["x:-1", "kernel"]), "'x:-1' is no name of a tensor"),
    "no node": (lambda d: node(d, "y").update(input=["", "kernel"]), "'' is no name of a tensor"),
    "index of an output": (lambda d: d["signature"]["outputs"]["y"].update(name="y:"), "'y:' is no name of a tensor"),
    "index of a result": (
        lambda d: d["modelTopology"]["library"]["function"][0]["ret"].update(r="n:z:z"),
        "'n:z:z' is no name of a tensor",
    ),
    "same shard": (paths("group1-shard1of1.bin", "./group1-shard1of1.bin"), "names the file './group1.*' twice"),
    "weightless": (lambda d: weight(d).update(name="other"), "the constant 'kernel' has no weight"),
    "same weights": (lambda d: weight(d).update(name="names"), "two weights of the name 'names'"),
    "shape": (lambda d: weight(d).update(shape=[4, 9]), "its weights take .* bytes, but its files have"),
    "huge shape": (lambda d: weight(d).update(shape=[2**53, 2**53]), "its weights take"),
    "negative shape": (lambda d: weight(d).update(shape=[-4, -8]), "'shape' is not a shape"),
    "no shape": (lambda d: weight(d).update(shape="4x8"), "'shape' is missing or of the wrong type"),
    "dtype": (lambda d: weight(d).update(dtype="float8"), "of the dtype 'float8'"),
    "another dtype": (
        lambda d: d["weightsManifest"][0]["weights"][0].update(dtype="int32"),
        "the constant 'kernel' is of float32, but its weight of int32",
    ),
    "stored": (lambda d: weight(d)["quantization"].update(dtype="int4"), "cannot be stored as 'int4'"),
    "scale": (lambda d: weight(d)["quantization"].update(scale=None), "'scale' is not a number"),
    "not finite": (lambda d: weight(d)["quantization"].update(min=float("inf")), "'min' is not a number"),
    "a folder": (paths("sub"), "is incomplete: .* is a folder"),
    "missing shard": (paths("gone.bin"), "is incomplete: There is no file"),
    "signature": (lambda d: d["signature"]["outputs"]["y"].update(name="gone:0"), "names the tensor 'gone:0'"),
    "result": (lambda d: d["modelTopology"]["library"]["function"][0]["ret"].update(r="gone:0"), "answers 'gone:0'"),
    "metadata": (lambda d: d.update(userDefinedMetadata=[]), "'userDefinedMetadata' is missing or of the wrong type"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_tampered_document_is_one_sentence(folder: Path, what: str) -> None:
    (folder / "sub").mkdir()
    change, message = BROKEN[what]
    edit(folder, change)
    with pytest.raises(ModelFileError, match=message) as caught:
        check_model(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("size", [0, 1, 30])
def test_truncated_weights_are_noticed(folder: Path, size: int) -> None:
    shard = folder / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[:size])
    with pytest.raises(ModelFileError, match=r"cut short|is empty"):
        check_model(folder)


@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("spoil", ["cut short", "missing", "too long"])
def test_each_of_several_shards_is_looked_at(tmp_path: Path, which: int, spoil: str) -> None:
    large = np.zeros(SHARD_BYTES // 4 * 2 + 1, np.float32)
    whole = Graph(
        (Node("x", "Placeholder"), constant("w", large), Node("y", "AddV2", ("x", "w"))), {"x": "x"}, {"y": "y"}
    )
    write_model(tmp_path / "m.tfjs", replace(whole, weights={"w": large}), SPEC, {}, "2.21.0")
    shard = tmp_path / "m.tfjs" / f"group1-shard{which}of3.bin"
    if spoil == "missing":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[:-1] if spoil == "cut short" else shard.read_bytes() + b"\0")
    with pytest.raises(
        ModelFileError, match="is incomplete: There is no file" if spoil == "missing" else "its weights take"
    ):
        check_model(tmp_path / "m.tfjs")


def test_a_truncated_document_is_noticed(folder: Path) -> None:
    path = folder / "model.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelFileError, match="is not JSON"):
        check_model(folder)
    path.write_text("[" * 100_000)
    with pytest.raises(ModelFileError, match="nested too deeply"):
        check_model(folder)


def test_what_is_no_graph_model_is_named(folder: Path, tmp_path: Path) -> None:
    edit(folder, lambda document: node(document, "y").update(op="Magic"))
    with pytest.raises(UnsupportedModelError, match=r"needs the operation Magic, which TF\.js"):
        check_model(folder)
    edit(folder, lambda document: document.update(format="layers-model"))
    with pytest.raises(UnsupportedModelError, match=r"is a TF\.js layers model"):
        check_model(folder)
    with pytest.raises(ModelFileError, match=r"is not a folder with a TF\.js model"):
        check_model(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError, match="There is no file"):
        check_model(tmp_path / "empty")


def test_tensors_of_functions_may_name_the_result(folder: Path) -> None:
    edit(folder, lambda d: d["modelTopology"]["library"]["function"][0]["ret"].update(r="n:y:0"))
    edit(folder, lambda d: node(d, "y").update(input=["x:out:0", "kernel"]))
    model = check_model(folder)
    assert model.graph.functions[0].body.outputs == {"r": "n:y:0"}
    assert split_tensor("x:out:2") == ("x", 2)


def test_a_foreign_model_has_no_spec_and_a_broken_one_is_named(folder: Path) -> None:
    edit(folder, lambda document: document.pop("userDefinedMetadata"))
    assert read_spec(check_model(folder)) is None
    edit(folder, lambda document: document.update(userDefinedMetadata={"edgekit.spec": "{}"}))
    with pytest.raises(SpecError):
        read_spec(check_model(folder))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**60) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_field_may_be_anything(folder: Path, data: st.DataObject) -> None:
    """A document in which one value is replaced is read, or refused in one of our own sentences."""
    path = folder / "model.json"
    original = path.read_text()
    document = json.loads(original)
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    path.write_text(json.dumps(document))
    with contextlib.suppress(EdgeKitError):
        model = check_model(folder)
        read_spec(model)
        list(read_weights(model))
    path.write_text(original)
