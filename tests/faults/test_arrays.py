"""Arrays and lists: shape, dtype, range and label mistakes; and samples that are no photos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from edgekit.data import Dataset
from edgekit.errors import DataError, ImageError, UsageError
from tests.faults.pictures import GREEN, plain
from tests.faults.table import Bench, Check, Make, Row, as_table, fails, run_row, works
from tests.faults.ways import opening, opening_tensors, photos, training

N = 8
LABELS = np.arange(N) % 2
NAMES = ["cat" if label else "dog" for label in LABELS]


def some(dtype: Any = np.uint8, high: float = 255, shape: tuple[int, ...] = (16, 16, 3), low: float = 0) -> Any:
    """Photos of noise in a range."""
    return (np.random.default_rng(0).random((N, *shape)) * (high - low) + low).astype(dtype)


def pair(x: Any = None, y: Any = LABELS) -> Make:
    """A tuple (x, y)."""
    return lambda bench: (some() if x is None else x, y)


def with_value(value: float, index: int = 5) -> Any:
    x = some(np.float32, 1)
    x[index, 3, 3, 1] = value
    return x


def changed(y: Callable[[Any], Any]) -> Make:
    return pair(y=y(LABELS.copy()))


def _nan_label() -> Any:
    y = LABELS.astype(float)
    y[2] = np.nan
    return y


def _closed_image() -> Image.Image:
    image = plain()
    image.close()
    return image


def _mean(low: float, high: float) -> Check:
    """Checks that the pixels were scaled to 0..255."""

    def check(dataset: Dataset, bench: Bench) -> None:
        photos(N, "0", "1")(dataset, bench)
        assert low < dataset.train.images.take(np.arange(len(dataset.train))).mean() < high

    return check


def _green(dataset: Dataset, bench: Bench) -> None:
    taken = np.concatenate([part.images.take(np.arange(len(part))) for part in (dataset.train, dataset.validation)])
    assert (taken == np.array(GREEN)).all(axis=(1, 2, 3)).any()


def _tensor_shape(shape: tuple[int, ...]) -> Check:
    def check(dataset: Dataset, bench: Bench) -> None:
        assert dataset.train.images.take(np.arange(2)).shape == (2, *shape)

    return check


def _tf_tensors(bench: Bench) -> Any:
    import tensorflow as tf

    return tf.constant(some()), tf.constant(LABELS)


PAIRS = (
    fails("x-alone", lambda bench: some(), training(), UsageError, "An array alone has no labels",
          r"Pass a tuple: \(x"),
    fails("three-arrays", lambda bench: (some(), LABELS, LABELS), training(), UsageError, "a tuple of two",
          "Got a tuple of 3"),
    fails("y-missing", pair(y=None), training(), UsageError, "y must be an array or a list", "Got: NoneType"),
    fails("y-a-mapping", pair(y={0: 1}), training(), UsageError, "y must be an array or a list", "Got: dict"),
    fails("x-a-text", pair("photos"), training(), UsageError, "x must be an array or a list", "Got: str"),
    fails("x-a-generator", pair(photo for photo in some()), training(), UsageError, "x must be an array", "generator"),
    fails("y-shorter", pair(y=LABELS[:5]), training(), DataError, "x has 8 photos, but y has 5 labels", "Give one for"),
    fails("both-empty", pair(some()[:0], LABELS[:0]), training(), DataError, "x is empty",
          "at least two photos of each"),
    fails("swapped", lambda bench: (LABELS, some()), training(), DataError, "x must have the shape", r"Got: \(8,\)"),
)  # fmt: skip

PIXELS = (
    fails("nan", pair(with_value(np.nan)), training(), DataError, r"x\[5\] has NaN", "Remove the photo, or repair"),
    fails("infinite", pair(with_value(np.inf)), training(), DataError, r"x\[5\] has an infinite value", "Remove"),
    fails("scaled-to-minus-one", pair(some(np.float32, 1, low=-1)), training(), DataError, "x lie between -",
          "model's own scaling.*pass the pixels"),
    fails("mean-subtracted", pair(some(np.float32, 130, low=-120)), training(), DataError, "x lie between -1",
          "mean had been subtracted.*pass the pixels"),
    fails("a-little-above-one", pair(some(np.float32, 1.3)), training(), DataError, "x lie between",
          r"np.clip\(x, 0, 1"),
    fails("sixteen-bits", pair(some(np.uint16, 65_000)), training(), DataError, "x lie between", r"x // 257"),
    fails("negative-bytes", pair(some(np.int8, 120, low=-120)), training(), DataError, "x lie between -1",
          "pass the pixels"),
    fails("bytes-divided-by-255", pair(some() // 255), training(), DataError, "x are all 0|x are 0 and 1",
          "Multiply them by 255"),
    fails("complex", pair(some(np.complex64)), training(), DataError, "x must be numbers|x", "Got: complex64"),
    fails("dates", pair(some().astype("datetime64[s]")), training(), DataError, "x", "Got: datetime64"),
    fails("flat", pair(some(shape=(768,))), training(), DataError, "x", r"\(n, h, w|\(n, height"),
    fails("one-photo-without-a-batch", lambda bench: (some()[0], [1]), training(), DataError,
          "x has 16 photos, but y has 1 labels", "Give one"),
    fails("five-channels", pair(some(shape=(16, 16, 5))), training(), DataError,
          "x must have 1, 3 or 4 channels", "come last"),
    fails("channels-first", pair(some(shape=(3, 16, 16))), training(), DataError, r"\(8, 3, 16, 16\)",
          r"Put them last, as in x.transpose\(0, 2, 3, 1\)"),
    fails("no-pixels", pair(some(shape=(0, 16, 3))), training(), DataError, "x", r"\(8, 0, 16, 3\)"),
    fails("video", pair(some(shape=(4, 16, 16, 3))), training(), DataError, "x", r"\(8, 4, 16, 16, 3\)"),
    fails("lists-of-different-lengths", pair([[[1, 2], [3]], [[1]]], [0, 1]), training(), DataError, "x is a list of "
          "lists of different lengths", "Make an array"),
    fails("paths-that-do-not-exist", pair(["a.png", "b.png", "c.png", "d.png"], [0, 0, 1, 1]), training(), DataError,
          r"a.png \(no such file; arrays\[0\]\)", "Remove them"),
    fails("a-photo-among-numbers", pair([*some()[:7], 3]), training(), DataError, r"x\[7\] is no photo. Got: int",
          "Leave it out, with its label"),
    fails("a-none-among-photos", pair([*some()[:7], None]), training(), DataError,
          r"x\[7\] is no photo. Got: NoneType", "Leave it out"),
    fails("a-nan-in-a-list", pair(list(with_value(np.nan))), training(), DataError, r"x\[5\] has NaN", "Remove"),
    fails("a-closed-image", pair([*map(Image.fromarray, some()[:7]), _closed_image()]), training(), ImageError,
          r"x\[7\] is not a readable image", r"\("),
    works("zero-to-one", pair(some(np.float32, 1)), opening(), _mean(110, 145)),
    works("zero-to-255-as-doubles", pair(some(np.float64, 255)), opening(), _mean(110, 145)),
    works("masks", pair(some(np.float32, 1) > 0.5), opening(), _mean(110, 145)),
    works("grey-without-channels", pair(some(shape=(20, 30))), opening(), _mean(110, 145)),
    works("transparent", pair(some(shape=(16, 16, 4))), opening(), photos(N, "0", "1")),
    works("different-sizes", pair([np.full((20 + i, 30, 3), GREEN, np.uint8) + np.uint8(i) for i in range(N)]),
          opening(), _green),
    works("pillow-images", pair([plain((0, 255, i)) for i in range(N)]), opening(), _green),
    works("tensors-of-tensorflow", _tf_tensors, opening(), photos(N, "0", "1")),
    works("a-pandas-series-of-labels", pair(y=pd.Series(NAMES, index=range(10, 10 + N))), opening(), photos(N)),
    works("columns-of-labels", pair(y=LABELS[:, None].astype(np.float32)), opening(), photos(N, "0", "1")),
    works("one-hot", pair(y=np.eye(2)[LABELS]), opening(classes=("dog", "cat")), photos(N, "dog", "cat")),
)  # fmt: skip

CLASSES = ["dog", "cat"]

LABEL_MISTAKES = (
    fails("labels-from-1", pair(y=LABELS + 1), training(classes=CLASSES), DataError,
          "y has the index 2, but there are 2", "begin with 1: subtract 1"),
    fails("more-labels-than-names", pair(y=LABELS * 5), training(classes=CLASSES), DataError, "y has the index 5",
          "indices 0 to 1: dog, cat"),
    fails("negative-label", changed(lambda y: y - 1), training(), DataError, r"y\[0\] is -1",
          "first class has the index 0"),
    fails("half-a-label", pair(y=LABELS + 0.5), training(), DataError, r"y\[0\] is 0.5, which is no class", "indices"),
    fails("nan-label", pair(y=_nan_label()), training(), DataError, r"y\[2\] is not a finite number",
          "Give the photo a"),
    fails("one-hot-too-wide", pair(y=np.eye(3)[LABELS]), training(classes=CLASSES), DataError,
          r"y has 3 columns for 2 classes \(dog, cat\)", "Give one for each"),
    fails("one-hot-with-an-empty-class", pair(y=np.eye(3)[LABELS]), training(), DataError, "class '2' has no",
          "leave the"),
    fails("probabilities", pair(y=np.full((N, 2), 0.5)), training(), DataError, r"y\[0\] has values other than 0 and 1",
          r"y.argmax\(axis=1\)"),
    fails("labels-as-a-cube", pair(y=np.zeros((N, 2, 2))), training(), DataError, "y must have the shape",
          r"Got: \(8, 2, 2\)"),
    fails("one-class-of-labels", pair(y=np.zeros(N, int)), training(), DataError, "one class only", "at least two"),
    fails("one-photo-of-a-label", pair(y=[0, *[1] * (N - 1)]), training(), DataError, "class '0' has one photo only",
          "add photos"),
    fails("an-empty-name", pair(y=["", *NAMES[1:]]), training(), DataError, r"y\[0\] is empty",
          "Give the photo a label"),
    fails("a-missing-name", pair(y=[None, *NAMES[1:]]), training(), DataError, r"y\[0\] is not the name of a class",
          "Got: None"),
    fails("a-number-among-names", pair(y=[1.5, *NAMES[1:]]), training(), DataError, "class '1.5' has one photo only",
          "leave the class out"),
    fails("names-in-no-encoding", pair(y=[b"\xff", *[b"cat"] * 7]), training(), DataError, r"y\[0\] is not UTF-8",
          "Got"),
    fails("dates-as-labels", pair(y=np.zeros(N, "datetime64[D]")), training(), DataError, "y must be indices, names",
          "datetime64"),
    fails("rows-of-different-widths", pair(y=[[0, 1], [1]] * 4), training(), DataError,
          "y has rows of different lengths", "a row of 0 and 1"),
    fails("a-name-beside-lists", pair(y=[["cat"], "dog"] * 4), training(), DataError, r"y\[1\] is not a list of names",
          "Got: 'dog'"),
    fails("unknown-name-of-validation", pair(y=NAMES), lambda source, bench: training(validation=(some(), ["cow"] * N))(
          source, bench), DataError, "validation arrays has the class cow", "Its classes: cat, dog"),
    fails("validation-of-other-length", pair(y=NAMES), lambda source, bench: training(validation=(some(), NAMES[:3]))(
          source, bench), DataError, "the validation x has 8 photos, but the validation y has 3", "Give one for each"),
    works("booleans-as-labels", pair(y=LABELS.astype(bool)), opening(), photos(N, "0", "1")),
    works("several-labels-as-rows", pair(y=np.array([[1, 1], [1, 0]] * 4)), opening(), photos(N, "0", "1")),
)  # fmt: skip

SAMPLES = (
    fails("samples-in-a-folder", lambda bench: bench.write({"cat/a.png": b""}), opening_tensors(), UsageError,
          r"trained on a tuple \(x, y\)", "Got: P"),
    fails("samples-with-nan", pair(np.full((N, 4), np.nan)), opening_tensors(), DataError, r"x\[0\] has NaN", "repair"),
    fails("samples-of-one-number", pair(np.zeros(N)), opening_tensors(), DataError, r"x must have the shape \(n, ...\)",
          r"Got: \(8,\)"),
    fails("samples-of-text", pair(np.array([["a"]] * N)), opening_tensors(), DataError, "array of numbers", "Got: <U1"),
    fails("samples-too-large", pair(np.full((N, 4), 1e300)), opening_tensors(), DataError, "values above 3.4e",
          "Scale"),
    fails("samples-of-different-lengths", pair([[1.0], [1.0, 2.0]], [0, 1]), opening_tensors(), DataError,
          "samples of x have different lengths", "one array"),
    fails("samples-without-labels", pair(np.zeros((N, 4)), LABELS[:2]), opening_tensors(), DataError,
          "x has 8 samples, but y has 2 labels", "Give one for each"),
    fails("validation-samples-of-another-shape", pair(np.random.default_rng(0).random((N, 4))), opening_tensors(
          validation=(np.ones((N, 5)), LABELS)), DataError, r"one shape. Got: \(4,\) and \(5,\)", "must have"),
    works("samples-of-bytes", pair(some(shape=(4,))), opening_tensors(), _tensor_shape((4,))),
)  # fmt: skip

ROWS = (*PAIRS, *PIXELS, *LABEL_MISTAKES, *SAMPLES)


@as_table(ROWS)
def test_array(row: Row, bench: Bench) -> None:
    run_row(row, bench)
