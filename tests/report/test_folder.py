"""The README of an export folder."""

from __future__ import annotations

import ast

from edgekit.artifact import Check, Manifest, ManifestEntry
from edgekit.report.folder import readme_text
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier

SPEC = image_classifier("fruit", (Label("apple"), Label("pear")), ImageFormat(32, 32))
CHECK = Check("64 photos", "litert", {"agreement": 1.0, "max_difference": 1e-6})


def test_a_quote_in_the_name_does_not_break_the_snippet() -> None:
    entry = ManifestEntry('a"b.fp32.tflite', "tflite", "fp32", 1000, "00", CHECK)
    text = readme_text(Manifest('a"b', SPEC, (entry,)))
    ast.parse(text.split("```python")[1].split("```")[0])


def test_what_a_newer_edgekit_wrote_is_listed_without_figures() -> None:
    entries = (
        ManifestEntry("fruit.fp32.tflite", "tflite", "fp32", 1000, "00", CHECK),
        ManifestEntry("fruit.fp32.future", "future", "fp32", 2000, "00", Check.from_dict({"looks": "good"})),
    )
    text = readme_text(Manifest("fruit", SPEC, entries))
    assert "`fruit.fp32.future` | 2.00 KB | not verified: not run | – | nothing here |" in text
    assert text.count("```python") == 1


def text_for(spec: ModelSpec, check: Check = CHECK) -> str:
    return readme_text(Manifest("m", spec, (ManifestEntry("m.fp32.tflite", "tflite", "fp32", 1000, "00", check),)))


def test_each_task_says_what_it_answers() -> None:
    binary = text_for(image_classifier("m", (Label("no"), Label("yes", {"en": "Yes"})), ImageFormat(8, 8), "sigmoid"))
    assert "one number, the probability of Yes (yes)." in binary
    multi = text_for(image_classifier("m", ("a", "b"), ImageFormat(8, 8), confidence_threshold=0.7, multi_label=True))
    assert "those from 70.0 % on are the answer" in multi
    assert "An image classifier for 2 classes: a, b." in multi


def test_a_model_of_tensors_has_a_snippet_that_runs_on_tensors() -> None:
    inputs = (TensorSpec("left", (None, 4)), TensorSpec("right", (None, None), "int32"))
    spec = ModelSpec("m", "tensors", inputs, (TensorSpec("sum", (None, 4)),))
    check = Check("64 photos", "litert", {"agreement": None, "relative_error": 2e-6, "max_difference": 1e-6})
    text = text_for(spec, check)
    snippet = text.split("```python")[1].split("```")[0]
    ast.parse(snippet)
    assert "{'left': np.zeros((1, 4), 'float32'), 'right': np.zeros((1, 1), 'int32')}" in snippet
    assert "an error of 2.0e-06 on 64 photos" in text


def test_a_label_cannot_break_the_page() -> None:
    text = text_for(image_classifier("m", ("<img src=x>|\n# a", "b\x1b[2J"), ImageFormat(8, 8)))
    assert "\n# a" not in text
    assert "<img" not in text.replace("\\<img", "")
    assert "\x1b" not in text
