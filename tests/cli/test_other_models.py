"""Models that others made, of every format, on the commands for what EdgeKit exported: a clear sentence each."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.bundle import find_built
from edgekit.runtime import trial_result
from tests.cli.conftest import Run, command, heed_interrupts
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

    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")
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
    what = "the file" if format == "tflite" else "it"
    assert f"{path} cannot recognize photos, since nothing in {what} says what its numbers mean: it takes " in line
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


@pytest.mark.parametrize("name", ["predict", "inspect", "bench"])
def test_nothing_there(run: Run, name: str, tmp_path: Path) -> None:
    result = run(name, tmp_path / "nothing", *(["photo.jpg"] if name == "predict" else []))
    assert result.code == 1
    assert result.err.startswith("Error: There is no ")


def test_no_run_is_for_tflite(run: Run, theirs: dict[str, Path]) -> None:
    assert run("inspect", theirs["tflite"], "--no-run").code == 0
    result = run("inspect", theirs["onnx"], "--no-run")
    assert result.code == 2
    assert "--no-run is for .tflite files" in result.err


PAGE = b"\xef\xbb\xbf\n<!doctype HTML>\n<html><head><title>Not found</title></head></html>"


@pytest.mark.parametrize(
    "place", ["m.onnx", "m.tflite", "m.keras", "m.tfjs/model.json", "m.savedmodel/saved_model.pb", "m.h5"]
)
def test_a_web_page_in_the_place_of_a_model_is_called_one(run: Run, tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(PAGE)
    model = tmp_path / Path(place).parts[0]
    given = (
        ("export", model, "--to", "tflite", "-o", tmp_path / "dist") if model.suffix == ".h5" else ("inspect", model)
    )
    result = run(*given)
    assert result.code == 1
    assert f"{file} is a web page (HTML), not a model" in result.err


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A SavedModel that never answers."""
    tf = pytest.importorskip("tensorflow")

    def forever(x: Any) -> Any:
        return tf.while_loop(lambda y: tf.reduce_sum(y) >= 0, lambda y: (y * 0.5,), (x,))[0]

    module = tf.Module()
    module.serve = tf.function(forever, input_signature=[tf.TensorSpec((None, 3), tf.float32, "x")])
    path = tmp_path / "endless.savedmodel"
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})
    return path


def test_inspect_of_a_model_that_never_answers_ends(run: Run, endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_result, "_FRAMEWORK_SECONDS", 5.0)
    result = run("inspect", endless)
    assert result.code == 1
    assert f"{endless} cannot be run: it did not finish one run within 5 s." in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which processes are whose")
def test_inspect_heeds_ctrl_c(endless: Path) -> None:
    """While the model runs, without an end, in its process."""
    # In a session of its own, as in a terminal: Ctrl-C goes to all of its processes.
    process = subprocess.Popen(
        command("inspect", endless),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not children_of(process.pid):
        time.sleep(0.1)
    (child,) = children_of(process.pid)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "Interrupted. Nothing half-written was left behind."
    while time.monotonic() < deadline and is_alive(child):
        time.sleep(0.1)
    assert not is_alive(child)


def is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()
