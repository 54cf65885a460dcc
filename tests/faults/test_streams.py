"""Generators, ``keras.utils.PyDataset`` and ``tf.data``: what they give, and how they fail."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgekit.errors import DataError, UsageError
from tests.faults.pictures import plain
from tests.faults.table import Bench, Make, Row, as_table, fails, run_row, works
from tests.faults.ways import opening, photos, training, warned


def photo(index: int = 0, size: int = 16) -> Any:
    return np.full((size, size, 3), (index, 30, 200), np.uint8)


def items(count: int = 6) -> list[tuple[Any, Any]]:
    """Sound pairs."""
    return [(photo(index), index % 2) for index in range(count)]


def generator(*last: Any, first: list[Any] | None = None) -> Make:
    """A generator of sound pairs, and of these at the end."""
    return lambda bench: (item for item in [*(items() if first is None else first), *last])


def failing(count: int, error: Exception) -> Make:
    def give() -> Iterator[Any]:
        yield from items(count)
        raise error

    return lambda bench: give()


def _used_up(bench: Bench) -> Any:
    source = (item for item in items())
    list(source)
    return source


def py_dataset(get: Callable[[int], Any], length: Any = 3) -> Make:
    """A ``PyDataset`` of these batches."""

    def build(bench: Bench) -> Any:
        import keras

        class Pets(keras.utils.PyDataset):  # type: ignore[misc]
            def __len__(self) -> Any:
                return length() if callable(length) else length

            def __getitem__(self, index: int) -> Any:
                return get(index)

        return Pets()

    return build


def batch(index: int = 0, labels: Any = (0, 1)) -> tuple[Any, Any]:
    return np.stack([photo(2 * index), photo(2 * index + 1)]), np.array(labels)


def _raises(error: Exception) -> Any:
    raise error


def tensorflow(build: Callable[[Any, Any], Any]) -> Make:
    """A ``tf.data.Dataset``, made of sound pairs by ``build(tf, data)``."""

    def make(bench: Bench) -> Any:
        import tensorflow as tf

        x, y = (np.array(values) for values in zip(*items(), strict=True))
        return build(tf, tf.data.Dataset.from_tensor_slices((x, y)))

    return make


def _fails_in_map(tf: Any, data: Any) -> Any:
    def check(x: Any, y: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_less(y, tf.constant(1, y.dtype), "label too large")]):
            return tf.identity(x), y

    return data.map(check)


GENERATORS = (
    fails("gives-nothing", lambda bench: iter(()), training(), DataError, "gave no photos", "make a new one"),
    fails("used-up", _used_up, training(), DataError, "generator gave no photos", "can be read once only; make a new"),
    fails("photos-without-labels", generator(photo(9)), training(), DataError,
          r"generator\[6\] must be a photo and its label", r"\(x, y\). Got: ndarray"),
    fails("four-parts", generator((1, 2, 3, 4)), training(), DataError, r"generator\[6\] must be", "Got: 4 parts"),
    fails("none-at-the-end", generator(None), training(), DataError, r"generator\[6\] must be", "Got: NoneType"),
    fails("mapping-without-photo", generator({"picture": photo(), "label": 1}), training(), DataError,
          r"generator\[6\] must have one entry named 'image'", r"pairs \(photo, label\)"),
    fails("several-inputs", generator(((photo(), photo()), 1)), training(), DataError,
          r"generator\[6\] has several inputs", "A photo is one array"),
    fails("other-channels", generator((np.zeros((16, 16, 5), np.uint8), 1)), training(), DataError, r"generator\[6\]",
          "channels"),
    fails("a-photo-of-nan", generator((np.full((16, 16, 3), np.nan), 1)), training(), DataError,
          r"generator\[6\] has NaN", "Remove the photo"),
    fails("type-changes", generator((np.full((16, 16, 3), 3.0), 1)), training(), DataError,
          r"generator\[6\] is float64", "Make them the same"),
    fails("range-is-odd", generator(first=[(np.full((9, 9, 3), i - 3.0), i % 2) for i in range(6)]), training(),
          DataError, "generator lie between -3 and 2", "pass the pixels"),
    fails("text-in-place-of-pixels", generator((np.array([["a"]]), 1)), training(), DataError, r"generator\[6\]",
          "Decode the photos"),
    fails("batch-with-too-few-labels", generator((np.stack([photo(8), photo(9)]), [1])), training(), DataError,
          r"generator\[6\] has 2 photos, but 1 labels", "Give one for each"),
    fails("batch-with-one-label", generator((np.stack([photo(8), photo(9)]), 1)), training(), DataError,
          r"generator\[6\] has 2 photos, but 1 labels", "Give one for each"),
    fails("labels-of-other-width", generator((photo(8), [0, 1]), (photo(9), [0, 1, 0])), training(), DataError,
          "labels of generator", "row of 0 and 1|list of names|names"),
    fails("a-missing-label", generator((photo(9), None)), training(), DataError, "labels of generator", r"\[6\]"),
    fails("raises-at-once", failing(0, RuntimeError("no disk")), training(), DataError,
          r"generator failed after 0 items \(RuntimeError: no disk\)", "failed"),
    fails("raises-later", failing(4, KeyError("breed")), training(), DataError,
          "generator failed after 4 items", "KeyError: 'breed'"),
    fails("raises-stop", failing(4, StopIteration()), training(), DataError, "generator failed after 4 items",
          "StopIteration"),
    fails("never-ends", lambda bench: itertools.cycle(items()), training(), DataError, "cycle seems never to end",
          r"islice\(data, 100\)"),
    fails("one-class-of-a-stream", generator(first=[(photo(i), 0) for i in range(4)]), training(), DataError,
          "one class only", "at least two"),
    fails("more-classes-than-named", generator((photo(9), 2)), training(classes=["cat", "dog"]), DataError,
          "labels of generator has the index 2", "0 to 1: cat, dog"),
    fails("validation-used-up", lambda bench: items(), lambda source, bench: training(validation=iter(()))(source,
          bench), DataError, "validation .*gave no photos", "make a new one"),
    fails("photo-missing-in-a-stream", generator(("gone.png", 1)), training(), DataError, r"gone.png \(no such file",
          "Remove them"),
    fails("a-set-of-pairs", lambda bench: frozenset({("a.png", 1)}), training(), UsageError, "A source is",
          "frozenset"),
    fails("a-list-of-photos", lambda bench: [photo(index) for index in range(4)], training(), DataError,
          r"list\[0\] must be a photo and its label", r"\(x, y\)"),
    fails("steps-of-none", generator(), opening(steps=0), UsageError, "steps is a whole number", "Got: 0"),
    works("sizes-change", generator(*[(photo(index, 16 + index), index % 2) for index in range(6, 10)]), opening(),
          photos(10, "0", "1")),
    works("weights-beside-labels", generator((photo(9), 1, 0.5)), opening(),
          warned("sample weights, which are not used", photos(7, "0", "1"))),
    works("pillow-and-names", lambda bench: iter([(plain((i, i, i)), "cat" if i % 2 else "dog") for i in range(6)]),
          opening(), photos(6)),
    works("an-end-is-named", lambda bench: itertools.cycle(items()), opening(steps=6), photos(6, "0", "1")),
)  # fmt: skip

PY_DATASETS = (
    fails("batch-of-other-length", py_dataset(lambda index: batch(index, (0, 1, 1))), training(), DataError,
          r"Pets\[0\] has 2 photos, but 3 labels", "Give one for each"),
    fails("batch-without-labels", py_dataset(lambda index: batch(index)[0]), training(), DataError,
          r"Pets\[0\] must be a photo and its label, or a batch", "Got: ndarray"),
    fails("batch-raises", py_dataset(lambda index: _raises(IndexError("list index"))), training(), DataError,
          r"Pets failed after 0 items \(IndexError", "list index"),
    fails("no-batches", py_dataset(batch, 0), training(), DataError, "Pets gave no photos",
          "check the length and what leaves"),
    fails("length-raises", py_dataset(batch, lambda: _raises(ValueError("no index file"))), training(), DataError,
          "Pets", "no index file"),
    fails("batch-of-flat-photos", py_dataset(lambda index: (np.zeros((2, 768)), [0, 1])), training(), DataError,
          r"Pets\[0\] has the shape \(2, 768\) and 2 labels", "Give them their shape back"),
    works("sound-batches", py_dataset(batch), opening(), photos(6, "0", "1")),
)  # fmt: skip

TENSORFLOW = (
    fails("repeated-for-ever", tensorflow(lambda tf, data: data.repeat()), training(), DataError,
          "tf.data.Dataset .*repeated without a count", r"data.take\(100\)"),
    fails("unlabelled", tensorflow(lambda tf, data: data.map(lambda x, y: x)), training(), DataError,
          r"tf.data.Dataset\[0\] must be a photo and its label", "Got: ndarray"),
    fails("fails-in-a-map", tensorflow(_fails_in_map), training(), DataError, "tf.data.Dataset failed after 1 items",
          "label too large"),
    fails("encoded-photos", tensorflow(lambda tf, data: data.map(lambda x, y: (tf.io.encode_png(x), y))), training(),
          DataError, r"tf.data.Dataset\[0\]", "Decode the photos"),
    fails("empty-after-filter", tensorflow(lambda tf, data: data.filter(lambda x, y: y > 5)), training(), DataError,
          "tf.data.Dataset gave no photos", "what leaves photos out"),
    fails("scaled-in-a-map", tensorflow(lambda tf, data: data.map(lambda x, y: (tf.cast(x, tf.float32) / 127.5 - 1,
          y))), training(), DataError, "tf.data.Dataset lie between -1", "pass the pixels"),
    fails("ragged-photos", tensorflow(lambda tf, data: tf.data.Dataset.from_tensor_slices((tf.ragged.constant(
          [[[1], [2, 3]]] * 4), [0, 1, 0, 1]))), training(), DataError,
          r"tf.data.Dataset\[0\] has object where pixels should be", "Decode"),
    works("batched-one-hot", tensorflow(lambda tf, data: data.map(lambda x, y: (x, tf.one_hot(y, 2))).batch(4)),
          opening(), photos(6, "0", "1")),
    works("scaled-to-one", tensorflow(lambda tf, data: data.map(lambda x, y: (tf.cast(x, tf.float32) / 255, y))),
          opening(), photos(6, "0", "1")),
)  # fmt: skip

ROWS = (*GENERATORS, *PY_DATASETS, *TENSORFLOW)


@as_table(ROWS)
def test_stream(row: Row, bench: Bench) -> None:
    run_row(row, bench)
