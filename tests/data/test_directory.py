"""The class-per-folder source: layouts, class names, subsets and every refusal."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from edgekit.data import DataOptions
from edgekit.data.records import Listing, PartName
from edgekit.data.sources import list_labelled, list_source
from edgekit.data.sources.directory import find_layout, part_folder
from edgekit.errors import DataError, UsageError


def list_directory(source: Path, validation: Path | None = None, classes: tuple[str, ...] | None = None) -> Listing:
    return list_source(source, DataOptions(validation=validation or 0.2, classes=classes))


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_class_names_are_the_sorted_folder_names(tmp_path: Path) -> None:
    listing = list_directory(touch(tmp_path, "tulip/1.jpg", "Rose/1.jpg", "daisy/1.jpg", "daisy/x.txt", "top.csv"))
    assert listing.class_names == ("Rose", "daisy", "tulip")
    assert [record.labels for record in listing.records] == [("Rose",), ("daisy",), ("tulip",)]
    assert {record.part for record in listing.records} == {None}
    assert listing.ignored == {".txt": 1, ".csv": 1}


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val"])
def test_a_divided_source_is_found(tmp_path: Path, validation: str) -> None:
    names = ["train/a/1.jpg", "train/b/1.jpg", f"{validation}/a/2.jpg", "test/b/3.jpg", "notes/c/4.jpg"]
    listing = list_directory(touch(tmp_path, *names))
    assert listing.class_names == ("a", "b")
    assert [(record.part, *record.labels) for record in listing.records] == [
        ("train", "a"),
        ("train", "b"),
        ("validation", "a"),
        ("test", "b"),
    ]
    assert listing.unused_folders == (str(tmp_path / "notes"),)


@pytest.mark.parametrize(
    ("folders", "divided"),
    [
        (["train", "val"], True),
        (["train", "test"], True),
        (["train"], True),
        (["train", "bus", "car"], False),
        (["train", "bus", "test"], False),
        (["train", "val", "bus"], True),
        (["rose", "tulip"], False),
    ],
)
def test_a_class_may_be_called_train(tmp_path: Path, folders: list[str], divided: bool) -> None:
    touch(tmp_path, *(f"{folder}/x/1.jpg" for folder in folders))
    layout = find_layout(str(tmp_path))
    assert layout.train == (str(tmp_path / "train") if divided else str(tmp_path))


def test_train_without_val_is_split_and_test_is_kept(tmp_path: Path) -> None:
    listing = list_directory(touch(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "test/a/2.jpg"))
    assert [record.part for record in listing.records] == [None, None, "test"]


def test_two_validation_folders_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1.jpg", "val/a/1.jpg", "validation/a/1.jpg")
    with pytest.raises(DataError, match="folders val, validation, which mean the same"):
        list_directory(tmp_path)


def test_parts_without_train_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no train folder"):
        list_directory(touch(tmp_path, "val/a/1.jpg", "test/a/1.jpg"))


def test_another_folder_is_the_validation_part(tmp_path: Path) -> None:
    source = touch(tmp_path / "source", "a/1.jpg", "b/1.jpg", "holdout/a/9.jpg", "holdout/b/9.jpg")
    listing = list_directory(source, source / "holdout")
    assert listing.class_names == ("a", "b")
    assert [record.part for record in listing.records] == ["train", "train", "validation", "validation"]


def test_another_validation_folder_goes_before_the_sources_own(tmp_path: Path) -> None:
    source = touch(tmp_path / "source", "train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg")
    other = touch(tmp_path / "other", "train/a/7.jpg", "val/b/8.jpg")
    listing = list_directory(source, other)
    held_out = [record.name for record in listing.records if record.part == "validation"]
    assert held_out == [str(other / "val" / "b" / "8.jpg")]
    assert listing.unused_folders == (str(source / "val"),)


def test_classes_pick_and_order(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "train/c/1.jpg", "val/a/1.jpg", "val/zzz/1.jpg")
    listing = list_directory(tmp_path, classes=("c", "a"))
    assert listing.class_names == ("c", "a")
    assert sorted(record.labels for record in listing.records) == [("a",), ("a",), ("c",)]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (("a", "rose"), r"no class rose\. Its classes: a, b\."),
        (("a", "a"), "named twice"),
        (("a",), "at least two classes"),
        ((), "at least two classes"),
    ],
)
def test_wrong_classes_are_refused(tmp_path: Path, classes: tuple[str, ...], message: str) -> None:
    touch(tmp_path, "a/1.jpg", "b/1.jpg")
    with pytest.raises(UsageError, match=message):
        list_directory(tmp_path, classes=classes)


def test_classes_of_validation_that_training_lacks_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/rose/1.jpg", "val/tulip/1.jpg")
    with pytest.raises(DataError, match=r"classes rose, tulip, but .*train has no such class.* a, b"):
        list_directory(tmp_path)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "is empty"),
        (["1.jpg", "2.jpg"], "2 images but no class folders"),
        (["a/notes.txt"], "no images in class folders"),
        (["a/1.jpg"], r"one class only \(a\)"),
        (["a/1.jpg", "b/notes.txt"], r"one class only \(a\)"),
        (["train/a/1.jpg", "train/b/1.jpg", "val/readme.txt"], "val has no images in class folders"),
    ],
)
def test_sources_that_cannot_train_are_refused(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list_directory(touch(tmp_path, *names))


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        list_directory(tmp_path / "gone")


def test_a_file_as_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        list_directory(touch(tmp_path, "photos.jpg") / "photos.jpg")


def test_empty_class_folders_and_stray_images_are_noted(tmp_path: Path) -> None:
    listing = list_directory(touch(tmp_path, "a/1.jpg", "b/1.jpg", "c/notes.txt", "stray.jpg"))
    assert listing.class_names == ("a", "b")
    assert listing.empty_folders == (str(tmp_path / "c"),)
    assert listing.outside == 1


def test_a_link_from_the_classes_back_to_the_source_is_no_class(tmp_path: Path) -> None:
    source = touch(tmp_path / "source", "a/1.jpg", "b/1.jpg")
    (source / "loop").symlink_to(source)
    (source / "up").symlink_to(tmp_path)
    assert list_directory(source).class_names == ("a", "b")


def test_names_with_spaces_and_other_letters(tmp_path: Path) -> None:
    listing = list_directory(touch(tmp_path, "Rote Röse/ein Bild.jpg", "バラ/写真 1.jpg"))
    assert listing.class_names == ("Rote Röse", "バラ")
    assert all(Path(str(record.content)).exists() for record in listing.records)


def test_decomposed_and_composed_letters_are_one_class(tmp_path: Path) -> None:
    touch(tmp_path, f"train/{unicodedata.normalize('NFD', 'Bäume')}/1.jpg", "train/b/1.jpg")
    touch(tmp_path, f"val/{unicodedata.normalize('NFC', 'Bäume')}/1.jpg")
    assert list_directory(tmp_path).class_names == ("Bäume", "b")


def test_bytes_that_are_no_utf8_are_printable(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"ros\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (folder / os.fsdecode(b"b\xfcld.jpg")).touch()
    touch(tmp_path, "tulip/1.jpg")
    listing = list_directory(tmp_path)
    assert listing.class_names == ("ros\\xe9", "tulip")
    assert listing.records[0].name.endswith("b\\xfcld.jpg")
    assert "".join(record.name for record in listing.records).encode()
    assert Path(str(listing.records[0].content)).exists()


def test_labelled_folders_are_matched_by_name(tmp_path: Path) -> None:
    listing = list_labelled(touch(tmp_path, "b/1.jpg", "c/1.jpg"), ("c", "a", "b"), "train", DataOptions())
    assert listing.class_names == ("c", "a", "b")
    assert sorted(record.labels for record in listing.records) == [("b",), ("c",)]


def test_labelled_folders_without_a_label_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"class rose, but the model has no such label\. Its labels: a, b\."):
        list_labelled(touch(tmp_path, "a/1.jpg", "rose/1.jpg"), ("a", "b"), "validation", DataOptions())


@pytest.mark.parametrize(
    ("names", "part", "expected"),
    [
        (["train/a/1.jpg", "val/a/1.jpg", "test/a/1.jpg"], "validation", "val"),
        (["train/a/1.jpg", "val/a/1.jpg", "test/a/1.jpg"], "train", "train"),
        (["train/a/1.jpg", "val/a/1.jpg", "test/a/1.jpg"], "test", "test"),
        (["train/a/1.jpg", "val/a/1.jpg", "more/a/1.jpg"], "validation", "val"),
        (["train/a/1.jpg", "test/a/1.jpg"], "validation", "test"),
        (["val/a/1.jpg"], "validation", "val"),
        (["a/1.jpg", "b/1.jpg"], "validation", "."),
        (["a/1.jpg", "b/1.jpg"], "train", "."),
        (["train/1.jpg", "bus/1.jpg"], "train", "."),
    ],
)
def test_the_folder_of_a_part(tmp_path: Path, names: list[str], part: PartName, expected: str) -> None:
    assert Path(part_folder(str(touch(tmp_path, *names)), part)) == tmp_path / expected


def test_a_part_that_a_divided_source_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has the folder train, but no validation folder"):
        part_folder(str(touch(tmp_path, "train/a/1.jpg")), "validation")
