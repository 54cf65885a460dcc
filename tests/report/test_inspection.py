"""What inspect says of the tasks and the labels."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.report.inspection import inspection_text
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier, tensor_classifier
from edgekit.tflite.describe import ModelDescription

IMAGE = ImageFormat(8, 8, "grayscale")
ROSE = Label("rose", {"en": "Rose!", "de": "Rose"}, {"fr": "Une fleur."})


def text(spec: ModelSpec) -> str:
    fields: dict[str, Any] = dict.fromkeys(ModelDescription.__dataclass_fields__, ())
    fields |= {"file": "m.tflite", "size_bytes": 1, "own_digest": True, "schema_version": 3, "description": ""}
    fields |= {"runtime_version": None, "subgraphs": 1, "macs": 0, "parameters": 0, "parameter_bytes": 0}
    return inspection_text(ModelDescription(**{**fields, "spec": spec, "metadata": None}), None)


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        (image_classifier("m", (ROSE, "b", "c"), IMAGE), ["task        classification of photos"]),
        (
            image_classifier("m", (ROSE, "b"), IMAGE, "sigmoid"),
            ["task        binary classification of photos; the output is the probability of b"],
        ),
        (
            image_classifier("m", (ROSE, "b"), IMAGE, multi_label=True),
            ["task        multi-label classification of photos", "threshold   labels from 50.0 % on are the answer"],
        ),
        (tensor_classifier("m", (None, 4), "float32", (ROSE, "b")), ["task        classification of samples"]),
        (
            ModelSpec("m", "tensors", (TensorSpec("x", (1,)),), (TensorSpec("y", (1,)),)),
            ["task        none of EdgeKit's: takes and gives tensors", "labels      none"],
        ),
    ],
)
def test_the_task_is_told(spec: ModelSpec, lines: list[str]) -> None:
    shown = text(spec)
    for line in lines:
        assert f"\n  {line}\n" in shown
    if spec.labels:
        assert "  labels      rose (Rose!), b" in shown
        assert "  languages   de, en, fr\n" in shown


def test_a_label_cannot_steer_the_terminal() -> None:
    shown = text(image_classifier("m", ("a\x1b[2J", "b\n  task        fake"), IMAGE))
    assert "a\\x1b[2J, b\\n  task" in shown
    assert "\x1b" not in shown
