"""The advice that follows a failure: never what has just failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.api.export_failures import explain_failure
from edgekit.artifact import Check
from edgekit.converters.jobs import Job, Outcome


@pytest.mark.parametrize(("precision", "advice"), [("int8", "use int8-dynamic"), ("int8-dynamic", "")])
def test_a_promise_that_was_not_kept(precision: str, advice: str, tmp_path: Path) -> None:
    name = f"model.{precision}.tflite"
    job = Job("tflite", precision, name, str(tmp_path), None, "reference.npz", {}, str(tmp_path / name))
    error = f"{name} does not keep the promises of {precision}: No weights are int8."
    said = explain_failure(Outcome(job, Check(), error, tmp_path / "log.txt"))
    assert said.rstrip(".").endswith(advice)
    assert bool(said) is bool(advice)
