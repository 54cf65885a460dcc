"""Samples that are no photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data import DataOptions, batches, open_tensors
from edgekit.errors import DataError, UsageError
from edgekit.spec import Label

RANDOM = np.random.default_rng(0)
SERIES = RANDOM.normal(size=(40, 12, 3)).astype(np.float32)
LABELS = np.arange(40) % 4


def test_samples_are_split_and_not_copied() -> None:
    dataset = open_tensors((SERIES, LABELS))
    assert (len(dataset.train), len(dataset.validation), dataset.test) == (32, 8, None)
    assert dataset.train.images.shape == (12, 3)
    taken = dataset.train.images.take(np.arange(32))
    assert (taken.dtype, taken.shape) == (np.float32, (32, 12, 3))
    for sample, file, label in zip(taken, dataset.train.files, dataset.train.labels, strict=True):
        index = int(file[len("arrays[") : -1])
        np.testing.assert_array_equal(sample, SERIES[index])
        assert label == LABELS[index]
    taken[:] = 0
    assert SERIES.any()
    assert dataset.train.images._arrays[0] is SERIES  # type: ignore[attr-defined]
    assert dataset.report.summary().startswith("40 samples in 4 classes: 32 train, 8 validation.")
    assert dataset.class_labels == tuple(Label(str(index)) for index in range(4))


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int16, np.uint8, bool])
def test_every_numeric_type_is_taken_as_float32(kind: Any) -> None:
    values = SERIES > 0 if kind is bool else (abs(SERIES) * 50).astype(kind)
    dataset = open_tensors((values, LABELS))
    first = dataset.train.images.take(np.array([0]))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first[0], values[int(dataset.train.files[0][7:-1])].astype(np.float32))
    assert open_tensors((values.tolist(), LABELS.tolist())).digest == dataset.digest


def test_the_split_is_by_content() -> None:
    order = RANDOM.permutation(40)
    first, second = open_tensors((SERIES, LABELS)), open_tensors((SERIES[order], LABELS[order]))
    assert first.digest == second.digest
    assert sorted(first.train.digests) == sorted(second.train.digests)
    assert open_tensors((SERIES, LABELS), DataOptions(seed=1)).digest != first.digest


def test_names_several_labels_and_choice() -> None:
    named = open_tensors((SERIES, LABELS), DataOptions(classes=("walk", "run", "sit", "lie")))
    assert named.class_names == ("walk", "run", "sit", "lie")
    some = open_tensors((SERIES, LABELS), DataOptions(classes=(3, 0)))
    assert len(some.train) + len(some.validation) == 20
    several = open_tensors((SERIES, np.stack([LABELS > 1, LABELS < 3], axis=1)))
    assert several.multi_label
    assert several.train.labels.dtype == np.uint8


def test_validation_and_test_are_tuples_too() -> None:
    dataset = open_tensors(
        (SERIES, LABELS),
        DataOptions(validation=(SERIES[:8] + 1, LABELS[:8]), test=(SERIES[:4].astype(float) + 2, [3, 2, 1, 0])),
    )
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (40, 8, 4)
    np.testing.assert_allclose(dataset.test.images.take(np.arange(4)), SERIES[:4] + 2, rtol=1e-6)
    assert dataset.test.labels.tolist() == [3, 2, 1, 0]
    pieces = list(batches(dataset.validation, 3))
    assert [len(labels) for _, labels in pieces] == [3, 3, 2]


def test_display_names(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("label,name\n0,Zero\n", encoding="utf-8")
    dataset = open_tensors((SERIES, LABELS), DataOptions(labels=tmp_path / "names.csv"))
    assert dataset.class_labels[0].names == {"en": "Zero"}


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.where(np.arange(40)[:, None, None] == 7, np.nan, SERIES), LABELS, r"x\[7\] has NaN"),
        (np.where(np.arange(40)[:, None, None] == 7, -np.inf, SERIES), LABELS, r"x\[7\] has an infinite value"),
        (SERIES[:39], LABELS, "x has 39 samples, but y has 40 labels"),
        (SERIES.astype(complex), LABELS, r"array of numbers \(n, \.\.\.\). Got: complex128"),
        (np.array(["a"] * 40), LABELS, "Got: <U1"),
        (np.arange(40.0), LABELS, r"at least one number a sample. Got: \(40,\)"),
        (SERIES[:, :0], LABELS, r"Got: \(40, 0, 3\)"),
        ([[1.0], [1.0, 2.0]], [0, 1], "different lengths"),
        (SERIES.astype(np.float64) * 1e39, LABELS, "float32 does not hold"),
        (SERIES, LABELS - 1, r"y\[0\] is -1"),
        (SERIES, LABELS * 0.5, "which is no class"),
        (SERIES, LABELS * 0, r"one class only \(0\)"),
        (SERIES, np.arange(40), "'0' has one photo only"),
    ],
)
def test_samples_and_labels_that_cannot_be_right_are_refused(x: Any, y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_tensors((x, y))


def test_other_mistakes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"one shape. Got: "):
        open_tensors((SERIES, LABELS), DataOptions(validation=(SERIES[:, :5], LABELS)))
    with pytest.raises(DataError, match="index 4, but there are 3 classes"):
        open_tensors((SERIES, LABELS + 1), DataOptions(classes=("a", "b", "c")))
    for source in (tmp_path, "folder", None, 3, [SERIES, LABELS], iter([])):
        with pytest.raises(UsageError, match=r"a tuple \(x, y\) of samples and labels"):
            open_tensors(source)
    with pytest.raises(UsageError, match="An array alone has no labels"):
        open_tensors(SERIES)
    with pytest.raises(UsageError, match="options is a DataOptions"):
        open_tensors((SERIES, LABELS), 0.2)  # type: ignore[arg-type]
