"""The README of an export folder."""

from __future__ import annotations

import ast

from edgekit.artifact import Manifest, ManifestEntry
from edgekit.report.folder import readme_text
from edgekit.spec import ImageFormat, Label, image_classifier

SPEC = image_classifier("fruit", (Label("apple"), Label("pear")), ImageFormat(32, 32))
CHECK = {"agreement": 1.0, "max_difference": 1e-6, "engine": "litert", "inputs": "64 photos"}


def test_a_quote_in_the_name_does_not_break_the_snippet() -> None:
    entry = ManifestEntry('a"b.fp32.tflite', "tflite", "fp32", 1000, "00", CHECK)
    text = readme_text(Manifest('a"b', SPEC, (entry,)))
    ast.parse(text.split("```python")[1].split("```")[0])


def test_what_a_newer_edgekit_wrote_is_listed_without_figures() -> None:
    entries = (
        ManifestEntry("fruit.fp32.tflite", "tflite", "fp32", 1000, "00", CHECK),
        ManifestEntry("fruit.fp32.future", "future", "fp32", 2000, "00", {"looks": "good"}),
    )
    text = readme_text(Manifest("fruit", SPEC, entries))
    assert "`fruit.fp32.future` | 2.00 KB | | | |" in text
    assert text.count("```python") == 1
