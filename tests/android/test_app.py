"""The app on a JVM: it compiles without a warning, its screens work, and Python reads what it answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.remote.android.app_result import read_app_result
from tests.android.app_cases import ODD, PHOTOS, SHORT
from tests.android.maven import MavenRun


def test_all_its_tests_pass(kotlin_run: MavenRun) -> None:
    failed = [f"{case.name}\n{case.problem}" for case in kotlin_run.app if case.problem]
    assert not failed, "\n\n".join(failed)
    assert kotlin_run.code == 0, kotlin_run.log[-5000:]
    assert not [case.name for case in kotlin_run.app if case.skipped]


@pytest.mark.parametrize("kind", ["BenchmarkActivityTest", "MainActivityTest", "MeasureActivityTest", "RecognizerTest"])
def test_the_activities_were_run(kotlin_run: MavenRun, kind: str) -> None:
    assert [case for case in kotlin_run.app if case.name.startswith(f"dev.edgekit.app.{kind}.")]


@pytest.fixture
def answered(kotlin_run: MavenRun, kotlin_cases: Path) -> Any:
    """The app's answer to a request."""

    def read(number: str) -> dict[str, Any]:
        document = json.loads((kotlin_cases / "results" / f"{number}.json").read_text())
        assert document["schema"] == 1
        assert document["id"] == number
        return dict(document)

    return read


def test_python_reads_a_measurement(answered: Any, kotlin_cases: Path) -> None:
    document = answered("sound")
    assert document["error"] is None
    for found, name in zip(document["results"], ("flowers.tflite", "plain.tflite"), strict=True):
        content = (kotlin_cases / "pushed" / name).read_bytes()
        assert found["artifact"] == name
        assert found["digest"] == hashlib.sha256(content).hexdigest()
        assert found["size_bytes"] == len(content)
        assert found["answers"] is None
        measured = read_app_result(found, None)
        assert measured.latency.runs == SHORT.min_runs
        assert measured.load_ms > 0
        assert measured.first_call_ms > 0
        assert measured.engine.kernels.startswith("XNNPACK")
        assert measured.engine.threads == 1
        assert measured.accelerator is None
        assert measured.device.os == "Android 14 (API 34)"
        assert measured.device.emulated
        assert measured.conditions.phone is not None
        assert measured.conditions.phone.thermal_status_before == 0
        assert measured.peak_memory_bytes is None or measured.peak_memory_bytes > 1 << 20


def test_one_model_that_fails_leaves_the_others(answered: Any) -> None:
    gone, broken, sound = answered("some")["results"]
    assert "no file gone.tflite" in gone["error"]
    assert "broken.tflite" in broken["error"]
    assert sound["error"] is None
    assert len(sound["durations_ns"]) == SHORT.min_runs


def test_answers_are_the_graphs_own(answered: Any, kotlin_cases: Path) -> None:
    (found,) = answered("answers")["results"]
    assert found["error"] is None
    values = np.fromfile(kotlin_cases / "results" / found["answers"], "<f4").reshape(PHOTOS, -1)
    expected = np.fromfile(kotlin_cases / "answers.bin", "<f4").reshape(PHOTOS, -1)
    # Quantized; the two sides may choose other kernels, which differ by a step.
    assert np.abs(values - expected).max() <= 1.01 / 256
    assert (values == expected).mean() > 0.9


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("shape", "The model takes photos of"),
        ("short", "photos.bin has"),
        ("gpu", "does not run with the GPU delegate"),
        ("nnapi", "does not run with the NNAPI delegate"),
        ("outside", "There is no file ../../flowers.tflite in the app's folder"),
    ],
)
def test_what_cannot_be_measured_says_why(answered: Any, number: str, reason: str) -> None:
    (found,) = answered(number)["results"]
    assert reason in found["error"]


@pytest.mark.parametrize("number", [*ODD, "gone"])
def test_requests_that_are_none_are_answered(answered: Any, number: str) -> None:
    document = answered(number)
    assert document["results"] == []
    assert document["error"]


def test_no_path_leads_out(kotlin_run: MavenRun, kotlin_cases: Path) -> None:
    names = {path.name for path in (kotlin_cases / "results").iterdir()}
    assert "secret.json" not in names
