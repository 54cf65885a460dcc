"""CSV files and DataFrames with every mistake that spreadsheets make easy, and ``labels.csv``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from edgekit.data import Columns, Dataset
from edgekit.errors import DataError, UsageError
from edgekit.language import display_name
from tests.faults.table import Bench, Check, Make, Row, as_table, fails, pets, run_row, works
from tests.faults.ways import labels_of, opening, photos, training, warned

HEAD = "file,label\n"
ROWS_OF_PETS = "".join(f"{name},{name[:3]}\n" for name in pets())
SOUND = HEAD + ROWS_OF_PETS


def table(text: str | bytes, name: str = "pets.csv") -> Make:
    """A table beside its photos."""

    def build(bench: Bench) -> Path:
        data = text if isinstance(text, bytes) else text.encode()
        return bench.write({**pets(), name: data}) / name

    return build


def frame(change: Callable[[pd.DataFrame], Any] = lambda rows: rows) -> Make:
    """A DataFrame of paths, with its mistake."""

    def build(bench: Bench) -> Any:
        root = bench.write(pets())
        return change(pd.DataFrame({"file": [str(root / name) for name in pets()],
                                    "label": [name[:3] for name in pets()]}))  # fmt: skip

    return build


def _absolute(bench: Bench) -> Path:
    root = bench.write(pets())
    path = bench.tmp / "elsewhere" / "pets.csv"
    path.parent.mkdir()
    path.write_text(HEAD + "".join(f"{root / name},{name[:3]}\n" for name in pets()))
    return path


def _upwards(bench: Bench) -> Path:
    bench.write(pets())
    path = bench.tmp / "tables" / "pets.csv"
    path.parent.mkdir()
    path.write_text(HEAD + "".join(f"../pets/{name},{name[:3]}\n" for name in pets()))
    return path


def _folder_named_csv(bench: Bench) -> Path:
    return bench.write(pets(), "pets.csv")


def labelled(**expected: tuple[str, ...]) -> Check:
    """Checks the labels of single photos."""

    def check(dataset: Dataset, bench: Bench) -> None:
        found = labels_of(dataset)
        assert {name: found[f"{name}.png"] for name in expected} == expected

    return check


def lines(*rows: str, head: str = "file,label") -> str:
    return "\n".join([head, *rows, ""])


def labels(text: str, *, inside: bool = False) -> Make:
    """Sound photos with a file of class names: in the folder itself, or to be named."""
    return lambda bench: bench.write({**pets(), "labels.csv" if inside else "names.csv": text.encode()})


def with_names(source: Path, bench: Bench) -> Any:
    return opening(labels=source / "names.csv")(source, bench)


def trained_with_names(source: Path, bench: Bench) -> Any:
    return training(labels=source / "names.csv")(source, bench)


def named(cat: str, dog: str) -> Check:
    def check(dataset: Dataset, bench: Bench) -> None:
        photos(6)(dataset, bench)
        assert [display_name(label, "en") for label in dataset.class_labels] == [cat, dog]

    return check


FILES = (
    fails("table-missing", lambda bench: bench.tmp / "gone.csv", training(), DataError, "gone.csv does not exist",
          "Check the path"),
    fails("table-empty", table(""), training(), DataError, "pets.csv has no content", "Give it a row a photo"),
    fails("header-only", table(HEAD), training(), DataError, "pets.csv has a header but no rows", "Give it a row"),
    fails("utf-16", table(SOUND.encode("utf-16")), training(), DataError, "pets.csv is not UTF-8", "Save it as CSV in"),
    fails("latin-1", table("file,label\na.png,Bär\n".encode("latin-1")), training(), DataError,
          r"pets.csv, line 2 is not UTF-8 \(byte 0xe4\)", "Save it as CSV in UTF-8"),
    fails("excel-file-named-csv", table(b"PK\x03\x04\0\0" + bytes(100)), training(), DataError, "pets.csv is not UTF-8",
          "Save it as CSV"),
    fails("ragged", table(SOUND + "cat/0.png,cat,extra\n"), training(), DataError,
          "pets.csv, line 8 has 3 cells for 2 columns", "needs quotation marks"),
    fails("quote-without-end", table(SOUND + '"cat/0.png,cat\n'), training(), DataError, "pets.csv, line 8",
          "no valid CSV .*Check its quotation marks"),
    fails("header-twice", table("file,label,label\na.png,cat,cat\n"), training(), DataError,
          "line 1 names the column 'label' twice", "a name of its own"),
    fails("no-header", table(ROWS_OF_PETS), training(), DataError, "pets.csv has no column for the photos' paths",
          "The first line names the columns"),
    fails("no-image-column", table("number,label\n1,cat\n"), training(), DataError, "no column for the photos' paths",
          r"Columns\(image="),
    fails("no-label-column", table("file,width\na.png,12\n"), training(), DataError, "no column for the labels",
          r"Columns\(label="),
    fails("two-label-columns", table("file,label,class\na.png,cat,cat\n"), training(), DataError,
          "several columns that could be the labels: label, class", r"Columns\(label="),
    fails("unknown-column", table(SOUND), training(columns=Columns(label="breed")), UsageError, "no column 'breed'",
          "Its columns: file, label"),
    fails("columns-as-a-mapping", table(SOUND), training(columns={"label": "breed"}), UsageError, "columns is Columns",
          "Got: "),
    fails("column-as-a-number", table(SOUND), lambda source, bench: training(columns=Columns(label=1))(source, bench),
          # type: ignore[arg-type]
          UsageError, "known by its name", "Got: 1"),
    fails("no-label-columns-named", table(SOUND), training(columns=Columns(label=())), UsageError,
          r"Columns\(label=", "names no column"),
    fails("a-folder-named-csv-without-photos", lambda bench: bench.write({"a.txt": b""}, "x.csv"), training(),
          DataError, "x.csv has no images", "Put each"),
    works("a-folder-named-csv", _folder_named_csv, opening(), photos(6)),
    works("byte-order-mark", table(SOUND.encode("utf-8-sig")), opening(), photos(6)),
    works("semicolons", table(SOUND.replace(",", ";")), opening(), photos(6)),
    works("tabs", table(SOUND.replace(",", "\t"), "pets.tsv"), opening(), photos(6)),
    works("windows-line-ends-and-blank-lines", table(SOUND.replace("\n", "\r\n") + "\r\n,\r\n"), opening(), photos(6)),
)  # fmt: skip

CELLS = (
    fails("photo-missing", table(SOUND + "cat/gone.png,cat\n"), training(), DataError,
          r"cat/gone.png \(no such file; \S+pets.csv, line 8\)", "Remove them, or pass --skip-unreadable"),
    fails("path-empty", table(SOUND + ",cat\n"), training(), DataError, "line 8 has no photo in the column 'file'",
          "Add its path, or leave the row out"),
    fails("path-is-a-folder", table(SOUND + "cat,cat\n"), training(), DataError, r"pets/cat \(", "line 8"),
    fails("path-is-an-address", table(SOUND + "https://example.org/a.png,cat\n"), training(), DataError,
          "example.org", "line 8"),
    fails("path-with-a-null-byte", table(SOUND + ROWS_OF_PETS * 20 + "cat/\0.png,cat\n"), training(),
          DataError, r"pets/cat/\\?.*\.png \(.*null", "line"),
    fails("label-empty", table(SOUND + "cat/0.png,\n"), training(), DataError, "line 8 has no label in the column",
          "Add one, or leave the row out"),
    fails("one-class-in-the-table", table(lines("cat/0.png,cat", "cat/1.png,cat")), training(), DataError,
          r"one class only \(cat\)", "at least two"),
    fails("a-class-with-one-photo", table(SOUND + "cat/0.png,cow\n"), training(), DataError,
          "class 'cow' has one photo only", "add photos"),
    fails("split-unknown", table(lines("cat/0.png,cat,holdout", head="file,label,split")), training(), DataError,
          "line 2 has 'holdout' in the column 'split'", "train, validation or test"),
    fails("split-empty", table(lines("cat/0.png,cat,", head="file,label,split")), training(), DataError,
          "line 2 has '' in the column 'split'", "train, validation or test"),
    fails("split-without-train", table(lines("cat/0.png,cat,val", head="file,label,split")), training(), DataError,
          "pets.csv has no rows for train", "in its column 'split'"),
    fails("class-in-validation-only", table(lines("cat/0.png,cat,train", "dog/0.png,dog,train", "dog/1.png,cow,val",
          head="file,label,split")), training(), DataError, "validation part of .* has the class cow", "Rename or"),
    fails("zero-one-columns-with-a-two", table(lines("cat/0.png,1,0", "dog/0.png,2,1", head="file,cat,dog")),
          training(), DataError, "no column for the labels", "must hold 0 and 1 only"),
    fails("named-zero-one-columns-with-a-two", table(lines("cat/0.png,1,0", "dog/0.png,2,1", head="file,cat,dog")),
          training(columns=Columns(label=("cat", "dog"))), DataError, "line 3 has '2' in the label column 'cat'",
          "must be 0 or 1"),
    fails("root-missing", table(SOUND), opening(root="gone"), UsageError, "folder gone", "does not exist"),
    fails("binary-of-many-labels", table(lines("cat/0.png,cat;old", "dog/0.png,dog", "dog/1.png,old")),
          training(task="binary"), UsageError, "several labels, so the task is multi-label", "Got: binary"),
    fails("multi-label-of-one-each", table(SOUND), training(task="multi-label"), UsageError,
          "Every photo .* has one label", "Use multi-class, or a table"),
    works("missing-photos-left-out", table(SOUND + "cat/gone.png,cat\n"), opening(skip_unreadable=True),
          warned("gone.png")),
    works("absolute-paths", _absolute, opening(), photos(6)),
    works("paths-that-go-up", _upwards, opening(), photos(6)),
    works("windows-paths", table(SOUND.replace("/", "\\")), opening(), photos(6)),
    works("spaces-around", table(SOUND.replace(",", " , ")), opening(), photos(6)),
    works("labels-in-different-case", table(SOUND + "cat/0.png,Cat\ncat/1.png,Cat\n"), opening(),
          warned("'Cat' and 'cat' are spelt almost alike", photos(8, "Cat", "cat", "dog"))),
    works("a-photo-with-two-labels-in-two-rows", table(SOUND + "cat/0.png,dog\n"), opening(),
          warned("under different classes", photos(7))),
    works("several-labels",
          table(lines(*(f"{name},{name[:3]};{'old' if '0' in name else 'young'}" for name in pets()))),
          opening(), photos(6, "cat", "dog", "old", "young")),
    works("a-photo-without-labels", table(SOUND + "../pets/cat/0.png,;\n"), opening(), photos(7)),
    works("numbers-are-classes", table(SOUND.replace(",cat", ",10").replace(",dog", ",2")), opening(),
          photos(6, "2", "10")),
)  # fmt: skip

FRAMES = (
    fails("frame-empty", frame(lambda rows: rows[:0]), training(), DataError, "DataFrame", "no rows"),
    fails("frame-without-labels", frame(lambda rows: rows[["file"]]), training(), DataError,
          "DataFrame has no column for the labels", r"Columns\(label="),
    fails("frame-with-numbered-columns", frame(lambda rows: rows.set_axis([0, 1], axis=1)), training(), DataError,
          "DataFrame has no column for the photos", "Its columns: 0, 1"),
    fails("frame-with-repeated-columns", frame(lambda rows: rows.set_axis(["file", "file"], axis=1)), training(),
          DataError, "column 'file' twice", "a name of its own"),
    fails("frame-with-levels", frame(lambda rows: rows.set_axis(pd.MultiIndex.from_tuples([("a", "file"), ("a",
          "label")]), axis=1)), training(), DataError, "DataFrame", r"Columns\(image="),
    fails("frame-with-a-missing-label", frame(lambda rows: rows.assign(label=[None, *rows.label[1:]])), training(),
          DataError, "DataFrame, row 0 has no label", "Add one"),
    fails("frame-with-a-missing-path", frame(lambda rows: rows.assign(file=[float("nan"), *rows.file[1:]])),
          training(), DataError, "DataFrame, row 0 has no photo", "'file'"),
    fails("frame-with-relative-paths", frame(lambda rows: rows.assign(file=["gone.png", *rows.file[1:]])), training(),
          DataError, r"gone.png \(no such file; DataFrame, row 0\)", "Remove them"),
    fails("a-series", frame(lambda rows: rows.label), training(), DataError, "Series", "photo"),
    works("frame-with-floating-labels", frame(lambda rows: rows.assign(label=[1.0, 1.0, 1.0, 2.0, 2.0, 2.0])),
          opening(), photos(6, "1", "2")),
    works("frame-with-paths-and-lists", frame(lambda rows: rows.assign(file=[Path(file) for file in rows.file],
          label=[["cat"]] * 3 + [["dog", "old"]] * 3)), opening(), photos(6, "cat", "dog", "old")),
    works("frame-of-categories", frame(lambda rows: rows.astype({"label": "category"})), opening(), photos(6)),
)  # fmt: skip

NAMES = (
    fails("names-missing", lambda bench: bench.write(pets()), trained_with_names, DataError, "names.csv does not exist",
          "Check the path"),
    fails("names-as-a-number", lambda bench: bench.write(pets()), training(labels=3), UsageError, "labels",
          "path"),
    fails("names-are-a-folder", lambda bench: bench.write(pets()), lambda source, bench: training(labels=source)(
          source, bench), DataError, "Cannot read .*pets", "directory|folder"),
    fails("names-without-labels", labels("name,description\nCat,Purrs\n"), trained_with_names, DataError,
          "names.csv has no column 'label'", "Its columns: name, description"),
    fails("names-without-names", labels("label,breed\ncat,x\n"), trained_with_names, DataError,
          "neither names nor descriptions", "Add name, description"),
    fails("names-of-an-unknown-class", labels("label,name\ncat,Cat\ncow,Cow\n"), trained_with_names, DataError,
          "names.csv, line 3 describes 'cow', which is no class", "The classes: cat, dog"),
    fails("names-twice", labels("label,name\ncat,Cat\ncat,Tomcat\n"), trained_with_names, DataError, "line 3",
          "twice|again"),
    fails("names-without-a-class", labels("label,name\n,Cat\n"), trained_with_names, DataError, "line 2 has no label",
          "one of: cat, dog"),
    fails("names-in-no-language", labels("label,name:deutsch sprache\ncat,Katze\n"), trained_with_names, DataError,
          "the column 'name:deutsch sprache'", "name:de or description:pt-BR"),
    fails("names-in-a-language-twice", labels("label,name:de,name_de\ncat,Katze,Kater\n"), trained_with_names,
          DataError, "two columns with the name in 'de'", "Keep one of them"),
    fails("names-ragged", labels("label,name\ncat,Cat, the\n"), trained_with_names, DataError,
          "names.csv, line 2 has 3 cells for 2", "quotation marks"),
    fails("names-inside-broken", labels("label,name\ncow,Cow\n", inside=True), training(), DataError,
          "labels.csv, line 2 describes 'cow'", "The classes: cat, dog"),
    works("names-with-semicolons-and-mark", labels("\ufefflabel;name\ncat;Cat\ndog;Dog\n"), with_names,
          named("Cat", "Dog")),
    works("names-of-some-classes", labels("label,name\ndog,Dog\n"), with_names, named("cat", "Dog")),
    works("names-with-markup", labels('label,name,description\ncat,<b>Cat</b>,"a\nb"\ndog,Dog,\n', inside=True),
          opening(), named("<b>Cat</b>", "Dog")),
)  # fmt: skip

ROWS = (*FILES, *CELLS, *FRAMES, *NAMES)


@as_table(ROWS)
def test_table(row: Row, bench: Bench) -> None:
    run_row(row, bench)
