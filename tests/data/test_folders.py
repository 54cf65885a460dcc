"""Walking folders: what is an image, what is hidden, and links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit.data.folders import ancestors, find_images, is_hidden, is_image, list_folder
from edgekit.errors import DataError


@pytest.mark.parametrize("name", ["a.jpg", "A.JPG", "b.jpeg", "c.PNG", "d.webp", "e.tiff", "f.bmp", "g.heic", "h.gif"])
def test_images_are_known_by_their_suffix(name: str) -> None:
    assert is_image(name)


@pytest.mark.parametrize("name", ["a.txt", "a.jpg.txt", "a", "jpg", "clip.mp4", "labels.csv", ".jpg"])
def test_other_files_are_no_images(name: str) -> None:
    assert not is_image(name)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "Desktop.INI", "__MACOSX", "._a.jpg", "@eaDir"])
def test_leftovers_of_systems_are_hidden(name: str) -> None:
    assert is_hidden(name)


def test_hidden_files_and_folders_are_not_listed(tmp_path: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.jpg", "a.jpg"):
        (tmp_path / name).touch()
    for name in (".git", "__MACOSX", "rose"):
        (tmp_path / name).mkdir()
    listed = list_folder(str(tmp_path))
    assert listed.files == ("a.jpg",)
    assert listed.folders == ("rose",)


def test_nested_images_belong_to_the_folder_and_others_are_counted(tmp_path: Path) -> None:
    (tmp_path / "2024" / "may").mkdir(parents=True)
    for name in ("1.jpg", "2024/2.png", "2024/may/3.JPG", "2024/may/notes.txt", "list.csv", "README"):
        (tmp_path / name).touch()
    found = find_images(str(tmp_path), ())
    assert [os.path.relpath(path, tmp_path) for path in found.paths] == ["1.jpg", "2024/2.png", "2024/may/3.JPG"]
    assert found.ignored == {".txt": 1, ".csv": 1, "(no suffix)": 1}


def test_link_loops_end_and_bring_no_other_images_in(tmp_path: Path) -> None:
    rose, tulip = tmp_path / "rose", tmp_path / "tulip"
    for folder in (rose, tulip):
        folder.mkdir()
        (folder / f"{folder.name}.jpg").touch()
    (rose / "self").symlink_to(rose)
    (rose / "up").symlink_to(tmp_path)
    (rose / "far-up").symlink_to(tmp_path.parent)
    (rose / "circle.jpg").symlink_to(rose / "circle.jpg")
    (rose / "circle").symlink_to(rose / "circle")
    found = find_images(str(rose), ancestors(str(tmp_path)))
    assert [Path(path).name for path in found.paths] == ["circle.jpg", "rose.jpg"]


def test_linked_files_and_folders_are_followed_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.jpg").touch()
    rose = tmp_path / "photos" / "rose"
    rose.mkdir(parents=True)
    (rose / "folder").symlink_to(elsewhere)
    (rose / "again").symlink_to(elsewhere)
    (rose / "2.jpg").symlink_to(elsewhere / "1.jpg")
    found = find_images(str(rose), ancestors(str(rose.parent)))
    assert [os.path.relpath(path, rose) for path in found.paths] == ["2.jpg", "again/1.jpg"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot list the folder .*gone"):
        list_folder(str(tmp_path / "gone"))
