"""The Kotlin library on a JVM: it compiles without a warning, and does what Python does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.android.library_cases import write_cases
from tests.android.library_photos import export_classifier, write_photos
from tests.android.maven import MavenRun, find_lack, run_maven
from tests.conftest import missing

PHOTOS = 100


@pytest.fixture(scope="session")
def flower_photos(shared_data: Path) -> list[Path]:
    """Validation photos of all labels."""
    return sorted((shared_data / "flowers-224" / "val").glob("*/*.jpg"))[:: 550 // PHOTOS][:PHOTOS]


@pytest.fixture(scope="session")
def library_run(
    repository: Path, shared_data: Path, flower_photos: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> MavenRun:
    """All of the library's tests, those against Python's answers included."""
    if lack := find_lack():
        missing(lack)
    pytest.importorskip("tensorflow", reason="exporting needs the extra 'tensorflow'")
    cases = tmp_path_factory.mktemp("cases")
    models = export_classifier(shared_data, tmp_path_factory.mktemp("model") / "dist")
    write_cases(cases)
    write_photos(models, flower_photos, cases)
    return run_maven(repository, "edgekit", repository / ".cache" / "android", f"-Dedgekit.cases={cases}")


def test_it_compiles_and_all_its_tests_pass(library_run: MavenRun) -> None:
    failed = [f"{case.name}\n{case.problem}" for case in library_run.cases if case.problem]
    assert not failed, "\n\n".join(failed)
    assert library_run.code == 0, library_run.log[-5000:]
    assert not [case.name for case in library_run.cases if case.skipped]


@pytest.mark.parametrize("kind", ["PhotosTest", "core.GoldenVectorsTest", "core.AgainstPythonTest", "ClassifierTest"])
def test_what_proves_the_most_was_run(library_run: MavenRun, kind: str) -> None:
    assert [case for case in library_run.cases if case.name.startswith(f"dev.edgekit.{kind}.")]


def test_every_photo_was_compared(library_run: MavenRun) -> None:
    lines = re.findall(rf"(fp32|int8): top-1 (\d+) of {PHOTOS}, .*", library_run.log)
    assert [precision for precision, _ in lines] == ["fp32", "int8"]
