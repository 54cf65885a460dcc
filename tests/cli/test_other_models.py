"""Models that others made, of every format, on the commands for what EdgeKit exported: a clear sentence each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.runtime.engines import tfjs
from tests.cli.conftest import Run
from tests.conftest import missing
from tests.runtime.tfjs_models import write_dense

KERNEL = np.random.default_rng(0).normal(0, 0.1, (12, 5)).astype(np.float32)
FORMATS = ("tflite", "onnx", "tfjs", "savedmodel", "keras")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> dict[str, Path]:
    """A model of each format as its own library writes it, without a word about labels."""
    onnx = pytest.importorskip("onnx")
    tf = pytest.importorskip("tensorflow")
    import keras

    if not tfjs.RUNNER.is_file():
        missing(f"{tfjs.RUNNER} has not been built; run make setup")
    folder = tmp_path_factory.mktemp("theirs")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((12,), name="pixels"), keras.layers.Dense(5)])
    model.save(folder / "theirs.keras")
    module = tf.Module()
    module.kernel = tf.Variable(KERNEL)
    module.run = tf.function(lambda pixels: pixels @ module.kernel, [tf.TensorSpec((None, 12), tf.float32, "pixels")])
    tf.saved_model.save(module, str(folder / "saved"), signatures={"serving_default": module.run})
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["pixels", "kernel"], ["scores"])],
        "dense",
        [helper.make_tensor_value_info("pixels", float32, ["n", 12])],
        [helper.make_tensor_value_info("scores", float32, ["n", 5])],
        [onnx.numpy_helper.from_array(KERNEL, "kernel")],
    )
    made: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, folder / "theirs.onnx")
    shutil.copy(shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite", folder / "theirs.tflite")
    return {
        "tflite": folder / "theirs.tflite",
        "onnx": folder / "theirs.onnx",
        "tfjs": write_dense(folder / "web_model", KERNEL),
        "savedmodel": folder / "saved",
        "keras": folder / "theirs.keras",
    }


@pytest.mark.parametrize("format", FORMATS)
def test_predict_says_what_it_takes_and_what_to_do(
    run: Run, theirs: dict[str, Path], format: str, photos: Path
) -> None:
    path = theirs[format]
    result = run("predict", path, next((photos / "val").rglob("*.jpg")))
    assert result.code == 2
    (line,) = result.err.strip().splitlines()
    assert f"{path} cannot recognize photos, since nothing in it says what its numbers mean: it takes " in line
    assert "float32 (" in line
    itself = format in ("savedmodel", "keras")  # what an export starts from
    assert line.endswith(f"edgekit export {path if itself else 'MODEL'} --labels labels.txt")
    assert "spec=" not in line
    assert "ModelSpec" not in line


@pytest.mark.parametrize("format", FORMATS)
def test_inspect_shows_inputs_and_outputs(run: Run, theirs: dict[str, Path], format: str) -> None:
    result = run("inspect", theirs[format])
    assert result.code == 0, result.err
    lines = [line.split() for line in result.out.splitlines()]
    assert ["runs", "here", "yes,", "with"] in [line[:4] for line in lines]
    assert [line[0] for line in lines if line and line[0] in ("input", "output", "labels")] == [
        *("input", "output", "labels"),
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_verify_wants_an_export_folder(run: Run, theirs: dict[str, Path], format: str, photos: Path) -> None:
    path = theirs[format]
    result = run("verify", path, "--reference", theirs["keras"], "--data", photos)
    assert result.code == 1
    reason = "it has no manifest.json" if path.is_dir() else "it is a file"
    assert f"{path} is no export folder ({reason}). Name a folder that was written with: edgekit export" in result.err


def test_a_model_of_tensors_was_exported_without_labels(
    run: Run, theirs: dict[str, Path], tmp_path: Path, photos: Path
) -> None:
    assert run("export", theirs["keras"], "--to", "tflite", "-o", tmp_path / "dist").code == 0
    path = tmp_path / "dist" / "theirs.fp32.tflite"
    result = run("predict", path, next((photos / "val").rglob("*.jpg")))
    assert result.code == 2
    assert (
        "cannot recognize photos, since it was exported without labels: it takes pixels: float32 (1, 12)" in result.err
    )
    assert (
        "export folder, but lies in one. Name the folder" in run("verify", path, "--reference", path, "--data", ".").err
    )


@pytest.mark.parametrize("command", ["predict", "inspect", "bench"])
def test_nothing_there(run: Run, command: str, tmp_path: Path) -> None:
    result = run(command, tmp_path / "nothing", *(["photo.jpg"] if command == "predict" else []))
    assert result.code == 1
    assert result.err.startswith("Error: There is no ")


def test_no_run_is_for_tflite(run: Run, theirs: dict[str, Path]) -> None:
    assert run("inspect", theirs["tflite"], "--no-run").code == 0
    result = run("inspect", theirs["onnx"], "--no-run")
    assert result.code == 2
    assert "--no-run is for .tflite files" in result.err
