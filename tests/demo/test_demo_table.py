"""The table at the end of ``edgekit demo``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.demo.run import DemoResult
from edgekit.measure.comparison import accuracy_of, compare_answers
from edgekit.measure.tolerances import TOLERANCES
from edgekit.report.latency import BenchmarkReport
from edgekit.report.verdict import VerifyReport, VerifyRow
from edgekit.runtime import Prediction
from edgekit.spec import ImageFormat, image_classifier
from tests.report.test_latency import result

SPEC = image_classifier("fruit", ("apple", "banana"), ImageFormat(8, 8))


def _demo() -> DemoResult:
    """Three of four photos right; the int8 file could not be run."""
    answers = {SPEC.outputs[0].name: np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]], np.float32)}
    labels = np.array([0, 0, 1, 1])
    compared, accuracy = compare_answers(answers, answers, SPEC, labels), accuracy_of(answers, labels, SPEC)
    verdict = compared.judge(TOLERANCES["fp32"])
    rows = (
        VerifyRow("fruit.fp32.tflite", "tflite", "fp32", 2000, "litert", accuracy, compared.parity, verdict),
        VerifyRow("fruit.int8.tflite", "tflite", "int8", 500, None, None, None, verdict),
    )
    return DemoResult(
        folder=Path("demo"),
        report=VerifyReport("fruit.keras", 4000, accuracy, 4, "photos", 0, None, rows),
        latency=BenchmarkReport((result("fruit.fp32.tflite"), result("fruit.int8.tflite"))),
        failures=(),
        photo=Path("demo/photos/val/banana/000.jpg"),
        predictions=(Prediction("banana", "Banana", 0.987, 1),),
        pictures={"report": Path("demo/fruit.training/report.html")},
        seconds={"train": 1.0},
    )


def test_every_model_has_a_row_and_a_failure_is_named() -> None:
    lines = _demo().to_text().splitlines()
    keras, fp32, int8 = (
        next(line for line in lines if line.startswith(name)) for name in ("Keras", "TFLite fp32", "TFLite int8")
    )
    assert "75.0 % ± " in keras
    assert "75.0 % ± " in fp32
    assert "100.0 %" in fp32
    assert int8.split()[4:6] == ["failed", "failed"]
    assert any("000.jpg: Banana, says the int8 model (98.7 %" in line for line in lines)
    assert "  demo/fruit.training/report.html" in lines
