"""A benchmark of several artifacts on several devices: one that fails does not take the others along."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.api.benchmarking import benchmark
from edgekit.errors import ModelFileError, UsageError
from edgekit.manifest import Manifest
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkResult
from tests.api.conftest import Exported

SHORT = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=5, min_seconds=0, max_seconds=20)


def test_a_crash_and_a_damaged_file_are_rows(shared_data: Path, tmp_path: Path) -> None:
    zoo = shared_data / "tflite-zoo/tflite-micro"
    sound, crashing = zoo / "hello_world_float.tflite", zoo / "keyword_scrambled_8bit.tflite"
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(sound.read_bytes()[:500])
    other = tmp_path / "notes.txt"
    other.touch()
    report = benchmark([crashing, sound, damaged, other, sound], protocol=SHORT)
    names = ["keyword_scrambled_8bit.tflite", "hello_world_float.tflite", "damaged.tflite", "notes.txt"]
    assert [row.artifact for row in report.rows] == [*names, "hello_world_float.tflite"]
    assert [row.latency.runs for row in report.results] == [6, 6]  # three rounds of two
    crash, damage, unknown = (failure.reason for failure in report.failures)
    assert "crashed the engine" in crash
    assert "damaged.tflite" in damage
    assert "Nothing here runs 'notes.txt'" in unknown


def test_a_folder_with_a_changed_and_a_missing_file(binary: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    shutil.copytree(binary.result.folder, folder)
    fp32, int8 = (folder / entry.file for entry in Manifest.read(folder).artifacts)
    int8.write_bytes(int8.read_bytes() + b"\0")
    report = benchmark(folder, protocol=SHORT)
    assert [row.artifact for row in report.results] == [fp32.name]
    assert [failure.artifact for failure in report.failures] == [int8.name]
    assert "is not what was exported" in report.failures[0].reason
    fp32.unlink()
    assert [failure.artifact for failure in benchmark(folder, protocol=SHORT).failures] == [fp32.name, int8.name]


@pytest.mark.skipif(not shutil.which("ssh"), reason="no ssh here")
def test_a_device_that_cannot_be_reached_fails_its_own_rows(shared_data: Path) -> None:
    sound = shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite"
    report = benchmark(sound, on=["pi@nobody@127.0.0.1:1", "local"], protocol=SHORT)
    assert [(row.artifact, row.target) for row in report.rows] == [
        (sound.name, "pi@nobody@127.0.0.1:1"),
        (sound.name, "local"),
    ]
    (failure,) = report.failures
    assert failure.reason.startswith("nobody@127.0.0.1:1 cannot be reached: nothing listens for ssh there.")
    assert f"FAILED {sound.name} on pi@nobody@127.0.0.1:1: nobody" in report.to_text()


def test_artifacts_take_turns_and_are_judged_by_all_their_runs(shared_data: Path) -> None:
    sound = shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite"
    report = benchmark([sound, sound], protocol=LatencyProtocol(2, 0, 7, 0, 20))
    assert [row.latency.runs for row in report.results] == [9, 9]  # three rounds of three
    for row in report.results:
        assert row.protocol.min_runs == 7
        assert BenchmarkResult.from_dict(json.loads(json.dumps(row.to_dict()))) == row


def test_labelled_photos_are_answered_and_counted(binary: Exported) -> None:
    labels = np.arange(len(binary.samples)) % 2
    data = (binary.samples, labels)
    report = benchmark(binary.path("int8"), protocol=SHORT, data=data, photos=10)
    found = report.results[0].accuracy
    assert found is not None
    chosen = np.linspace(0, len(labels) - 1, 10).round().astype(int)
    with edgekit.load(binary.path("int8")) as model:
        best = model.predict(binary.samples[chosen]).argmax(axis=1)
    assert found.accuracy == found.accuracy_here == (best == labels[chosen]).mean()
    assert (found.photos, found.agreement, found.identical, found.max_difference) == (10, 1, 1, 0)
    assert "same bits" in report.to_text()


def test_photos_for_a_model_that_takes_none_are_a_failed_row(shared_data: Path) -> None:
    sound = shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite"
    (failure,) = benchmark(sound, protocol=SHORT, data=shared_data / "flowers-224").failures
    assert "is no classifier of photos" in failure.reason


def test_mistakes_are_told_before_anything_is_measured(shared_data: Path, tmp_path: Path) -> None:
    sound = shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite"
    with pytest.raises(ModelFileError, match=r"There is no .*absent.tflite"):
        benchmark([sound, tmp_path / "absent.tflite"])
    with pytest.raises(ModelFileError, match="is no export folder"):
        benchmark([sound, tmp_path])
    with pytest.raises(UsageError, match=r"threads .* at least 1"):
        benchmark(sound, threads=0)
    with pytest.raises(UsageError, match="on is a string"):
        benchmark(sound, on=7)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least one model file and one target"):
        benchmark([])
