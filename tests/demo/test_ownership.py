"""``edgekit demo --force`` removes nothing but what a demo made."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.demo.ownership import mark, refuse_foreign
from edgekit.errors import OutputError


def check(folder: Path) -> None:
    refuse_foreign(folder / "photos", folder / "fruit.keras", folder / "dist")


def test_an_empty_place_is_free(tmp_path: Path) -> None:
    check(tmp_path)


def test_what_a_demo_left_may_go(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    mark(tmp_path / "photos")
    (tmp_path / "fruit.keras").touch()
    (tmp_path / "dist" / "logs").mkdir(parents=True)
    check(tmp_path)


@pytest.mark.parametrize("name", ["photos/holiday.jpg", "fruit.keras", "dist/thesis.pdf"])
def test_anything_else_stays(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="not made by edgekit demo"):
        check(tmp_path)


def test_the_exports_of_another_model_stay(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "manifest.json").write_text('{"name": "flowers"}', encoding="utf-8")
    with pytest.raises(OutputError, match="dist was not made"):
        check(tmp_path)
