"""What the commands print with ``--json`` is what ``docs/json.md`` says: every field, its type, and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgekit.spec import ModelSpec
from tests.cli.conftest import Run, Unbroken

SPEC_PAGE = "spec.md"
PICTURES = {"report", "learning_curves", "samples", "augmentation", "confusion_matrix", "per_class", "mistakes"}
PLAIN: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "any": (str, int, float, bool, list, dict),
}


@dataclass(frozen=True)
class Field:
    """One row of a table."""

    type: str
    optional: bool


Tables = dict[str, dict[str, Field]]


def read_tables(text: str) -> Tables:
    """The tables of ``docs/json.md``: anchor of the section to field to type."""
    tables: Tables = {}
    anchor = ""
    for line in text.splitlines():
        if heading := re.match(r"#{2,3} (.+)", line):
            anchor = re.sub(r"[^\w-]", "", heading[1].lower().replace(" ", "-"))
            tables.setdefault(anchor, {})
        elif row := re.match(r"\| `(\w+)` \| ([^|]+) \|", line):
            kind = row[2].strip()
            tables[anchor][row[1]] = Field(kind.removesuffix(", optional"), kind.endswith(", optional"))
    return tables


class Checker:
    """Compares documents with the tables and collects what does not fit."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.problems: list[str] = []

    def check_object(self, value: Any, anchor: str, place: str, extra: str | None = None) -> None:
        """Compares an object with a section, and with a second one whose fields join it."""
        fields = {**self.tables[anchor], **(self.tables[extra] if extra else {})}
        if not isinstance(value, dict):
            self.problems.append(f"{place} is no object")
            return
        self.problems += [f"{place}.{key} is not documented" for key in value if key not in fields]
        for name, field in fields.items():
            if name in value:
                self.check(value[name], field.type, f"{place}.{name}")
            elif not field.optional:
                self.problems.append(f"{place}.{name} is missing")

    def check(self, value: Any, kind: str, place: str) -> None:
        """Compares a value with a type as it is written in a table."""
        if kind.startswith("array of "):
            if not isinstance(value, list):
                self.problems.append(f"{place} is no array")
                return
            for index, item in enumerate(value):
                self.check(item, kind.removeprefix("array of "), f"{place}[{index}]")
        elif " or " in kind:
            self.check_any(value, kind.split(" or "), place)
        elif kind.startswith("object of "):
            if not isinstance(value, dict):
                self.problems.append(f"{place} is no object")
                return
            for key, item in value.items():
                self.check(item, kind.removeprefix("object of "), f"{place}.{key}")
        elif kind == "null":
            if value is not None:
                self.problems.append(f"{place} is {value!r}, not null")
        elif link := re.fullmatch(r"\[[^\]]+\]\((.+)\)", kind):
            page, _, anchor = link[1].partition("#")
            if page == SPEC_PAGE:
                assert ModelSpec.from_dict(value).to_dict() == value
            else:
                self.check_object(value, anchor, place)
        elif not isinstance(value, PLAIN[kind]) or (isinstance(value, bool) and kind not in ("boolean", "any")):
            self.problems.append(f"{place} is {value!r}, not of the type {kind}")

    def check_any(self, value: Any, kinds: Sequence[str], place: str) -> None:
        """Compares a value with several types, of which one must fit; what is said of the nearest."""
        if value is None and "null" in kinds:
            return
        found = []
        for kind in kinds:
            alone = Checker(self.tables)
            alone.check(value, kind, place)
            found.append(alone.problems)
        self.problems += next((problems for problems in found if not problems), found[0])


@pytest.fixture(scope="module")
def checker(repository: Path) -> Checker:
    return Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))


def assert_documented(checker: Checker, document: Any, anchor: str, extra: str | None = None) -> None:
    checker.problems.clear()
    checker.check_object(document, anchor, anchor, extra)
    assert checker.problems == []


def int8_file(folder: Path) -> Path:
    (path,) = folder.glob("*.int8.tflite")
    return path


def test_the_checker_finds_what_does_not_fit() -> None:
    checker = Checker(
        read_tables(
            "## a\n| `x` | integer |\n| `y` | array of [B](#b) |\n| `u` | string or object of number |\n"
            "| `v` | array of integer or null |\n### B\n| `z` | string or null |\n"
        )
    )
    checker.check_object({"x": True, "y": [{"z": 1}, {"z": None}, {}], "u": {"k": 1}, "v": [1, None], "w": 0}, "a", "a")
    checker.check(1, "string or object of number", "a.u")
    checker.check({"k": "1"}, "string or object of number", "a.u")
    checker.check("1", "array of integer or null", "a.v")
    assert checker.problems == [
        "a.w is not documented",
        "a.x is True, not of the type integer",
        "a.y[0].z is 1, not of the type string",
        "a.y[2].z is missing",
        "a.u is 1, not of the type string",
        "a.u is {'k': '1'}, not of the type string",
        "a.v is no array",
    ]


def test_every_command_has_a_section(checker: Checker) -> None:
    from edgekit.cli.main import COMMANDS

    assert set(COMMANDS) - {"completion"} <= set(checker.tables)


def assert_training_documented(checker: Checker, document: Any, output: Path) -> None:
    assert_documented(checker, document, "train", extra="training-result")
    saved = json.loads((output.with_suffix(".training") / "result.json").read_text(encoding="utf-8"))
    assert_documented(checker, saved, "training-result")
    assert {key: document[key] for key in saved} == saved
    named = {name for name in document["pictures"] if Path(document["pictures"][name]).is_file()}
    assert named == set(document["pictures"])


def test_train(checker: Checker, unbroken: Unbroken) -> None:
    document = unbroken.document
    assert_training_documented(checker, document, Path(document["file"]))
    assert set(document["pictures"]) == PICTURES
    assert (document["task"], document["precision"]) == ("multi-class", "float32")
    assert (document["ended"], document["failure"], document["resumed_after"]) == (None, None, 0)
    assert document["best"] in document["history"]
    assert document["last"] == document["history"][-1]
    assert not set(document["last"]) & {"f1", "val_f1"}


def test_train_of_several_labels(checker: Checker, run: Run, photos: Path, tmp_path: Path) -> None:
    fruits = {"apple": "red;round", "banana": "long", "grapes": ";", "orange": "round"}
    rows = [f"{path},{fruits[path.parent.name]},{path.parts[-3]}" for path in photos.rglob("*.jpg")]
    table = tmp_path / "tags.csv"
    table.write_text("\n".join(["image,labels,split", *rows]) + "\n", encoding="utf-8")
    options = ("--model", "tiny_cnn", "--image-size", 32, "--epochs", 2, "--stop-at", "loss=9", "--patience", 2)
    result = run("train", table, "-o", tmp_path / "x.keras", *options, "--json")
    assert result.code == 0, result.err
    document = result.document
    assert_training_documented(checker, document, tmp_path / "x.keras")
    assert document["task"] == "multi-label"
    assert document["classes"] == ["long", "red", "round"]
    assert {"f1", "val_f1", "learning_rate"} <= set(document["best"])
    assert document["ended"].startswith("loss reached 9 in epoch 1")
    assert document["spec"]["task"] == "multi-label-classification"


def test_a_training_with_every_setting(checker: Checker, run: Run, photos: Path, tmp_path: Path) -> None:
    from tests.training.pretrained import write_tiny_weights

    weights = write_tiny_weights(tmp_path / "tiny.weights.h5")
    options = (
        *("--model", "tiny_cnn", "--weights", weights, "--image-size", 32, "--epochs", 1, "--fine-tune", 1),
        *("--class-weights", "apple=2,orange=0.5", "--unfreeze", 3, "--augmentation", "none,rotation=10"),
        *("--optimizer", "sgd", "--momentum", 0.5, "--nesterov", "--weight-decay", 0.001, "--warmup", 0.5),
    )
    result = run("train", photos, "-o", tmp_path / "x.keras", *options, "--json")
    assert result.code == 0, result.err
    assert_training_documented(checker, result.document, tmp_path / "x.keras")
    assert result.document["config"]["class_weights"] == {"apple": 2.0, "orange": 0.5}
    assert result.document["stages"] == ["head", "fine-tuning"]


def test_data_report_with_everything_in_it(checker: Checker, photos: Path, tmp_path: Path) -> None:
    from edgekit.data import DataOptions, open_dataset
    from edgekit.spec import ImageFormat

    first, other = list((photos / "train").rglob("*.jpg"))[:2]
    for part, label in (("train", "a"), ("train", "b"), ("val", "a")):
        folder = tmp_path / part / label
        folder.mkdir(parents=True)
        (folder / "same.jpg").write_bytes(first.read_bytes())
    (tmp_path / "val" / "b").mkdir()
    (tmp_path / "val" / "b" / "other.jpg").write_bytes(other.read_bytes())
    (tmp_path / "train" / "a" / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "train" / "notes.txt").write_text("x", encoding="utf-8")
    report = open_dataset(tmp_path, ImageFormat(16, 16), DataOptions(skip_unreadable=True)).report.to_dict()
    assert report["unreadable"]
    assert report["across_split"]
    assert report["across_classes"]
    assert report["ignored"]
    assert_documented(checker, report, "data-report")


def test_export(checker: Checker, run: Run, trained: Path, exported: Path, tmp_path: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text(encoding="utf-8"))
    assert_documented(checker, manifest, "manifest")
    result = run("export", trained, "--to", "tflite:fp32", "-o", tmp_path / "dist", "--json")
    assert_documented(checker, result.document, "export")


def test_verify(checker: Checker, run: Run, exported: Path, trained: Path, photos: Path) -> None:
    result = run("verify", exported, "--reference", trained, "--data", photos, "--json")
    assert_documented(checker, result.document, "verify")


def test_bench(checker: Checker, run: Run, exported: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    result = run("bench", int8_file(exported), broken, "--runs", 5, "--seconds", 0.05, "--warmup", 0, "--json")
    assert result.document["failures"]
    assert_documented(checker, result.document, "bench")


def test_predict(checker: Checker, run: Run, exported: Path, photos: Path, tmp_path: Path) -> None:
    photo = next((photos / "val").rglob("*.jpg"))
    result = run("predict", int8_file(exported), photo, tmp_path / "missing.jpg", "--json")
    assert_documented(checker, result.document, "predict")


@pytest.mark.parametrize("arguments", [(), ("--no-run",)])
def test_inspect(checker: Checker, run: Run, exported: Path, arguments: tuple[str, ...]) -> None:
    result = run("inspect", int8_file(exported), *arguments, "--json")
    assert_documented(checker, result.document, "inspect")


def test_inspect_of_other_formats(checker: Checker, run: Run, trained: Path) -> None:
    result = run("inspect", trained, "--json")
    assert_documented(checker, result.document, "inspected-model")


def test_doctor(checker: Checker) -> None:
    from edgekit.doctor import examine
    from edgekit.doctor.checks import CHECKS

    # Each check takes seconds, and all of them are run in tests/test_doctor.py; here one is enough.
    assert_documented(checker, examine(CHECKS[:1]).to_dict(), "doctor")


def test_error(checker: Checker, run: Run, tmp_path: Path) -> None:
    result = run("inspect", tmp_path / "nothing.tflite", "--json")
    assert_documented(checker, result.document, "error")


def test_every_kind_of_error_is_named(repository: Path) -> None:
    from edgekit import errors

    kinds = {value.kind for value in vars(errors).values() if isinstance(value, type) and hasattr(value, "kind")}
    row = next(
        line
        for line in (repository / "docs" / "json.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `kind` |")
    )
    assert kinds | {"interrupted", "memory", "system", "defect"} == set(re.findall(r"`([\w-]+)`", row)) - {"kind"}
