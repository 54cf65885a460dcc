"""Arrays and lists as sources: shapes, ranges and labels, and every mistake in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgekit.data import CachePolicy, DataOptions, describe_source, open_dataset, open_labelled, source_name
from edgekit.data.label_values import read_labels
from edgekit.data.ranges import judge_range, to_bytes
from edgekit.data.sources import SOURCES, list_source
from edgekit.data.store import MappedImages
from edgekit.errors import DataError, EdgeKitError, UsageError
from edgekit.preprocess import prepare
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(8, 6)
PHOTOS = np.random.default_rng(0).integers(0, 256, (20, 6, 8, 3), np.uint8)
LABELS = np.arange(20) % 2


@pytest.fixture
def options(policy: CachePolicy) -> DataOptions:
    return DataOptions(cache=policy)


def everything(dataset: Any) -> np.ndarray[Any, Any]:
    """The photos of both parts in the order of the source."""
    taken: dict[int, Any] = {}
    for part in (dataset.train, dataset.validation):
        numbers = [int(file.rpartition("[")[2][:-1]) for file in part.files]
        taken |= dict(zip(numbers, part.images.take(np.arange(len(part))), strict=True))
    return np.array([taken[number] for number in sorted(taken)])


def test_photos_of_the_right_size_are_used_as_they_are(options: DataOptions, tmp_path: Path) -> None:
    dataset = open_dataset((PHOTOS, LABELS), FORMAT, options)
    assert dataset.class_names == ("0", "1")
    assert (len(dataset.train), len(dataset.validation)) == (16, 4)
    np.testing.assert_array_equal(everything(dataset), PHOTOS)
    assert isinstance(dataset.train.images, MappedImages)
    assert not (tmp_path / "cache").exists()
    taken = dataset.train.images.take(np.array([0, 1]))
    taken[:] = 0
    assert PHOTOS.any()
    assert dataset.train.images.take(np.array([0])).any()


@pytest.mark.parametrize(
    "photos",
    [
        PHOTOS / 255,
        PHOTOS.astype(np.float32) / 255,
        PHOTOS.astype(np.float32),
        PHOTOS.astype(np.float16),
        PHOTOS.astype(np.int64),
        PHOTOS.astype(">u2"),
        PHOTOS.tolist(),
        [photo.tolist() for photo in PHOTOS],
        list(PHOTOS),
        tuple(PHOTOS / 255),
        [Image.fromarray(photo) for photo in PHOTOS],
        PHOTOS[..., ::-1][..., ::-1],
    ],
)
def test_all_usual_forms_of_photos_are_the_same(options: DataOptions, photos: Any) -> None:
    dataset = open_dataset((photos, LABELS), FORMAT, options)
    np.testing.assert_array_equal(everything(dataset), PHOTOS)
    assert dataset.digest == open_dataset((PHOTOS, LABELS), FORMAT, options).digest


@pytest.mark.parametrize("enabled", [True, False])
def test_other_sizes_and_colors_are_prepared(options: DataOptions, policy: CachePolicy, enabled: bool) -> None:
    chosen = replace(options, cache=replace(policy, enabled=enabled))
    random = np.random.default_rng(1)
    gray, alpha = random.integers(0, 256, (20, 9, 9), np.uint8), random.integers(0, 256, (20, 9, 9, 4), np.uint8)
    sizes = [random.integers(0, 256, (5 + i, 20 - i, 3), np.uint8) for i in range(20)]
    for photos in (gray, gray[..., np.newaxis], alpha, sizes):
        for image in (FORMAT, replace(FORMAT, color="grayscale")):
            dataset = open_dataset((photos, LABELS), image, chosen)
            expected = np.array([prepare(np.asarray(photo), image) for photo in photos])
            np.testing.assert_array_equal(everything(dataset), expected)


def test_photos_of_pillow_stand_upright(options: DataOptions) -> None:
    turned = [Image.fromarray(photo).rotate(90, expand=True) for photo in PHOTOS]
    for image in turned:
        image.info["exif"] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    dataset = open_dataset((turned, LABELS), FORMAT, options)
    np.testing.assert_array_equal(everything(dataset), PHOTOS)


def test_palettes_and_transparency_of_pillow(options: DataOptions) -> None:
    photos = [Image.fromarray(photo).convert("P") for photo in PHOTOS]
    dataset = open_dataset((photos, LABELS), FORMAT, options)
    np.testing.assert_array_equal(everything(dataset), [prepare(photo, FORMAT) for photo in photos])


def test_masks_are_black_and_white(options: DataOptions) -> None:
    masks = PHOTOS[..., 0] > 99
    dataset = open_dataset((masks, LABELS), replace(FORMAT, color="grayscale"), options)
    np.testing.assert_array_equal(everything(dataset)[..., 0], masks * np.uint8(255))


def test_paths_in_a_list(tmp_path: Path, options: DataOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    for index, photo in enumerate(PHOTOS):
        Image.fromarray(photo).save(tmp_path / f"{index}.png")
    names = ["cat" if label else "dog" for label in LABELS]
    paths = [tmp_path / f"{index}.png" for index in range(20)]
    dataset = open_dataset((paths, names), FORMAT, options)
    assert dataset.class_names == ("cat", "dog")
    monkeypatch.chdir(tmp_path)
    relative = open_dataset((np.array([path.name for path in paths]), names), FORMAT, options)
    assert relative.digest == dataset.digest
    with pytest.raises(DataError, match=r"gone\.png \(no such file; arrays\[20\]\)"):
        open_dataset(([*paths, "gone.png"], [*names, "cat"]), FORMAT, options)


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        (PHOTOS / 127.5 - 1, "between -1 and 1; .*own scaling was applied to; pass the pixels"),
        (PHOTOS - 120.0, "as if a mean had been subtracted"),
        (PHOTOS.astype(np.uint16) * 257, r"between 0 and 65535.*x // 257"),
        (PHOTOS.astype(np.float32) * 1.2, r"np\.clip\(x, 0, 255\)"),
        (PHOTOS / 255 * 1.2, r"between 0 and 1\.2; .*np\.clip\(x, 0, 1\)"),
        (PHOTOS.astype(np.int32) - 1, "between -1 and 254; whole numbers must lie between 0 and 255"),
        ((PHOTOS / 255).astype(np.uint8), "are 0 and 1, but white is 255"),
        (np.zeros_like(PHOTOS), "are all 0, but white is 255"),
        (np.where(PHOTOS[13, 2, 2, 1] == PHOTOS, np.nan, PHOTOS / 255), r"x\[\d+\] has NaN"),
        (np.where(np.arange(20)[:, None, None, None] == 13, np.inf, PHOTOS / 255), r"x\[13\] has an infinite value"),
        (PHOTOS.transpose(0, 3, 1, 2), r"channels first.*\(20, 3, 6, 8\).*x\.transpose\(0, 2, 3, 1\)"),
        (list(PHOTOS.transpose(0, 3, 1, 2)), r"x\[0\] has its channels first.*x\.transpose\(1, 2, 0\)"),
        (PHOTOS[..., :2], r"1, 3 or 4 channels, which come last.*\(20, 6, 8, 2\)"),
        (PHOTOS.reshape(20, -1), r"must have the shape .*\(20, 144\).*model of your own"),
        (PHOTOS[np.newaxis], r"Got: \(1, 20, 6, 8, 3\)"),
        (PHOTOS[:, :0], r"without pixels"),
        (PHOTOS[:0], "x has 0 photos, but y has 20 labels"),
        (PHOTOS[:19], "x has 19 photos, but y has 20 labels"),
        (PHOTOS + 1j, "must be numbers. Got: complex128"),
        ([[1, 2], [3]], "lists of different lengths"),
        ([*PHOTOS[:19], PHOTOS[0, 0, 0]], r"x\[19\] must have the shape"),
    ],
)
def test_photos_that_cannot_be_right_are_refused(photos: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list_source((photos, LABELS), DataOptions())


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (LABELS.astype(np.float32), ("0", "1")),
        (LABELS[:, np.newaxis], ("0", "1")),
        (LABELS.tolist(), ("0", "1")),
        (LABELS.astype(bool), ("0", "1")),
        (np.eye(2)[LABELS], ("0", "1")),
        (LABELS + 1, ("1", "2")),
        (LABELS * 9 + 2, ("2", "11")),
        (["no", "yes"] * 10, ("no", "yes")),
        (np.array(["no", "yes"] * 10), ("no", "yes")),
        (np.array(["no", "yes"] * 10, object), ("no", "yes")),
        (np.array([b"no", b"yes"] * 10), ("no", "yes")),
        ([["no"], ["yes"]] * 10, ("no", "yes")),
        (np.array(LABELS, object), ("0", "1")),
    ],
)
def test_all_usual_forms_of_labels_are_the_same(labels: Any, names: tuple[str, ...]) -> None:
    listing = list_source((PHOTOS, labels), DataOptions())
    assert (listing.class_names, listing.multi_label) == (names, False)
    assert [names.index(label) for record in listing.records for label in record.labels] == LABELS.tolist()


@pytest.mark.parametrize(
    "labels",
    [
        np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1]] * 5),
        [["a"], ["b", "a"], [], ("c", "b")] * 5,
        [{"a"}, {"b", "a"}, set(), {"c", "b"}] * 5,
    ],
)
def test_several_labels(options: DataOptions, labels: Any) -> None:
    dataset = open_dataset((PHOTOS, labels), FORMAT, replace(options, classes=None))
    assert dataset.multi_label
    together = np.concatenate([dataset.train.labels, dataset.validation.labels])
    assert together.sum(axis=0).tolist() == [10, 10, 5]


def test_classes_name_indices_and_columns(options: DataOptions) -> None:
    for labels in (LABELS, np.eye(2)[LABELS]):
        dataset = open_dataset((PHOTOS, labels), FORMAT, replace(options, classes=("cat", "dog")))
        assert dataset.class_names == ("cat", "dog")
    labels = np.arange(20) % 4
    chosen = open_dataset((PHOTOS, labels), FORMAT, replace(options, classes=(3, 1)))
    assert chosen.class_names == ("3", "1")
    assert len(chosen.train) + len(chosen.validation) == 10


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (LABELS + 1, ("cat", "dog"), r"index 2, but there are 2 classes.*0 to 1: cat, dog\. They seem to begin with 1"),
        (LABELS * 7, ("cat", "dog"), "index 7, but there are 2 classes"),
        (LABELS - 1, None, r"y\[0\] is -1. The first class has the index 0"),
        (LABELS * 0.5, None, r"y\[1\] is 0\.5, which is no class"),
        (np.full((20, 2), 0.5), None, r"y\[0\] has values other than 0 and 1: 0\.5, 0\.5.*argmax"),
        (np.eye(2)[LABELS] * 2, None, "values other than 0 and 1"),
        (np.eye(2)[LABELS], ("a", "b", "c"), r"2 columns for 3 classes \(a, b, c\)"),
        (np.where(LABELS, np.nan, 1.0), None, r"y\[1\] is not a finite number"),
        (LABELS[:19], None, "20 photos, but y has 19 labels"),
        (np.zeros((20, 2, 2)), None, r"Got: \(20, 2, 2\)"),
        (np.zeros(20, complex), None, "Got: complex128"),
        (["cat"] * 20, None, r"one class only \(cat\)"),
        (["cat", ""] * 10, None, r"y\[1\] is empty"),
        (["cat", None] * 10, None, r"y\[1\] is not the name of a class. Got: None"),
        ([["cat"], "dog"] * 10, None, r"y\[1\] is not a list of names"),
        ([[0, 1], [1]] * 10, None, "rows of different lengths"),
        ([b"\xff", b"a"] * 10, None, r"y\[0\] is not UTF-8"),
        (np.zeros(20, int), None, r"one class only \(0\)"),
        (np.eye(3)[LABELS], None, "'2' has no readable photo"),
        (np.arange(20), None, "'0' has one photo only"),
    ],
)
def test_labels_that_cannot_be_right_are_refused(
    options: DataOptions, labels: Any, classes: tuple[str, ...] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        open_dataset((PHOTOS, labels), FORMAT, replace(options, classes=classes))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (PHOTOS, r"An array alone has no labels\. Pass a tuple: \(x, y\)"),
        ((PHOTOS, LABELS, LABELS), "tuple of two.*Got a tuple of 3"),
        ((PHOTOS,), "Got a tuple of 1"),
        ((), "Got a tuple of 0"),
        ((PHOTOS, None), "y must be an array or a list. Got: NoneType"),
        (("photos", LABELS), "x must be an array or a list. Got: str"),
        ((PHOTOS, 3), "y must be an array or a list. Got: int"),
        (None, "Got: NoneType"),
        (3, "Got: int"),
        (b"photos", "Got: bytes"),
        ({"x": PHOTOS}, "Got: dict"),
        (list_source, "Got: function. Call the function"),
    ],
)
def test_what_is_no_source_is_refused(source: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list_source(source, DataOptions())
    if not isinstance(source, int | None):
        with pytest.raises(UsageError, match=message):
            list_source((PHOTOS, LABELS), DataOptions(validation=source))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"classes": "cat,dog"}, "classes is a list of names"),
        ({"classes": [1.5]}, "known by its name. Got: 1.5"),
        ({"classes": 3}, "classes is a list of names"),
        ({"seed": "7"}, "seed is a whole number of at least 0. Got: '7'"),
        ({"seed": -1}, "at least 0. Got: -1"),
        ({"steps": 0}, "steps is a whole number of at least 1"),
        ({"validation": True}, "validation is a share or a source"),
        ({"validation": float("nan")}, "between 0 and 1. Got: nan"),
        ({"test": 0.1}, "test is a source. Got: 0.1"),
        ({"skip_unreadable": 1}, "skip_unreadable is True or False"),
        ({"cache": "folder"}, "cache is a CachePolicy"),
        ({"columns": "label"}, "columns is Columns"),
        ({"root": 3}, "root is the path of a folder"),
        ({"labels": 3}, "labels is the path of a CSV file"),
    ],
)
def test_options_of_a_wrong_type_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DataOptions(**wrong)


def test_other_arguments_of_a_wrong_type_are_refused(options: DataOptions) -> None:
    with pytest.raises(UsageError, match="image is an ImageFormat"):
        open_dataset((PHOTOS, LABELS), (224, 224), options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"options is a DataOptions\. Got: dict"):
        open_dataset((PHOTOS, LABELS), FORMAT, {"seed": 1})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"A part is one of train, validation, test\. Got: 'val'"):
        open_labelled((PHOTOS, LABELS), FORMAT, ("0", "1"), part="val")  # type: ignore[arg-type]


def test_validation_and_test_are_arrays(options: DataOptions) -> None:
    held_out, test = (PHOTOS[:4] // 2, LABELS[:4]), (PHOTOS[:2] // 3, np.array(["1", "0"]))
    dataset = open_dataset((PHOTOS, LABELS), FORMAT, replace(options, validation=held_out, test=test))
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (20, 4, 2)
    assert dataset.validation.files[0] == "validation arrays[0]"
    assert dataset.test.labels.tolist() == [1, 0]
    np.testing.assert_array_equal(dataset.validation.images.take(np.arange(4)), PHOTOS[:4] // 2)
    with pytest.raises(DataError, match="the validation x has 4 photos, but the validation y has 3 labels"):
        open_dataset((PHOTOS, LABELS), FORMAT, replace(options, validation=(PHOTOS[:4], LABELS[:3])))
    with pytest.raises(DataError, match="validation arrays has the class 5, but arrays has no such class"):
        open_dataset((PHOTOS, LABELS), FORMAT, replace(options, validation=(PHOTOS[:4], [5, 5, 0, 1])))


def test_indices_in_validation_mean_the_classes_of_training(options: DataOptions, tmp_path: Path) -> None:
    names = ["rose", "daisy"] * 10
    dataset = open_dataset((PHOTOS, names), FORMAT, replace(options, validation=(PHOTOS[:2] // 2, [0, 1])))
    assert [dataset.class_names[label] for label in dataset.validation.labels] == ["daisy", "rose"]
    gaps = open_dataset((PHOTOS, LABELS * 4 + 3), FORMAT, replace(options, validation=(PHOTOS[:2] // 2, [7, 3])))
    assert (gaps.class_names, gaps.validation.labels.tolist()) == (("3", "7"), [1, 0])


def test_a_leak_between_arrays_is_reported(options: DataOptions) -> None:
    dataset = open_dataset((PHOTOS, LABELS), FORMAT, replace(options, validation=(PHOTOS[3:5], LABELS[3:5])))
    assert len(dataset.report.across_split) == 2
    assert "arrays[3] = validation arrays[0]" in dataset.report.warnings()[0]


def test_a_model_is_judged_on_arrays(policy: CachePolicy) -> None:
    part = open_labelled((PHOTOS, LABELS), FORMAT, ("cat", "dog", "pug"), cache=policy)
    assert part.labels.tolist() == LABELS.tolist()
    assert len(open_labelled((PHOTOS, LABELS), FORMAT, ("cat", "dog"), limit=7, cache=policy)) == 7
    with pytest.raises(DataError, match="index 1, but there are 1 classes"):
        open_labelled((PHOTOS, LABELS), FORMAT, ("cat",), cache=policy)


def test_sources_have_descriptions_and_names(tmp_path: Path) -> None:
    table, archive = tmp_path / "dogs.csv", tmp_path / "cats.tar.gz"
    named = {tmp_path: tmp_path.name, table: "dogs", archive: "cats"}
    for source, name in named.items():
        assert (describe_source(source), source_name(source)) == (str(source), name)
    assert (describe_source((PHOTOS, LABELS)), source_name((PHOTOS, LABELS))) == ("arrays", None)
    assert (describe_source(3), source_name(3)) == ("int", None)
    assert describe_source(iter([])) == "list_iterator"
    assert len({type(source) for source in SOURCES}) == len(SOURCES)


@given(st.integers(0, 255), st.sampled_from([np.float32, np.float64]))
def test_every_byte_survives_floating_point(value: int, kind: Any) -> None:
    for array, scale in ((np.array([value / 255], kind), "unit"), (np.array([value], kind), "bytes")):
        assert to_bytes(array, scale).tolist() == [value]  # type: ignore[arg-type]


@given(st.floats(-1e4, 1e5), st.floats(0, 1e5))
def test_a_range_is_judged_or_refused(low: float, width: float) -> None:
    try:
        scale = judge_range(low, low + width, "x")
    except DataError:
        return
    limit = 1 if scale == "unit" else 255
    assert -0.5 <= low <= low + width <= limit + 0.5


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 5) | st.floats() | st.text(max_size=3) | st.binary(max_size=2),
        lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner),
        max_leaves=12,
    )
)
def test_no_labels_end_in_a_traceback(values: Any) -> None:
    try:
        found = read_labels(values, None)
    except EdgeKitError:
        return
    assert {label for names in found.names for label in names} <= set(found.class_names)
