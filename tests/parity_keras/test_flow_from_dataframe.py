"""``ImageDataGenerator.flow_from_dataframe``, row by row. Keras' side runs where pandas is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.data import Columns
from edgekit.errors import DataError, UsageError
from edgekit.training.objective import Objective
from tests.parity_keras.rows import row
from tests.parity_keras.side_by_side import CLASSES, HEIGHT, WIDTH, key, of_dataset, of_part, read

PANDAS = importlib.util.find_spec("pandas") is not None

Table = list[dict[str, Any]]


@pytest.fixture
def table(photos: Path) -> Table:
    """A row for each photo; every third one has both tags."""
    return [
        {
            "file": str(path.relative_to(photos)),
            "breed": path.parent.name,
            "tags": list(CLASSES) if number % 3 == 0 else [path.parent.name],
            **{name: int(number % 3 == 0 or path.parent.name == name) for name in CLASSES},
            "part": "val" if number % 5 == 0 else "train",
        }
        for number, path in enumerate(sorted(photos.rglob("*.png")))
    ]


def write(rows: Table, photos: Path, columns: Sequence[str], name: str) -> Path:
    """A CSV file beside the photos."""
    path = photos.parent / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for entry in rows:
            cells = {**entry, "file": f"{photos.name}/{entry['file']}"}
            cells["tags"] = ";".join(cells["tags"])
            writer.writerow([cells[column] for column in columns])
    return path


def flow(rows: Table, photos: Path, **settings: Any) -> Any:
    """Keras' iterator."""
    import pandas
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    options = {"x_col": "file", "y_col": "breed", "target_size": (HEIGHT, WIDTH), "shuffle": False, "batch_size": 100}
    return ImageDataGenerator().flow_from_dataframe(pandas.DataFrame(rows), str(photos), **{**options, **settings})


def labels_of(iterator: Any) -> dict[str, Any]:
    return {key(name): label.tolist() for name, label in zip(iterator.filenames, iterator[0][1], strict=True)}


@row("flow_from_dataframe", "dataframe", "directory", "x_col", "y_col", 'class_mode="sparse"')
def test_a_table(photos: Path, table: Table, tmp_path: Path) -> None:
    path = write(table, photos, ["file", "breed", "part"], "table.csv")
    columns = Columns(image="file", label="breed")
    ours = {name: int(label) for name, (_, label) in of_dataset(read(path, columns=columns)).items()}
    assert ours == {entry["file"]: CLASSES.index(entry["breed"]) for entry in table}
    elsewhere = path.rename(tmp_path / "table.csv")
    with pytest.raises(DataError):
        read(elsewhere, columns=columns)
    assert set(of_dataset(read(elsewhere, columns=columns, root=photos.parent))) == set(ours)
    if PANDAS:
        import pandas

        assert labels_of(flow(table, photos, class_mode="sparse")) == ours
        frame = pandas.DataFrame(table).assign(file=[str(photos / entry["file"]) for entry in table])
        from_frame = of_dataset(read(frame, columns=columns))
        assert {name: int(label) for name, (_, label) in from_frame.items()} == ours


@row("flow_from_dataframe", 'class_mode="categorical"', 'class_mode="binary"')
@pytest.mark.parametrize(("mode", "task"), [("categorical", "multi-class"), ("binary", "binary")])
def test_targets(photos: Path, table: Table, mode: str, task: Any) -> None:
    path = write(table, photos, ["file", "breed"], f"{mode}.csv")
    ours = of_dataset(read(path, columns=Columns(label="breed")))
    targets = {name: Objective(task, 2).targets(np.array([label]))[0].tolist() for name, (_, label) in ours.items()}
    one_hot = {entry["file"]: [float(entry["breed"] == name) for name in CLASSES] for entry in table}
    assert targets == (one_hot if mode == "categorical" else {name: row[1:] for name, row in one_hot.items()})
    if PANDAS:
        theirs = labels_of(flow(table, photos, class_mode=mode))
        assert {name: np.atleast_1d(label).tolist() for name, label in theirs.items()} == targets


@row("flow_from_dataframe", 'class_mode="categorical" with lists', 'y_col=["cat", "dog"]')
def test_several_labels(photos: Path, table: Table) -> None:
    lists = read(write(table, photos, ["file", "tags"], "tags.csv"))
    rows_of_0_and_1 = read(write(table, photos, ["file", *CLASSES], "columns.csv"), columns=Columns(label=CLASSES))
    wanted = {entry["file"]: [entry[name] for name in CLASSES] for entry in table}
    for dataset in (lists, rows_of_0_and_1):
        assert dataset.multi_label
        assert dataset.class_names == CLASSES
        assert {name: label.tolist() for name, (_, label) in of_dataset(dataset).items()} == wanted
    if PANDAS:
        assert labels_of(flow(table, photos, y_col="tags")) == wanted
        assert labels_of(flow(table, photos, y_col=list(CLASSES), class_mode="raw")) == wanted


@row("flow_from_dataframe", 'class_mode="raw"', 'class_mode="multi_output"')
def test_numbers_to_be_estimated_are_refused(photos: Path, table: Table) -> None:
    weights = [{**entry, "breed": 1.5 * number} for number, entry in enumerate(table)]
    if PANDAS:
        assert flow(weights, photos, class_mode="raw")[0][1].tolist() == [1.5 * number for number in range(20)]
        outputs = flow(table, photos, y_col=list(CLASSES), class_mode="multi_output")[0][1]
        assert len(outputs) == 2
    with pytest.raises(DataError, match=r"one photo only|two different"):
        read(write(weights, photos, ["file", "breed"], "raw.csv"), columns=Columns(label="breed"))
    with pytest.raises(UsageError, match="class_mode"):
        edgekit.train(photos, class_mode="multi_output")


@row("flow_from_dataframe", "weight_col")
def test_a_column_of_weights_is_refused(photos: Path) -> None:
    with pytest.raises(UsageError, match="weight_col"):
        edgekit.train(photos, weight_col="weight")


@row("flow_from_dataframe", "classes")
def test_choice_of_classes(photos: Path, table: Table, tmp_path: Path) -> None:
    more = [*table, *({**entry, "breed": "red"} for entry in table[:3])]
    path = write(more, photos, ["file", "breed"], "three.csv")
    ours = read(path, classes=["green", "blue"], columns=Columns(label="breed"))
    assert ours.class_names == ("green", "blue")
    assert len(of_dataset(ours)) == 20
    if PANDAS:
        theirs = flow(more, photos, classes=["green", "blue"])
        assert theirs.samples == 20
        assert theirs.class_indices == {"green": 0, "blue": 1}


@row("flow_from_dataframe", "subset")
def test_a_column_says_the_part(photos: Path, table: Table) -> None:
    path = write(table, photos, ["file", "breed", "part"], "parts.csv")
    ours = read(path, columns=Columns(label="breed", split="part"))
    for part, name in ((ours.train, "train"), (ours.validation, "val")):
        assert set(of_part(part)) == {entry["file"] for entry in table if entry["part"] == name}


@row("flow_from_dataframe", "validate_filenames=True")
def test_missing_files(photos: Path, table: Table) -> None:
    broken = [*table, {**table[0], "file": "blue/absent.png"}]
    path = write(broken, photos, ["file", "breed"], "missing.csv")
    with pytest.raises(DataError, match=r"absent\.png"):
        read(path, columns=Columns(label="breed"))
    ours = read(path, columns=Columns(label="breed"), skip_unreadable=True)
    assert len(of_dataset(ours)) == 20
    if PANDAS:
        with pytest.warns(UserWarning, match="1 invalid image filename"):
            assert flow(broken, photos).samples == 20
