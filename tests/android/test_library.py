"""The Kotlin library on a JVM: it compiles without a warning, and does what Python does."""

from __future__ import annotations

import re

import pytest

from tests.android.conftest import PHOTOS
from tests.android.maven import MavenRun


def test_it_compiles_and_all_its_tests_pass(kotlin_run: MavenRun) -> None:
    failed = [f"{case.name}\n{case.problem}" for case in kotlin_run.library if case.problem]
    assert not failed, "\n\n".join(failed)
    assert kotlin_run.code == 0, kotlin_run.log[-5000:]
    assert not [case.name for case in kotlin_run.library if case.skipped]


@pytest.mark.parametrize("kind", ["PhotosTest", "core.GoldenVectorsTest", "core.AgainstPythonTest", "ClassifierTest"])
def test_what_proves_the_most_was_run(kotlin_run: MavenRun, kind: str) -> None:
    assert [case for case in kotlin_run.library if case.name.startswith(f"dev.edgekit.{kind}.")]


def test_every_photo_was_compared(kotlin_run: MavenRun) -> None:
    lines = re.findall(rf"(fp32|int8): top-1 (\d+) of {PHOTOS}, .*", kotlin_run.log)
    assert [precision for precision, _ in lines] == ["fp32", "int8"]
