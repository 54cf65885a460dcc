"""Tables: CSV, TSV and DataFrames, and every mistake with its line."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgekit.data import CachePolicy, Columns, DataOptions, open_dataset, open_labelled
from edgekit.data.sources import list_source
from edgekit.errors import DataError, EdgeKitError, UsageError
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(8, 6)
CLASSES = ("rose", "tulip")


@pytest.fixture
def options(policy: CachePolicy) -> DataOptions:
    return DataOptions(cache=policy)


@pytest.fixture
def photos(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    """Ten photos of roses and ten of tulips, below ``photos`` in the returned folder."""
    for index in range(20):
        write_photo(tmp_path / "photos" / CLASSES[index % 2] / f"{index}.png", seed=index)
    return tmp_path


def rows(*columns: Callable[[int], str], first: str = "file,label") -> str:
    made = [",".join([f"photos/{CLASSES[i % 2]}/{i}.png", *(column(i) for column in columns)]) for i in range(20)]
    return "\n".join([first, *made]) + "\n"


PLAIN = rows(lambda i: CLASSES[i % 2])


def write(folder: Path, text: str | bytes, name: str = "flowers.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_paths_start_from_the_tables_folder(photos: Path, options: DataOptions) -> None:
    dataset = open_dataset(write(photos, PLAIN), FORMAT, options)
    assert dataset.class_names == CLASSES
    assert (len(dataset.train), len(dataset.validation), dataset.test) == (16, 4, None)
    for file, label in zip(dataset.train.files, dataset.train.labels.tolist(), strict=True):
        assert Path(file).parent.name == CLASSES[label]
    by_folder = open_dataset(photos / "photos", FORMAT, options)
    assert by_folder.digest == dataset.digest
    assert by_folder.report.cache.state == "reused"


def test_the_second_run_reads_nothing(photos: Path, options: DataOptions, listener: Any) -> None:
    table = write(photos, PLAIN)
    open_dataset(table, FORMAT, options)
    open_dataset(table, FORMAT, options, listener)
    assert listener.tasks == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda text: text.replace(",", ";"), "semicolons.csv"),
        (lambda text: text.replace(",", "\t"), "tabs.tsv"),
        (lambda text: "\ufeff" + text, "bom.csv"),
        (lambda text: text.replace("\n", "\r\n"), "windows.csv"),
        (lambda text: text.replace("/", "\\"), "backslashes.csv"),
        (lambda text: text.replace("file,label", " Image Path , Class "), "spaces.csv"),
        (lambda text: text.replace("rose\n", '"rose"\n') + "\n\n", "quotes.csv"),
        (lambda text: text.rstrip("\n"), "UPPER.CSV"),
    ],
)
def test_tables_as_programs_write_them(
    photos: Path, options: DataOptions, change: Callable[[str], str], name: str
) -> None:
    dataset = open_dataset(write(photos, change(PLAIN), name), FORMAT, options)
    assert dataset.class_names == CLASSES
    assert len(dataset.train) + len(dataset.validation) == 20


@pytest.mark.parametrize("name", ["image", "path", "file", "filename", "filepath", "image_path", "File_Name"])
def test_common_names_of_the_image_column(photos: Path, name: str) -> None:
    listing = list_source(write(photos, PLAIN.replace("file,", f"{name},")), DataOptions())
    assert len(listing.records) == 20


@pytest.mark.parametrize("name", ["label", "class", "category", "labels", "tags", "target", "Label"])
def test_common_names_of_the_label_column(photos: Path, name: str) -> None:
    listing = list_source(write(photos, PLAIN.replace("label", name)), DataOptions())
    assert listing.class_names == CLASSES


@pytest.mark.parametrize("name", ["split", "part", "subset", "set"])
def test_a_column_says_the_part(photos: Path, options: DataOptions, name: str) -> None:
    text = rows(
        lambda i: CLASSES[i % 2],
        lambda i: ["train", "Training", "val", "valid", "validation", "test"][i % 6],
        first=f"file,label,{name}",
    )
    dataset = open_dataset(write(photos, text), FORMAT, options)
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (8, 9, 3)
    assert dataset.report.split == "folders"


def test_train_and_test_rows_leave_the_validation_to_the_split(photos: Path, options: DataOptions) -> None:
    text = rows(lambda i: CLASSES[i % 2], lambda i: "test" if i >= 16 else "train", first="file,label,split")
    dataset = open_dataset(write(photos, text), FORMAT, options)
    assert dataset.test is not None
    assert (len(dataset.test), dataset.report.split) == (4, "share")
    assert {Path(file).stem for file in dataset.test.files} == {"16", "17", "18", "19"}


def test_columns_can_be_named(photos: Path, options: DataOptions) -> None:
    text = rows(
        lambda i: "x",
        lambda i: CLASSES[i % 2],
        lambda i: "val" if i < 4 else "train",
        first="file,label,species,fold",
    )
    named = replace(options, columns=Columns(label="species", split="fold"))
    dataset = open_dataset(write(photos, text), FORMAT, named)
    assert (dataset.class_names, len(dataset.validation)) == (CLASSES, 4)


def test_absolute_paths_and_another_root(photos: Path, options: DataOptions, tmp_path: Path) -> None:
    elsewhere = tmp_path / "tables"
    elsewhere.mkdir()
    absolute = write(elsewhere, PLAIN.replace("photos/", f"{photos}/photos/"), "absolute.csv")
    relative = write(elsewhere, PLAIN, "relative.csv")
    upwards = write(elsewhere, PLAIN.replace("photos/", "../photos/"), "upwards.csv")
    digests = {
        open_dataset(absolute, FORMAT, options).digest,
        open_dataset(relative, FORMAT, replace(options, root=photos)).digest,
        open_dataset(upwards, FORMAT, options).digest,
    }
    assert len(digests) == 1


@pytest.mark.parametrize("separator", [";", "|", " ; "])
def test_several_labels_in_a_cell(photos: Path, options: DataOptions, separator: str) -> None:
    text = rows(lambda i: separator.join(["beach", "sunset", "people"][: i % 3 + 1]))
    dataset = open_dataset(write(photos, text), FORMAT, options)
    assert dataset.multi_label
    assert dataset.class_names == ("beach", "people", "sunset")
    assert dataset.train.labels.dtype == np.uint8
    for part in (dataset.train, dataset.validation):
        for file, row in zip(part.files, part.labels.tolist(), strict=True):
            number = int(Path(file).stem) % 3
            assert row == [1, int(number == 2), int(number >= 1)]
    assert dataset.report.total("train") == len(dataset.train)
    assert dataset.report.images["train"][0] == len(dataset.train)
    assert "20 photos with 3 labels" in dataset.report.summary()


def test_a_photo_may_have_none_of_several_labels(photos: Path, options: DataOptions) -> None:
    dataset = open_dataset(write(photos, rows(lambda i: ["beach;sunset", "beach", ";"][i % 3])), FORMAT, options)
    none = [row for part in (dataset.train, dataset.validation) for row in part.labels.tolist() if sum(row) == 0]
    assert len(none) == 6


def test_one_column_for_each_class(photos: Path, options: DataOptions) -> None:
    one_hot = rows(lambda i: str(1 - i % 2), lambda i: str(i % 2), first="file,rose,tulip")
    dataset = open_dataset(write(photos, one_hot), FORMAT, options)
    assert (dataset.class_names, dataset.multi_label) == (CLASSES, False)
    assert dataset.digest == open_dataset(write(photos, PLAIN, "names.csv"), FORMAT, options).digest
    several = rows(lambda i: str(i % 2), lambda i: str(int(i < 9)), lambda i: "note", first="file,b,a,text")
    chosen = replace(options, columns=Columns(label=("b", "a")))
    dataset = open_dataset(write(photos, several), FORMAT, chosen)
    assert (dataset.class_names, dataset.multi_label) == (("b", "a"), True)


def test_numbers_as_labels_are_sorted_by_value(photos: Path) -> None:
    assert list_source(write(photos, rows(lambda i: str(i % 11))), DataOptions()).class_names == tuple(
        str(value) for value in range(11)
    )


def test_classes_pick_and_order(photos: Path, options: DataOptions) -> None:
    text = write(photos, rows(lambda i: ["c", "a", "b", "a"][i % 4]))
    dataset = open_dataset(text, FORMAT, replace(options, classes=("c", "a")))
    assert dataset.class_names == ("c", "a")
    assert len(dataset.train) + len(dataset.validation) == 15
    with pytest.raises(UsageError, match=r"no class x\. Its classes: a, b, c"):
        open_dataset(text, FORMAT, replace(options, classes=("x", "a")))


def test_classes_of_several_labels_keep_every_photo(photos: Path, options: DataOptions) -> None:
    text = write(photos, rows(lambda i: ["a;b", "b", "a;c"][i % 3]))
    dataset = open_dataset(text, FORMAT, replace(options, classes=("c", "a")))
    assert dataset.class_names == ("c", "a")
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    assert labels.sum(axis=0).tolist() == [6, 13]
    assert len(labels) == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no content"),
        ("file,label\n", "a header but no rows"),
        ("file,text\na.png,rose\n", r"no column for the labels.*Its columns: file, text.*Columns\(label=\.\.\.\)"),
        ("photos,label\na.png,rose\n", r"no column for the photos' paths.*Its columns: photos, label"),
        ("a.png,rose\nb.png,tulip\n", r"no column for the photos' paths.*a\.png, rose.*first line names the columns"),
        ("file,label,label\na.png,rose,x\n", r"line 1 names the column 'label' twice"),
        ("file,path,label\na.png,a.png,rose\n", r"several columns that could be the photos' paths: file, path"),
        ("file,label,tags\na.png,a,rose\n", r"several columns that could be the labels: label, tags"),
        ("file,label\na.png,rose\nb.png,\n", r"flowers\.csv, line 3 has no label in the column 'label'"),
        ("file,label\na.png,rose\n\n,tulip\n", r"flowers\.csv, line 4 has no photo in the column 'file'"),
        ("file,label\na.png,rose\nb.png\n", r"line 3 has 1 cells for 2 columns \(file, label\)"),
        ("file,label\na.png,rose, red\n", r"line 2 has 3 cells for 2 columns"),
        ('file,label\n"a\nb.png",rose\nb.png\n', r"line 4 has 1 cells"),
        ('file,label\na.png,"rose\n', r"line 2 is no valid CSV"),
        ("file,label,split\na.png,rose,training\nb.png,rose,holdout\n", r"line 3 has 'holdout' in the column 'split'"),
        ("file,label,split\na.png,rose,train\nb.png,rose,\n", r"line 3 has '' in the column 'split'"),
        ("file,label,split\na.png,rose,val\nb.png,rose,test\n", r"no rows for train in its column 'split'"),
        ("file,rose,tulip\na.png,1,0\nb.png,2,0\n", r"must hold 0 and 1 only"),
        ("file,label\na.png,rose\nb.png,rose\n", r"one class only \(rose\)"),
        (b"file,label\na.png,rose\nb\xfccher.png,tulip\n", r"line 3 is not UTF-8 \(byte 0xfc\)"),
        ("file,label\na.png,rose\n".encode("utf-16"), r"is not UTF-8 \(it looks like UTF-16"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        list_source(write(tmp_path, text), DataOptions())
    assert "flowers.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(image="photo"), "no column 'photo'. Its columns: file, label"),
        (Columns(label="kind"), "no column 'kind'"),
        (Columns(label=("label", "kind")), "no column 'kind'"),
        (Columns(label=()), "names no column"),
        (Columns(split="part"), "no column 'part'"),
    ],
)
def test_columns_that_are_not_there_are_named(photos: Path, columns: Columns, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list_source(write(photos, PLAIN), DataOptions(columns=columns))


def test_a_cell_of_a_label_column_must_be_0_or_1(photos: Path) -> None:
    text = rows(lambda i: "1", lambda i: "maybe" if i == 5 else "0", first="file,a,b")
    with pytest.raises(DataError, match=r"line 7 has 'maybe' in the label column 'b'"):
        list_source(write(photos, text), DataOptions(columns=Columns(label=("a", "b"))))


def test_missing_and_unreadable_photos_are_named_with_their_line(photos: Path, options: DataOptions) -> None:
    (photos / "photos" / "rose" / "2.png").unlink()
    (photos / "photos" / "tulip" / "5.png").write_bytes(b"no photo")
    table = write(photos, PLAIN)
    with pytest.raises(DataError, match="2 of 20 image files") as caught:
        open_dataset(table, FORMAT, options)
    assert f"2.png (no such file; {table}, line 4)" in str(caught.value)
    assert f"5.png (no known image format; {table}, line 7)" in str(caught.value)
    dataset = open_dataset(table, FORMAT, replace(options, skip_unreadable=True))
    assert len(dataset.train) + len(dataset.validation) == 18
    assert len(dataset.report.unreadable) == 2


def test_a_missing_table_and_a_folder_with_its_name(photos: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv does not exist"):
        list_source(photos / "gone.csv", DataOptions())
    shutil.move(photos / "photos", photos / "photos.csv")
    assert list_source(photos / "photos.csv", DataOptions()).class_names == CLASSES


def test_a_class_of_validation_that_training_lacks_is_named(photos: Path) -> None:
    text = rows(lambda i: CLASSES[i % 2], lambda i: "val" if i % 2 else "train", first="file,label,split")
    with pytest.raises(DataError, match=r"The validation part of .*flowers\.csv has the class tulip, but training has"):
        list_source(write(photos, text), DataOptions())


def test_another_table_is_the_validation_part(photos: Path, options: DataOptions) -> None:
    header, *lines = PLAIN.splitlines()
    train = write(photos, "\n".join([header, *lines[:12]]), "train.csv")
    held_out = write(photos, "\n".join([header, *lines[12:16]]), "val.csv")
    test = write(photos, "\n".join([header, *lines[16:]]), "test.csv")
    dataset = open_dataset(train, FORMAT, replace(options, validation=held_out, test=test))
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (12, 4, 4)
    unknown = write(photos, "\n".join([header, "photos/rose/0.png,lily"]), "unknown.csv")
    with pytest.raises(DataError, match=r"unknown\.csv has the class lily, but .*train\.csv has no such class"):
        open_dataset(train, FORMAT, replace(options, validation=unknown))


def test_several_labels_in_validation_only_are_refused(photos: Path, options: DataOptions) -> None:
    several = write(photos, rows(lambda i: "rose;tulip"), "several.csv")
    with pytest.raises(DataError, match="several labels, or none, but those of"):
        open_dataset(write(photos, PLAIN), FORMAT, replace(options, validation=several))


def test_a_data_frame_is_a_table(photos: Path, options: DataOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    table = write(photos, PLAIN)
    frame = pd.read_csv(table)
    by_file = open_dataset(table, FORMAT, options)
    assert open_dataset(frame, FORMAT, replace(options, root=photos)).digest == by_file.digest
    monkeypatch.chdir(photos)
    dataset = open_dataset(frame[frame.index >= 4], FORMAT, replace(options, validation=frame[:4]))
    assert (len(dataset.train), len(dataset.validation), dataset.report.source) == (16, 4, "DataFrame")


@pytest.mark.parametrize(
    "cells",
    [
        [["a", "b"], ["b"], [], ("a",)] * 5,
        [{"a", "b"}, {"b"}, set(), {"a"}] * 5,
        [np.array(["a", "b"]), np.array(["b"]), np.array([]), np.array(["a"])] * 5,
    ],
)
def test_lists_in_a_data_frame_are_several_labels(photos: Path, options: DataOptions, cells: list[Any]) -> None:
    frame = pd.DataFrame({"image": [photos / "photos" / CLASSES[i % 2] / f"{i}.png" for i in range(20)], "tags": cells})
    dataset = open_dataset(frame, FORMAT, options)
    assert (dataset.class_names, dataset.multi_label) == (("a", "b"), True)
    labels = np.concatenate([dataset.train.labels, dataset.validation.labels])
    assert labels.sum(axis=0).tolist() == [10, 10]


def test_kinds_of_data_frame_columns(photos: Path) -> None:
    paths = [str(photos / "photos" / CLASSES[i % 2] / f"{i}.png") for i in range(20)]
    numbers = [float(i % 12) for i in range(20)]
    for labels in (numbers, pd.Categorical([str(int(n)) for n in numbers]), pd.array(numbers, dtype="Int64")):
        frame = pd.DataFrame({"path": pd.array(paths, dtype="string"), "label": labels})
        assert list_source(frame, DataOptions()).class_names == tuple(str(value) for value in range(12))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
def test_missing_values_of_a_data_frame_are_named_with_their_row(missing: Any) -> None:
    frame = pd.DataFrame({"path": ["a.png", "b.png"], "label": pd.Series(["rose", missing], dtype=object)})
    with pytest.raises(DataError, match="DataFrame, row 1 has no label"):
        list_source(frame, DataOptions())
    frame = pd.DataFrame({"path": pd.Series(["a.png", missing], dtype=object), "label": ["rose", "tulip"]})
    with pytest.raises(DataError, match="DataFrame, row 1 has no photo"):
        list_source(frame, DataOptions())


def test_faulty_data_frames(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        list_source(pd.DataFrame({"path": [], "label": []}), DataOptions())
    with pytest.raises(DataError, match="names the column 'label' twice"):
        list_source(pd.DataFrame([["a", "b", "c"]], columns=["path", "label", "label"]), DataOptions())
    with pytest.raises(UsageError, match="does not exist"):
        list_source(pd.DataFrame({"path": ["a"], "label": ["b"]}), DataOptions(root=tmp_path / "gone"))


def test_a_model_is_judged_on_a_table(photos: Path, policy: CachePolicy) -> None:
    text = rows(lambda i: CLASSES[i % 2], lambda i: "val" if i < 6 else "train", first="file,label,split")
    table = write(photos, text)
    part = open_labelled(table, FORMAT, ("tulip", "daisy", "rose"), cache=policy)
    assert part.labels.tolist() == [2, 0] * 3
    assert len(open_labelled(table, FORMAT, ("tulip", "rose"), part="train", cache=policy, limit=5)) == 5
    with pytest.raises(DataError, match=r"class tulip, but the model has no such label\. Its labels: rose, lily"):
        open_labelled(table, FORMAT, ("rose", "lily"), cache=policy)
    with pytest.raises(DataError, match="no rows for test"):
        open_labelled(table, FORMAT, CLASSES, part="test", cache=policy)


def test_a_multi_label_model_is_judged_on_a_table(photos: Path, policy: CachePolicy) -> None:
    table = write(photos, rows(lambda i: ["a;b", "b"][i % 2]))
    part = open_labelled(table, FORMAT, ("b", "x", "a"), cache=policy, multi_label=True)
    assert part.labels.tolist() == [[1, 0, 1], [1, 0, 0]] * 10
    with pytest.raises(DataError, match="several labels, or none, but the model answers one"):
        open_labelled(table, FORMAT, ("a", "b"), cache=policy, multi_label=False)
    one_each = open_labelled(write(photos, PLAIN, "one.csv"), FORMAT, CLASSES, cache=policy, multi_label=True)
    assert one_each.labels[:2].tolist() == [[1, 0], [0, 1]]


def test_grayscale_goes_through(photos: Path, options: DataOptions) -> None:
    dataset = open_dataset(write(photos, PLAIN), ImageFormat(8, 6, color="grayscale"), options)
    assert dataset.train.images.take(np.arange(3)).shape == (3, 6, 8, 1)


def test_no_mistake_is_a_traceback(tmp_path: Path) -> None:
    """Every single-character damage of a sound table ends in a listing or in a sentence."""
    text = "file,label,split\na.png,rose,train\nb.png,tulip,val\n"
    for place in range(len(text)):
        for character in ("", ",", ";", '"', "\n", "\0", "\r", "\ud800"):
            damaged = text[:place] + character + text[place + (character != "") :]
            path = write(tmp_path, damaged.encode("utf-8", "surrogatepass"))
            with contextlib.suppress(EdgeKitError):
                list_source(path, DataOptions())
