"""The README of an export folder."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

from edgekit.artifact import Check
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.report.folder import readme_text, update_readme, write_readme
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier

SPEC = image_classifier("fruit", (Label("apple"), Label("pear")), ImageFormat(32, 32))
CHECK = Check("64 photos", "litert", {"agreement": 1.0, "max_difference": 1e-6})


def test_a_quote_in_the_name_does_not_break_the_snippet() -> None:
    entry = ManifestEntry('a"b.fp32.tflite', "tflite", "fp32", 1000, "00", CHECK)
    text = readme_text(Manifest('a"b', SPEC, (entry,)))
    for block in text.split("```python")[1:]:
        ast.parse(block.split("```")[0])


def test_what_a_newer_edgekit_wrote_is_listed_without_figures() -> None:
    entries = (
        ManifestEntry("fruit.fp32.tflite", "tflite", "fp32", 1000, "00", CHECK),
        ManifestEntry("fruit.fp32.future", "future", "fp32", 2000, "00", Check.from_dict({"looks": "good"})),
    )
    text = readme_text(Manifest("fruit", SPEC, entries))
    assert "`fruit.fp32.future` | 2.00 KB | not verified: not run | – | nothing here |" in text
    assert text.count("```python") == 2  # with EdgeKit and without, of the one that is known
    assert text.count("fruit.fp32.future") == 1


def text_for(spec: ModelSpec, check: Check = CHECK) -> str:
    return readme_text(Manifest("m", spec, (ManifestEntry("m.fp32.tflite", "tflite", "fp32", 1000, "00", check),)))


def test_one_section_for_each_format() -> None:
    files = {
        "tflite": ("fp32", "int8"),
        "onnx": ("fp32",),
        "tfjs": ("fp32",),
        "coreml": ("fp16",),
        "savedmodel": ("fp32",),
    }
    entries = tuple(
        ManifestEntry(f"fruit.{precision}.{format}", format, precision, 1000, "00", CHECK)
        for format, precisions in files.items()
        for precision in precisions
    )
    text = readme_text(Manifest("fruit", SPEC, entries))
    titles = re.findall("^## (.*)", text, re.MULTILINE)
    assert titles == [
        "In Python, with EdgeKit",
        "LiteRT in Python, without EdgeKit",
        "onnxruntime in Python, without EdgeKit",
        "TensorFlow.js in a page",
        "Core ML in an app",
        "TensorFlow Serving",
    ]
    assert "- `fruit.fp32.tflite`, `fruit.int8.tflite`: nothing more" in text
    assert "- `fruit.fp32.onnx`: the extra `onnx`: `pip install 'PATH-TO-EDGEKIT[onnx]'`" in text
    assert "Here `fruit.fp32.tflite`; alike: `fruit.int8.tflite`." in text


def test_what_verify_found_has_a_column() -> None:
    def entry(precision: str, verification: Any) -> ManifestEntry:
        return ManifestEntry(f"m.{precision}.tflite", "tflite", precision, 1, "00", CHECK, verification=verification)

    parity = {"count": 550, "unit": "photos", "agreement": 0.99}
    row = {"passed": True, "can_run": True, "accuracy": {"top1": 0.924}, "multi_label": None, "parity": parity}
    entries = (
        entry("fp32", {"source": "x", "result": row}),
        entry("int8", {"source": "x", "result": {**row, "passed": False, "accuracy": None}}),
        entry("int4", {"source": "x", "result": {"passed": False, "can_run": False}}),
        entry("fp16", None),
        entry("int6", {"result": {"passed": "yes", "parity": 7, "accuracy": [1]}}),
    )
    lines = [line for line in readme_text(Manifest("m", SPEC, entries)).splitlines() if line.startswith("|")]
    assert [line.split("|")[-2].strip() for line in lines] == [
        "`edgekit verify`",
        "---",
        "ok: 92.4 % right of 550 photos",
        "FAILED: 99.0 % as Keras of 550 photos",
        "not run here",
        "–",
        "FAILED",
    ]
    assert "edgekit verify" not in readme_text(Manifest("m", SPEC, (entry("fp32", None),)))


def test_an_edited_readme_is_left_alone(tmp_path: Path) -> None:
    entry = ManifestEntry("m.fp32.tflite", "tflite", "fp32", 1000, "00", CHECK)
    before = Manifest("m", SPEC, (entry,))
    after = Manifest("m", SPEC, (dataclasses.replace(entry, verification={"result": {"passed": True}}),))
    update_readme(tmp_path, before, after)
    assert not (tmp_path / "README.md").exists()
    write_readme(tmp_path, before)
    update_readme(tmp_path, before, after)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == readme_text(after)
    (tmp_path / "README.md").write_text("Mine.")
    update_readme(tmp_path, after, before)
    assert (tmp_path / "README.md").read_text() == "Mine."


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
