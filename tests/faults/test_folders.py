"""Folders of photos that are not what they should be, and splits that cannot be made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data import Dataset
from edgekit.errors import DataError, UsageError
from tests.faults.pictures import png
from tests.faults.table import Bench, Make, Row, as_table, fails, pets, run_row, works
from tests.faults.ways import labels_of, opening, photos, training, warned


def files(names: dict[str, bytes]) -> Make:
    """A folder of these files."""
    return lambda bench: bench.write(names)


def below(**parts: dict[str, bytes]) -> dict[str, bytes]:
    """Files in a folder for each part."""
    return {f"{part}/{name}": data for part, names in parts.items() for name, data in names.items()}


def other(*kinds: str) -> dict[str, bytes]:
    """Two photos of each of other classes, in colours that :func:`pets` does not have."""
    return {f"{kind}/{i}.png": png((7 * number + 1, 40 * i, 9)) for number, kind in enumerate(kinds) for i in range(2)}


def sound(bench: Bench) -> Path:
    return bench.write(pets())


def beside(bench: Bench, names: dict[str, bytes]) -> Path:
    """Another folder beside the sound one."""
    return bench.write(names, "other")


def _empty(bench: Bench) -> Path:
    (bench.tmp / "nothing").mkdir()
    return bench.tmp / "nothing"


def _with_loop(bench: Bench) -> Path:
    root = sound(bench)
    (root / "cat" / "up").symlink_to(root, target_is_directory=True)
    return root


def _linked_class(bench: Bench) -> Path:
    root = sound(bench)
    shutil.move(root / "cat", bench.tmp / "elsewhere")
    (root / "cat").symlink_to(bench.tmp / "elsewhere", target_is_directory=True)
    return root


def _closed_class(bench: Bench) -> Path:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    root = sound(bench)
    (root / "cat").chmod(0)
    return root


def _with_validation(names: dict[str, bytes], **settings: Any) -> Any:
    """A training whose validation photos lie in another folder."""
    return lambda source, bench: training(validation=beside(bench, names), **settings)(source, bench)


def _opened_with_validation(names: dict[str, bytes]) -> Any:
    return lambda source, bench: opening(validation=beside(bench, names))(source, bench)


def _copies_stay_together(dataset: Dataset, bench: Bench) -> None:
    warned("further cop", photos(9))(dataset, bench)
    assert not dataset.report.across_split


def _in_this_order(dataset: Dataset, bench: Bench) -> None:
    assert dataset.class_names == ("dog", "cat")
    assert labels_of(dataset)["0.png"] in (("dog",), ("cat",))
    counts = np.bincount(np.concatenate([dataset.train.labels, dataset.validation.labels]))
    assert counts.tolist() == [2, 3]


NOT_A_SOURCE = (
    fails("missing", lambda bench: bench.tmp / "gone", training(), DataError, "gone does not exist", "Check the path"),
    fails("empty-name", lambda bench: "", training(), UsageError, "The source has no name", "name a folder"),
    fails("null-byte", lambda bench: "pets\0", training(), DataError, "pets", "Check the path"),
    fails("address", lambda bench: "https://example.org/pets.zip", training(), UsageError, "example.org/pets.zip is an "
          "address", "Download the data"),
    fails("a-photo", lambda bench: sound(bench) / "cat" / "0.png", training(), DataError, "0.png is not a folder",
          "Name a folder"),
    fails("a-model", lambda bench: bench.saved_model, training(), DataError, "sound.keras is not a folder", "Name a"),
    fails("none", lambda bench: None, training(), UsageError, "A source is a folder", "Got: NoneType"),
    fails("a-number", lambda bench: 5, training(), UsageError, "A source is a folder", "Got: int"),
    fails("bytes", lambda bench: b"pets", training(), UsageError, "A source is a folder", "Got: bytes"),
    fails("a-set", lambda bench: {"a", "b"}, training(), UsageError, "A source is a folder", "Got: set"),
    fails("a-mapping", lambda bench: {"cat": ["0.png"]}, training(), UsageError, "A source is a folder", "Got: dict"),
    fails("an-object", lambda bench: object(), training(), UsageError, "A source is a folder", "Got: object"),
    fails("a-function", lambda bench: sound, training(), UsageError, "A source is", "pass what it returns"),
)  # fmt: skip

LAYOUT = (
    fails("empty", _empty, training(), DataError, "nothing is empty", "Put each class's photos in a folder"),
    fails("photos-without-classes", files({"a.png": png(), "b.png": png()}), training(), DataError,
          "pets has 2 images but no class folders", "Put each class's photos in its own folder"),
    fails("classes-without-photos", files({"cat/a.txt": b"", "dog/b.txt": b""}), training(), DataError,
          "pets has no images in class folders", "Put each"),
    fails("hidden-files-only", files({"cat/.DS_Store": b"", "dog/._a.png": b""}), training(), DataError,
          "pets has no images", "Put each"),
    fails("one-class", files({"cat/a.png": png(), "cat/b.png": png((1, 2, 3))}), training(), DataError,
          r"pets has one class only \(cat\)", "at least two: give"),
    fails("one-photo-of-a-class", files({**pets(), "cow/a.png": png((9, 9, 9))}), training(), DataError,
          "class 'cow' has one photo only", "add photos, or leave the class out"),
    fails("copies-of-one-photo", files({**pets(), **{f"cow/{i}.png": png() for i in range(3)}}), training(), DataError,
          "class 'cow' has 3 files, but all are copies", "add photos, or leave the class out"),
    fails("classes-share-all-photos", files({f"{kind}/{i}.png": png((i, i, i)) for kind in "ab" for i in range(1, 3)}
          | {f"c/{i}.png": png((i, i, i)) for i in (2, 3)} | {f"d/{i}.png": png((i, i, i)) for i in (1, 3)}),
          training(), DataError, "shares so many photos with other classes", "Keep each photo under one class"),
    fails("parts-without-train", files(below(val=pets(), test=pets())), training(), DataError,
          "pets has the folders test, val but no train folder", "Add one"),
    fails("two-validation-folders", files(below(train=pets(), val=pets(), validation=pets())), training(), DataError,
          "the folders val, validation, which mean the same", "Keep one of them"),
    fails("validation-has-another-class", files(below(train=pets(), val={**pets(), **other("cow")})), training(),
          DataError, r"val has the class cow, but \S+train has no such class", "Rename or remove"),
    fails("validation-folder-without-photos", files({**below(train=pets()), "val/cat/a.txt": b""}), training(),
          DataError, "val has no images in class folders", "Put each"),
    fails("a-class-may-not-be-read", _closed_class, training(), DataError, "cat", "permission denied"),
    works("empty-class", lambda bench: [sound(bench), (bench.tmp / "pets" / "cow").mkdir()][0], opening(),
          warned("cow: not taken as a class")),
    works("train-and-test-are-classes", files(below(train=other("a"), test=other("b"), plane=other("c"))), opening(),
          photos(6, "plane", "test", "train")),
    works("val-is-a-class", files({**pets(), "val/a.png": png((1, 1, 1)), "val/b.png": png((2, 2, 2))}), opening(),
          photos(8, "cat", "dog", "val")),
    works("a-folder-beside-the-parts", files(below(train=pets(), val=other("cat"), notes={"a.png": png()})), opening(),
          warned("notes", photos(8))),
    works("a-class-lacks-validation", files(below(train=pets(), val=other("cat"))), opening(),
          warned("no validation photos of dog", photos(8))),
    works("names-that-differ-in-case", files({**pets(), **other("Cat")}), opening(),
          warned("'Cat' and 'cat' are spelt almost alike", photos(8, "Cat", "cat", "dog"))),
    works("names-composed-differently", files({**other("Bär"), "Ba\u0308r/x.png": png(), **pets()}), opening(),
          photos(9, "Bär", "cat", "dog")),
    works("class-of-no-utf-8", files({**pets(), os.fsdecode(b"caf\xe9/a.png"): png((1, 1, 1)),
          os.fsdecode(b"caf\xe9/b.png"): png((2, 2, 2))}), opening(), photos(8, "caf\\xe9", "cat", "dog")),
    works("class-with-a-newline-and-emoji", files({**pets(), **other("co\nw 🐄")}), opening(),
          photos(8, "cat", "co\nw 🐄", "dog")),
    works("deep-folders", files({f"{name.split('/')[0]}/a/b/c/{name.split('/')[1]}": data
          for name, data in pets().items()}), opening(), photos(6)),
    works("a-link-back-up", _with_loop, opening(), photos(6)),
    works("a-linked-class", _linked_class, opening(), photos(6)),
    works("photos-beside-the-classes", files({**pets(), "stray.png": png()}), opening(), warned("stray.png")),
    works("copies-in-a-class", files({**pets(4), "cat/copy.png": pets()["cat/0.png"]}), opening(),
          _copies_stay_together),
    works("a-photo-in-two-classes", files({**pets(), "dog/copy.png": pets()["cat/0.png"]}), opening(),
          warned("under different classes, byte for byte", photos(7))),
    works("a-photo-on-both-sides", files(below(train=pets(), val=pets())), opening(),
          warned("on both sides of the split", photos(12))),
    works("very-unequal-classes", files({**pets(2), **{f"cat/{i}x.png": png((i, i, 255)) for i in range(40)}}),
          opening(), warned("very unequal", photos(44))),
)  # fmt: skip

SPLIT = (
    fails("share-of-0", sound, training(validation=0), UsageError, "share of photos for validation", "between 0 and 1"),
    fails("share-of-1", sound, training(validation=1), UsageError, "share of photos for validation", "Got: 1"),
    fails("share-in-percent", sound, training(validation=20), UsageError, "share", "between 0 and 1. Got: 20"),
    fails("share-negative", sound, training(validation=-0.1), UsageError, "share", "Got: -0.1"),
    fails("share-nan", sound, training(validation=float("nan")), UsageError, "share", "Got: nan"),
    fails("share-true", sound, training(validation=True), UsageError, "validation is a share or a source", "Got: True"),
    fails("validation-missing", sound, training(validation="gone"), DataError, "gone does not exist", "Check the path"),
    fails("validation-of-other-classes", sound, _with_validation(other("cat", "cow")), DataError,
          "other has the class cow", "Its classes: cat, dog"),
    fails("validation-empty", sound, _with_validation({"cat/.hidden": b""}), DataError, "other has no images",
          "Put each"),
    fails("validation-without-the-chosen-classes", sound, _with_validation(other("cow", "pig"), classes=["cat", "dog"]),
          DataError, "other has no validation photo of these classes", "Add some"),
    fails("validation-no-source", sound, training(validation=object()), UsageError, "A source is", "Got: object"),
    fails("test-is-a-number", sound, training(test=0.1), UsageError, "test is a source", "Got: 0.1"),
    fails("test-missing", sound, training(test="gone"), DataError, "gone does not exist", "Check the path"),
    fails("validation-folder-without-the-chosen-classes", files(below(train={**pets(), **other("cow")},
          val=other("cow"))),
          training(classes=["cat", "dog"]), DataError, "pets/val has no validation photo of these classes", "Add some"),
    works("validation-elsewhere", sound, _opened_with_validation(other("dog", "cat")), photos(10)),
    works("share-beside-parts", files(below(train=pets(), val=other("cat", "dog"))), opening(validation=0.5),
          photos(10)),
)  # fmt: skip

CLASSES = (
    fails("unknown-class", sound, training(classes=["cat", "cow"]), UsageError, "pets has no class cow",
          "Its classes: cat, dog"),
    fails("one-class-chosen", sound, training(classes=["cat"]), UsageError, "needs at least two classes", "Got: cat"),
    fails("class-twice", sound, training(classes=["cat", "cat"]), UsageError, "named twice", "Got: cat, cat"),
    fails("classes-as-text", sound, training(classes="cat,dog"), UsageError, "classes is a list of names",
          r"\['cat', 'dog'\]"),
    fails("classes-as-number", sound, training(classes=2), UsageError, "classes is a list of names", "Got: 2"),
    fails("class-of-none", sound, training(classes=["cat", None]), UsageError, "known by its name", "Got: None"),
    fails("class-in-other-case", sound, training(classes=["Cat", "dog"]), UsageError, "has no class Cat", "cat, dog"),
    works("classes-in-another-order", files({**pets(), **other("cow")} | {"dog/0.png": b""}),
          lambda source, bench: opening(classes=("dog", "cat"), skip_unreadable=True)(source, bench), _in_this_order),
)  # fmt: skip

ROWS = (*NOT_A_SOURCE, *LAYOUT, *SPLIT, *CLASSES)


@as_table(ROWS)
def test_folder(row: Row, bench: Bench) -> None:
    run_row(row, bench)
