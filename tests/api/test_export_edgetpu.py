"""An export with the Edge TPU's compiler on the PATH: two files, and a failure of the one spares the other."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.api.bench_photos import find_source
from edgekit.manifest import Manifest
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat, image_classifier

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the compiler runs on Linux only")

REPLAY = Path(__file__).parents[1] / "converters" / "replay_compiler.py"
RECORDED = "edge-tpu/compiler-logs/hanchanghun/dummy_edgetpu"


@pytest.fixture
def compiler(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A stand-in on the PATH that takes any model, and gives out what the real one made of another."""
    script = tmp_path / "bin" / "edgetpu_compiler"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{REPLAY}" "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REPLAY", str(tmp_path / "replay.json"))
    any_model = [str(shared_data / f"{RECORDED}.tflite"), str(shared_data / f"{RECORDED}.log")]

    def use(**more: Any) -> None:
        replay = {"version": "16.0.384591198", "models": {"any": any_model}, **more}
        (tmp_path / "replay.json").write_text(json.dumps(replay))

    use()
    return use


@pytest.fixture
def model(keras: Any) -> edgekit.Model:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(layers.Rescaling(1 / 255)(pixels))
    x = layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(x))
    spec = image_classifier("tiny", ["a", "b", "c"], ImageFormat(8, 8))
    return edgekit.Model.wrap(keras.Model(pixels, x), spec)


def export(model: edgekit.Model, folder: Path, segments: int = 1) -> edgekit.ExportResult:
    photos = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    options = {"edgetpu": {"num_segments": segments, "search_delegate": segments > 1}}
    return edgekit.export(model, "edgetpu", folder, calibration=photos, options=options, progress=SILENT)


def test_both_files_are_there_and_only_what_ran_is_verified(
    model: edgekit.Model, tmp_path: Path, shared_data: Path, compiler: Callable[..., None]
) -> None:
    folder = tmp_path / "dist"
    result = export(model, folder, segments=2)
    segments = [f"tiny.int8_segment_{part}_of_2_edgetpu.tflite" for part in (0, 1)]
    assert [entry.file for entry in result.entries] == ["tiny.int8_for_edgetpu.tflite", *segments]
    ready, *compiled = Manifest.read(folder).artifacts
    assert ready.check.verified
    assert all(not entry.check.verified and "needs an Edge TPU" in str(entry.check.reason) for entry in compiled)
    recorded = (shared_data / f"{RECORDED}.tflite").read_bytes()
    assert all(recorded in (folder / name).read_bytes() for name in segments)
    log = (folder / "logs" / "tiny.int8_for_edgetpu.tflite.log").read_text()
    assert log.count((shared_data / f"{RECORDED}.log").read_text()) == 2
    assert "edgetpu_compiler --timeout_sec 600 --search_delegate --num_segments 2 tiny.int8.tflite" in log
    assert any("The prediction was wrong" in note for note in compiled[0].check.notes), "it is another model's log"
    assert sorted(path.name for path in folder.glob("*.tflite")) == sorted(["tiny.int8_for_edgetpu.tflite", *segments])


def test_the_readme_says_how_to_compile_by_hand(
    model: edgekit.Model, tmp_path: Path, compiler: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = tmp_path / "dist", os.environ["PATH"]
    monkeypatch.setenv("PATH", path.partition(os.pathsep)[2])
    export(model, folder)
    assert [file.name for file in folder.glob("*.tflite")] == ["tiny.int8_for_edgetpu.tflite"]
    readme = (folder / "README.md").read_text()
    commands = readme.partition("## Coral Edge TPU\n\n```sh\n")[2].partition("```")[0]
    assert "edgetpu_compiler tiny.int8_for_edgetpu.tflite" in commands
    monkeypatch.setenv("PATH", path)
    subprocess.run(["sh", "-e", "-c", commands], cwd=folder, check=True)
    assert 'edgekit.load("tiny.int8_edgetpu.tflite", delegate="edgetpu")' in readme
    assert (folder / "tiny.int8_edgetpu.tflite").is_file()
    assert find_source(folder / "tiny.int8_edgetpu.tflite") == folder / "tiny.int8_for_edgetpu.tflite"


def test_a_compiler_that_fails_takes_nothing_along(
    model: edgekit.Model, tmp_path: Path, compiler: Callable[..., None]
) -> None:
    compiler(says="Internal compiler error. Aborting!")
    result = export(model, tmp_path / "dist")
    assert [entry.file for entry in result.entries] == ["tiny.int8_for_edgetpu.tflite"]
    (failure,) = result.failures
    assert failure.file == "tiny.int8_edgetpu.tflite"
    assert "Internal compiler error. Aborting!" in failure.reason
    assert "Internal compiler error" in Path(failure.log).read_text()
