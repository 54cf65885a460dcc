"""The table of verify, for each task."""

from __future__ import annotations

import json

import numpy as np

from edgekit.measure.comparison import accuracy_of, compare_answers
from edgekit.measure.tolerances import TOLERANCES
from edgekit.report.verdict import VerifyReport, VerifyRow
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier

MULTI = image_classifier("m", ("a", "b"), ImageFormat(8, 8), multi_label=True)
VALUES = ModelSpec("v", "tensors", (TensorSpec("x", (None, 2)),), (TensorSpec("y", (None, 3)),))


def report(spec: ModelSpec, outputs: np.ndarray, labels: np.ndarray | None, unit: str) -> VerifyReport:
    answers = {spec.outputs[0].name: outputs.astype(np.float32)}
    compared = compare_answers(answers, answers, spec, labels)
    accuracy = None if labels is None else accuracy_of(answers, labels, spec)
    verdict = compared.judge(TOLERANCES["fp32"])
    row = VerifyRow("m.fp32.tflite", "tflite", "fp32", 1000, "litert", accuracy, compared.parity, verdict)
    failed = VerifyRow("m.int8.tflite", "tflite", "int8", 500, None, None, None, verdict)
    return VerifyReport("m.keras", 2000, accuracy, len(outputs), "photos/", None, None, (row, failed), unit)


def test_many_labels_have_honest_names() -> None:
    outputs = np.array([[0.9, 0.1], [0.9, 0.9], [0.1, 0.1], [0.2, 0.9]])
    found = report(MULTI, outputs, np.array([[1, 0], [1, 0], [0, 0], [0, 1]]), "photos")
    header, _, reference, row, failed = found.to_text().split("\n")[2:7]
    assert header.split("  ")[0] == "model"
    for title in ("exact match", "label accuracy", "macro F1"):
        assert title in header
    assert "top-1" not in header
    assert "75.0 %" in reference
    assert "87.5 %" in row
    assert failed.split()[-1] == "ok"
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["reference"]["accuracy"] is None
    assert document["artifacts"][0]["multi_label"]["exact_match"] == 0.75
    assert document["artifacts"][1]["multi_label"] is None


def test_values_have_an_error_and_no_accuracy() -> None:
    found = report(VALUES, np.random.default_rng(0).normal(size=(20, 3)), None, "samples")
    text = found.to_text()
    assert text.startswith("20 samples of photos/\n")
    assert "top-1" not in text
    assert "root mean square" in text
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (document["unit"], document["artifacts"][0]["parity"]["relative_error"]) == ("samples", 0.0)
