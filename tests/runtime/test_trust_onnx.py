"""Trials of ``.onnx`` files: the same as those of ``.tflite`` files, on models that this file makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.child import run_child
from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.onnxfile.digest import sign
from edgekit.runtime import try_model, trying
from edgekit.runtime.trial_result import TrialLimits
from edgekit.runtime.trust import ensure_tried
from edgekit.runtime.trying import open_once

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT, INT64, BOOL = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.BOOL


def value(name: str, shape: list[int | str], dtype: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes: list[Any], taken: list[Any], given: list[Any], tensors: dict[str, Any]) -> Any:
    constants = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "tiny", taken, given, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def dense() -> Any:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    weights = {"w": np.ones((4, 3), np.float32)}
    return model([node], [value("x", ["n", 4])], [value("y", ["n", 3])], weights)


def endless() -> Any:
    """A loop of 2^62 rounds, which doubles a number in each."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["v", "v"], ["twice"])],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("v", [1])],
        [value("on", [], BOOL), value("twice", [1])],
    )
    loop = helper.make_node("Loop", ["rounds", "yes", "x"], ["y"], body=body)
    return model([loop], [value("x", [1])], [value("y", [1])], {"rounds": np.array(2**62), "yes": np.array(True)})


def pooled(kernel: int) -> Any:
    """A network for photos of any size that is no smaller than the kernel."""
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[kernel, kernel])
    return model([node], [value("x", ["n", 3, "h", "w"])], [value("y", ["n", 3, "a", "b"])], {})


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The file of each trial that really started a child."""
    started: list[str] = []
    real = trying.run_child

    def counted(module: str, data: bytes, seconds: float, arguments: list[str], *rest: Any) -> Any:
        started.append(Path(json.loads(arguments[0])["path"]).name)
        return real(module, data, seconds, arguments, *rest)

    monkeypatch.setattr(trying, "run_child", counted)
    return started


def write(path: Path, made: Any) -> Path:
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return path


def test_a_foreign_file_is_tried_once(tmp_path: Path, trials: list[str]) -> None:
    path = write(tmp_path / "theirs.onnx", dense())
    for _ in range(2):
        with edgekit.load(path) as predictor:
            assert predictor.predict({"x": np.ones((2, 4), np.float32)})["y"].tolist() == [[4, 4, 4]] * 2
    assert trials == ["theirs.onnx"]


def test_trust_skips_the_trial(tmp_path: Path, trials: list[str]) -> None:
    edgekit.load(write(tmp_path / "theirs.onnx", dense()), trust=True).close()
    assert trials == []


def test_a_file_with_its_own_digest_needs_none_until_it_is_changed(tmp_path: Path, trials: list[str]) -> None:
    signed = sign(dense().SerializeToString())
    edgekit.load(write(tmp_path / "ours.onnx", signed)).close()
    assert trials == []
    edgekit.load(write(tmp_path / "ours.onnx", signed.replace(b"tiny", b"TINY"))).close()
    assert trials == ["ours.onnx"]


def test_an_endless_loop_ends_in_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "endless.onnx", endless())
    limits = TrialLimits(seconds=1)
    with pytest.raises(
        UnsupportedModelError, match=r"endless\.onnx cannot be run: it did not finish one run within 1 s"
    ):
        ensure_tried(path.read_bytes(), path, limits)
    with pytest.raises(UnsupportedModelError, match="did not finish one run within 1 s"):
        open_once(path, limits)


def test_load_has_a_limit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrialLimits, "seconds", 1.0)
    path = write(tmp_path / "endless.onnx", endless())
    with pytest.raises(UnsupportedModelError, match="did not finish one run within 1 s"):
        edgekit.load(path)


def test_too_much_memory_is_a_sentence(tmp_path: Path) -> None:
    node = helper.make_node("Expand", ["x", "shape"], ["y"])
    made = model([node], [value("x", [1])], [value("y", [1 << 29])], {"shape": np.array([1 << 29])})  # 2 GiB
    result = try_model(write(tmp_path / "wide.onnx", made), TrialLimits(memory_bytes=256 << 20))
    assert not result.ok
    assert "more memory than there is" in (result.reason or "")


@pytest.mark.parametrize(("kernel", "said"), [(16, None), (100, "did not run on inputs of the sizes 1 and 64")])
def test_a_network_without_a_fixed_size_is_not_refused(tmp_path: Path, kernel: int, said: str | None) -> None:
    path = write(tmp_path / "pooled.onnx", pooled(kernel))
    result = try_model(path)
    assert result.ok
    assert (said is None) == (result.reason is None)
    assert (said or "") in (result.reason or "")
    with edgekit.load(path) as predictor:
        assert predictor.predict({"x": np.ones((1, 3, 128, 128), np.float32)})["y"].shape == (1, 3, *[129 - kernel] * 2)


def test_weights_beside_the_model_count(tmp_path: Path, trials: list[str]) -> None:
    path = tmp_path / "big.onnx"
    onnx.save(dense(), path, save_as_external_data=True, location="big.bin", size_threshold=0)
    write(path, sign(path.read_bytes()))  # which says nothing of the other file
    for _ in range(2):
        edgekit.load(path).close()
    assert trials == ["big.onnx"]
    write(tmp_path / "big.bin", bytes(48))
    with edgekit.load(path) as predictor:
        assert predictor.predict({"x": np.ones((1, 4), np.float32)})["y"].tolist() == [[0, 0, 0]]
    assert trials == ["big.onnx"] * 2


def test_the_bytes_that_were_tried_are_the_bytes_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is exchanged for garbage while its trial runs."""
    path = write(tmp_path / "model.onnx", dense())

    def exchange(*given: Any) -> Any:
        path.write_bytes(b"garbage")
        return run_child(*given)

    monkeypatch.setattr(trying, "run_child", exchange)
    with edgekit.load(path) as predictor:
        assert predictor.engine.inputs[0].name == "x"


def test_what_onnxruntime_refuses_is_said_as_before(tmp_path: Path) -> None:
    node = helper.make_node("Unheard", ["x"], ["y"])
    path = write(tmp_path / "odd.onnx", model([node], [value("x", [1])], [value("y", [1])], {}))
    with pytest.raises(
        UnsupportedModelError, match=r"odd\.onnx cannot be run: onnxruntime \S+ does not know the operator"
    ):
        edgekit.load(path)
    with pytest.raises(ModelFileError, match=r"odd\.onnx cannot be run: onnxruntime \S+ does not know the operator"):
        open_once(path)
