"""The report's sentences and its JSON form."""

from __future__ import annotations

import json

from edgekit.data.report import CacheUse, Copy, DataReport, DuplicateGroup, UnreadableFile

LEAK = DuplicateGroup("ab" * 32, (Copy("train/a/1.jpg", "train", "a"), Copy("val/a/2.jpg", "validation", "a")))
CONFLICT = DuplicateGroup("cd" * 32, (Copy("train/a/3.jpg", "train", "a"), Copy("train/b/4.jpg", "train", "b")))


def report(**changes: object) -> DataReport:
    fields: dict[str, object] = {
        "source": "photos",
        "class_names": ("a", "b"),
        "images": {"train": (8, 6), "validation": (2, 2)},
        "split": "folders",
    }
    return DataReport(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_sound_source_warns_of_nothing() -> None:
    assert report().warnings() == []
    assert report().notes() == ["18 photos in 2 classes: 14 train, 4 validation."]


def test_duplicates_are_told_by_what_they_do() -> None:
    found = report(duplicates=(LEAK, CONFLICT))
    assert found.across_split == (LEAK,)
    assert found.across_classes == (CONFLICT,)
    leak, conflict = found.warnings()
    assert leak.startswith("1 photo is on both sides of the split")
    assert "train/a/1.jpg = val/a/2.jpg" in leak
    assert conflict.startswith("1 photo is under different classes")


def test_strong_imbalance_names_both_ends() -> None:
    (sentence,) = report(images={"train": (1000, 100), "validation": (9, 9)}).warnings()
    assert "1,000 training photos of 'a', 100 of 'b'" in sentence
    assert report(images={"train": (999, 100), "validation": (9, 9)}).warnings() == []


def test_what_was_left_out_is_told() -> None:
    warnings = report(
        unreadable=(UnreadableFile("a/1.jpg", "the file is empty"),),
        images={"train": (8, 6), "validation": (4, 0)},
        empty_folders=("photos/c",),
        outside=2,
        first_outside="photos/x.jpg",
    ).warnings()
    assert warnings == [
        "1 file cannot be read and is left out: a/1.jpg (the file is empty).",
        "There are no validation photos of b.",
        "No images in photos/c: not taken as a class.",
        "2 photos in no class folder are ignored (photos/x.jpg, ...).",
    ]


def test_ignored_files_are_counted_by_kind() -> None:
    notes = report(ignored={".txt": 2, ".csv": 1}, repeated=3, unused_folders=("photos/raw",)).notes()
    assert "Ignored: 3 files that are not images (.txt 2, .csv 1)." in notes
    assert "Not used: photos/raw." in notes
    assert "3 photos are further copies of one in the same class." in notes


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    found = report(ignored={".txt": 1}, repeated=1, outside=1, first_outside="photos/x.jpg")
    assert found.notes()[1:] == [
        "Ignored: 1 file that is not an image (.txt 1).",
        "1 photo is a further copy of one in the same class.",
    ]
    assert found.warnings() == ["1 photo in no class folder is ignored (photos/x.jpg)."]


def test_the_summary_counts_each_class() -> None:
    assert report(images={"train": (1800, 6), "validation": (200, 2)}).summary().splitlines() == [
        "2,008 photos in 2 classes: 1,806 train, 202 validation.",
        "  train  validation  class",
        "  1,800         200  a",
        "      6           2  b",
    ]


def test_the_summary_of_many_classes_is_cut() -> None:
    names = tuple(f"class {number}" for number in range(23))
    lines = report(class_names=names, images={"train": (2,) * 23, "validation": (1,) * 23}).summary().splitlines()
    assert lines[-2].endswith("class 19")
    assert lines[-1] == "  and 3 more"


def test_long_lists_are_cut() -> None:
    (sentence,) = report(unreadable=tuple(UnreadableFile(f"{i}.jpg", "x") for i in range(9))).warnings()
    assert "0.jpg (x); 1.jpg (x); 2.jpg (x) and 6 more" in sentence


def test_the_dictionary_is_json() -> None:
    document = report(duplicates=(LEAK,), cache=CacheUse("built", "cache", 12)).to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["images"] == {"train": {"a": 8, "b": 6}, "validation": {"a": 2, "b": 2}}
    assert document["totals"] == {"train": 14, "validation": 4}
    assert document["across_split"][0]["copies"][1] == {"file": "val/a/2.jpg", "part": "validation", "label": "a"}
    assert document["cache"]["state"] == "built"
