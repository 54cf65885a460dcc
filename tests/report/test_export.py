"""What an export says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from edgekit.artifact import Check
from edgekit.manifest import ManifestEntry
from edgekit.report.export import export_text
from edgekit.report.table import text_width


def entry(precision: str, engine: str = "ai-edge-litert 2.3.0 (XNNPACK)") -> ManifestEntry:
    check = Check("64 training photos", engine, {"agreement": 1.0, "max_difference": 2e-7})
    return ManifestEntry(f"flowers.{precision}.tflite", "tflite", precision, 2_200_000, "ab" * 32, check, None)


def test_the_comparison_is_told_once() -> None:
    text = export_text(Path("dist"), [entry("fp32"), entry("int8-dynamic")], [])
    assert text.count("XNNPACK") == 1
    assert "\nCompared on 64 training photos with ai-edge-litert 2.3.0 (XNNPACK).\n" in text
    assert max(map(text_width, text.splitlines())) <= 80


def test_different_engines_are_told_apart() -> None:
    text = export_text(Path("dist"), [entry("fp32"), entry("fp16"), entry("int8", "another 1.0")], [])
    assert (
        "\nCompared on 64 training photos with:\n  flowers.fp32.tflite  ai-edge-litert 2.3.0 (XNNPACK)\n"
        "  flowers.fp16.tflite  ai-edge-litert 2.3.0 (XNNPACK)\n  flowers.int8.tflite  another 1.0\n" in text
    )


def test_what_was_not_run_is_not_called_verified() -> None:
    check = Check("64 training photos", reason="The op 'foo' is not known.", notes=("It needs iOS 18.",))
    text = export_text(
        Path("dist"), [entry("fp32"), ManifestEntry("a.mlpackage", "coreml", "fp16", 1, "00", check)], []
    )
    assert "a.mlpackage" in text
    assert "not verified" in text
    assert "\nNOT VERIFIED a.mlpackage: The op 'foo' is not known." in text
    assert "\na.mlpackage: It needs iOS 18.\n" in text


def test_a_failure_names_its_log() -> None:
    failure = SimpleNamespace(file="a.int8.tflite", reason="It crashed.", log="dist/logs/a.log")
    assert export_text(Path("dist"), [], [failure]) == (
        "\nFAILED a.int8.tflite: It crashed.\n  The converter's log: dist/logs/a.log"
    )
