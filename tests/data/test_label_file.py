"""``labels.csv``: display names and descriptions in several languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.data import CachePolicy, DataOptions, open_dataset, read_label_file
from edgekit.errors import DataError
from edgekit.spec import ImageFormat, Label

FORMAT = ImageFormat(8, 6)
CLASSES = ("beagle", "poodle")
WHOLE = """label,name,description,name:de,description:de
beagle,Beagle,A small scent hound.,Beagle,"Ein kleiner, froher Laufhund."
poodle,Poodle,,Pudel,
"""


def write(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_names_and_descriptions_by_language(tmp_path: Path) -> None:
    assert read_label_file(write(tmp_path, WHOLE), CLASSES) == {
        "beagle": Label(
            "beagle",
            {"en": "Beagle", "de": "Beagle"},
            {"en": "A small scent hound.", "de": "Ein kleiner, froher Laufhund."},
        ),
        "poodle": Label("poodle", {"en": "Poodle", "de": "Pudel"}, {}),
    }


@pytest.mark.parametrize(
    ("column", "language"),
    [
        ("name", "en"),
        ("NAME:DE", "de"),
        ("name_de", "de"),
        ("name:pt-br", "pt-BR"),
        ("name:zh-hant", "zh-Hant"),
        ("name_zh_TW", "zh-TW"),
        ("name:yue", "yue"),
    ],
)
def test_languages(tmp_path: Path, column: str, language: str) -> None:
    found = read_label_file(write(tmp_path, f"label,{column}\nbeagle,Hund\n"), CLASSES)
    assert found["beagle"].names == {language: "Hund"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\nbeagle,Beagle\n", r"no column 'label' with the classes' ids\. Its columns: id, name"),
        ("label,notes\nbeagle,x\n", "neither names nor descriptions"),
        ("label,name\nbeagle,Beagle\nbeegle,Beagle\n", r"line 3 describes 'beegle', which is no class.*beagle, poodle"),
        ("label,name\nbeagle,Beagle\npoodle,P\nbeagle,B\n", r"line 4 describes 'beagle' once more"),
        ("label,name\n,Beagle\n", r"line 2 has no label"),
        ("label,name,name:en\nbeagle,a,b\n", "two columns with the name in 'en'"),
        ("label,name,nmae:de\nbeagle,a,b\n", r"the column 'nmae:de'\. A language stands behind"),
        ("label,name\nbeagle\n", "line 2 has 1 cells for 2 columns"),
        ("", "no content"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_label_file(write(tmp_path, text), CLASSES)
    assert "labels.csv" in str(caught.value)


def test_a_file_in_the_source_is_found(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    folder = make_folder({"beagle": 3, "poodle": 3, "pug": 3})
    write(folder, WHOLE)
    dataset = open_dataset(folder, FORMAT, DataOptions(cache=policy))
    assert [label.names.get("de") for label in dataset.class_labels] == ["Beagle", "Pudel", None]
    assert dataset.class_labels[2] == Label("pug")
    assert dataset.report.ignored == {}
    chosen = open_dataset(folder, FORMAT, DataOptions(cache=policy, classes=("pug", "beagle")))
    assert [label.id for label in chosen.class_labels] == ["pug", "beagle"]
    assert chosen.class_labels[1].names["en"] == "Beagle"


def test_a_file_beside_train_and_beside_a_table(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    folder = make_folder({"train/beagle": 2, "train/poodle": 2, "val/beagle": 1, "val/poodle": 1})
    write(folder, WHOLE)
    rows = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.rglob("*.png"))]
    table = write(folder, "\n".join(["file,label", *rows]), "dogs.csv")
    for source in (folder, table):
        dataset = open_dataset(source, FORMAT, DataOptions(cache=policy))
        assert dataset.class_labels[1].names == {"en": "Poodle", "de": "Pudel"}


def test_a_file_that_was_named_goes_first(
    make_folder: Callable[..., Path], policy: CachePolicy, tmp_path: Path
) -> None:
    folder = make_folder({"beagle": 3, "poodle": 3})
    write(folder, WHOLE)
    other = write(tmp_path, "label;name:fr\npoodle;Caniche\n", "french.csv")
    dataset = open_dataset(folder, FORMAT, DataOptions(cache=policy, labels=other))
    assert [dict(label.names) for label in dataset.class_labels] == [{}, {"fr": "Caniche"}]
    with pytest.raises(DataError, match=r"gone\.csv does not exist"):
        open_dataset(folder, FORMAT, DataOptions(cache=policy, labels=tmp_path / "gone.csv"))


def test_without_a_file_labels_are_the_class_names(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    dataset = open_dataset(make_folder({"a": 3, "b": 3}), FORMAT, DataOptions(cache=policy))
    assert dataset.class_labels == (Label("a"), Label("b"))


def test_a_table_of_photos_that_is_called_labels_is_no_label_file(
    make_folder: Callable[..., Path], policy: CachePolicy
) -> None:
    folder = make_folder({"a": 3, "b": 3})
    rows = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.rglob("*.png"))]
    table = write(folder, "\n".join(["file,label", *rows]))
    for source in (folder, table):
        assert open_dataset(source, FORMAT, DataOptions(cache=policy)).class_labels == (Label("a"), Label("b"))


def test_a_found_file_without_labels_is_refused_and_another_table_is_not(
    make_folder: Callable[..., Path], policy: CachePolicy
) -> None:
    folder = make_folder({"a": 3, "b": 3})
    write(folder, "id,name\na,First\n")
    with pytest.raises(DataError, match=r"labels\.csv has no column 'label'"):
        open_dataset(folder, FORMAT, DataOptions(cache=policy))
    write(folder, "count,day\n3,monday\n")
    assert open_dataset(folder, FORMAT, DataOptions(cache=policy)).report.ignored == {".csv": 1}


def test_a_class_whose_folder_is_empty_may_be_described(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    folder = make_folder({"a": 3, "b": 3, "c": 0})
    write(folder, "label,name\nc,Third\na,First\n")
    dataset = open_dataset(folder, FORMAT, DataOptions(cache=policy))
    assert dataset.class_labels == (Label("a", {"en": "First"}), Label("b"))
