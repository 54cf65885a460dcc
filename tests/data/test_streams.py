"""Streams as sources: generators, sequences, ``tf.data`` and the data sets of Keras."""

from __future__ import annotations

import gc
import itertools
import os
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.data import CachePolicy, DataOptions, describe_source, is_used_up, open_dataset, open_labelled
from edgekit.data.sources import list_source
from edgekit.data.spool import Spool
from edgekit.errors import DataError, OutputError, UsageError
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(8, 6)
PHOTOS = np.random.default_rng(0).integers(0, 256, (20, 6, 8, 3), np.uint8)
LABELS = np.arange(20) % 2


@pytest.fixture
def options(policy: CachePolicy) -> DataOptions:
    return DataOptions(cache=policy)


@pytest.fixture
def expected(options: DataOptions) -> str:
    """The digest of the same photos as arrays."""
    return open_dataset((PHOTOS, LABELS), FORMAT, options).digest


def pairs(photos: Any = PHOTOS, labels: Any = LABELS) -> Iterator[tuple[Any, Any]]:
    yield from zip(photos, labels, strict=True)


def in_batches(size: int, photos: Any = PHOTOS, labels: Any = LABELS) -> Iterator[tuple[Any, Any]]:
    for start in range(0, len(photos), size):
        yield photos[start : start + size], labels[start : start + size]


def spool_files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "cache" / "streams"
    return list(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    "make",
    [
        lambda: pairs(),
        lambda: pairs(PHOTOS / 255),
        lambda: pairs(PHOTOS.astype(np.float32)),
        lambda: pairs(PHOTOS, np.eye(2)[LABELS]),
        lambda: in_batches(7),
        lambda: in_batches(7, PHOTOS, np.eye(2)[LABELS]),
        lambda: in_batches(8, PHOTOS / 255, LABELS[:, np.newaxis]),
        lambda: list(pairs()),
        lambda: ([photo, label] for photo, label in pairs()),
        lambda: ({"image": photo, "label": label} for photo, label in pairs()),
        lambda: ({"x": photo, "y": label, "id": 3} for photo, label in pairs()),
        lambda: ((Image.fromarray(photo), int(label)) for photo, label in pairs()),
        lambda: itertools.chain(in_batches(5, PHOTOS[:10], LABELS[:10]), pairs(PHOTOS[10:], LABELS[10:])),
    ],
)
def test_items_and_batches_of_all_forms_are_the_same(
    options: DataOptions, expected: str, make: Callable[[], Any]
) -> None:
    dataset = open_dataset(make(), FORMAT, options)
    assert dataset.digest == expected
    assert dataset.report.cache.state == "off"


def test_other_sizes_are_prepared_and_cached(options: DataOptions) -> None:
    photos = [np.tile(photo, (1 + index % 3, 2, 1)) for index, photo in enumerate(PHOTOS)]
    first = open_dataset(pairs(photos), FORMAT, options)
    second = open_dataset((photos, LABELS), FORMAT, options)
    assert (first.report.cache.state, second.report.cache.state) == ("built", "reused")
    assert first.digest == second.digest
    off = open_dataset(pairs(photos), FORMAT, replace(options, cache=replace(options.cache, enabled=False)))
    np.testing.assert_array_equal(off.train.images.take(np.arange(16)), first.train.images.take(np.arange(16)))


def test_names_and_several_labels(options: DataOptions) -> None:
    dataset = open_dataset(pairs(labels=["no", "yes"] * 10), FORMAT, options)
    assert dataset.class_names == ("no", "yes")
    dataset = open_dataset(pairs(labels=[["a"], ["a", "b"], [], ["b"]] * 5), FORMAT, options)
    assert (dataset.class_names, dataset.multi_label) == (("a", "b"), True)
    rows = np.array([[1, 0, 1], [1, 1, 0]] * 10)
    dataset = open_dataset(in_batches(6, labels=rows), FORMAT, replace(options, classes=("x", "y", "z")))
    assert dataset.report.images["train"][0] == len(dataset.train)


def test_greyscale_batches_are_told_from_single_photos(options: DataOptions) -> None:
    gray = replace(FORMAT, color="grayscale")
    wanted = open_dataset((PHOTOS[..., 0], LABELS), gray, options).digest
    assert open_dataset(pairs(PHOTOS[..., 0]), gray, options).digest == wanted
    assert open_dataset(in_batches(6, PHOTOS[..., 0]), gray, options).digest == wanted
    assert open_dataset(in_batches(6, PHOTOS[..., :1]), gray, options).digest == wanted


def test_paths_in_a_stream(options: DataOptions, tmp_path: Path, expected: str) -> None:
    paths = [tmp_path / f"{index}.png" for index in range(20)]
    for path, photo in zip(paths, PHOTOS, strict=True):
        Image.fromarray(photo).save(path)
    dataset = open_dataset(list(zip(paths, LABELS, strict=True)), FORMAT, options)
    assert dataset.report.cache.state == "built"
    assert {Path(file).parent for file in dataset.train.files} == {tmp_path}


def test_black_photos_do_not_decide_what_white_is(options: DataOptions) -> None:
    """Whether values mean 0..1 or 0..255 is known only when a value above 1 comes."""
    photos = PHOTOS.astype(np.float32)
    photos[:3] = np.array([0, 1, 0.7])[:, np.newaxis, np.newaxis, np.newaxis]
    whole = open_dataset((photos, LABELS), FORMAT, options)
    assert open_dataset(pairs(photos), FORMAT, options).digest == whole.digest
    assert open_dataset(in_batches(2, photos), FORMAT, options).digest == whole.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: iter([]), "gave no photos. A generator can be read once only"),
        (lambda: iter(PHOTOS), r"list_iterator|\[0\] must be a photo and its label.*Got: ndarray"),
        (lambda: [(PHOTOS[0],)], r"list\[0\] must be a photo and its label.*Got: 1 parts"),
        (lambda: [({"a": 1}, 0)], "several inputs"),
        (lambda: [{"photo": PHOTOS[0]}], r"one entry named 'label' or alike. Its entries: photo"),
        (lambda: [(PHOTOS[0, 0, 0], 0)], r"list\[0\] must have the shape"),
        (lambda: [(PHOTOS.transpose(0, 3, 1, 2), LABELS)], r"list\[0\] has its channels first"),
        (lambda: [(PHOTOS[:4], LABELS[:3])], r"list\[0\] has 4 photos, but 3 labels"),
        (lambda: pairs(PHOTOS / 127.5 - 1), "own scaling"),
        (lambda: pairs(PHOTOS / 200), "np.clip"),
        (lambda: pairs(PHOTOS.astype(np.int32) * 2), "whole numbers must lie between 0 and 255"),
        (lambda: pairs(PHOTOS // 255), "white is 255 in whole numbers"),
        (lambda: pairs([*PHOTOS[:5], *(PHOTOS[5:] / 255)]), r"generator\[5\] is float64; the photos before it are"),
        (lambda: pairs([*(PHOTOS[:5] / 255), np.full((6, 8, 3), np.nan)], range(6)), r"generator\[5\] has NaN"),
        (lambda: [(np.array(["a.png", "b.png"]), [0, 1])], "Decode the photos, or make a table of paths"),
        (lambda: [([[1, 2], [3]], 0)], r"list\[0\] cannot be made an array"),
        (lambda: [(PHOTOS[0, ..., 0], [[1], [1, 2]])], "is no photo with its label|rows of different lengths"),
        (lambda: [(Image.new("F", (8, 6)), 0)], r"list\[0\] is not a readable image \(32-bit floating-point"),
        (lambda: [(object(), 0)], r"list\[0\] has object where pixels should be"),
        (lambda: [(None, 0)], r"list\[0\] has object where pixels should be"),
        (lambda: pairs(labels=LABELS - 1), r"the labels of generator\[0\] is -1"),
        (lambda: pairs(labels=[*LABELS[:19], np.array([0, 1])]), "rows of different lengths"),
    ],
)
def test_items_that_cannot_be_right_are_refused(options: DataOptions, make: Callable[[], Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list_source(make(), options)


def test_what_a_stream_raises_is_told(options: DataOptions) -> None:
    def broken() -> Iterator[Any]:
        yield PHOTOS[0], 0
        raise KeyError("no such photo")

    with pytest.raises(DataError, match=r"generator failed after 1 items \(KeyError: 'no such photo'\)") as caught:
        list_source(broken(), options)
    assert isinstance(caught.value.__cause__, KeyError)

    def impatient() -> Iterator[Any]:
        yield PHOTOS[0], 0
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list_source(impatient(), options)


def test_endless_streams_are_noticed(options: DataOptions, expected: str) -> None:
    forever: Callable[[], Any] = lambda: itertools.chain.from_iterable(pairs() for _ in itertools.count())  # noqa: E731
    with pytest.raises(DataError, match=r"seems never to end: after 20 photos all come again.*with steps"):
        list_source(forever(), options)
    assert open_dataset(forever(), FORMAT, replace(options, steps=20)).digest == expected

    def noise() -> Iterator[Any]:
        random = np.random.default_rng(0)
        while True:
            yield random.integers(0, 256, (10, 6, 8, 3), np.uint8), [0, 1] * 5

    small = replace(options, cache=replace(options.cache, limit_bytes=100_000))
    with pytest.raises(DataError, match=r"690\) and goes on, which is the cache's limit. If it never ends.*steps"):
        list_source(noise(), small)


def test_a_stream_is_not_held_in_memory(options: DataOptions) -> None:
    number, side = 400, 64
    random = np.random.default_rng(0)
    stream = ((random.integers(0, 256, (side, side, 3), np.uint8), index % 2) for index in range(number))
    tracemalloc.start()
    try:
        dataset = open_dataset(stream, ImageFormat(side, side), options)
        for start in range(0, len(dataset.train), 32):
            dataset.train.images.take(np.arange(start, min(start + 32, len(dataset.train))))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < number * side * side * 3 / 4


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc here")
def test_the_spooled_file_goes_with_its_last_user(options: DataOptions, tmp_path: Path) -> None:
    def held() -> int:
        links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if os.path.lexists(link)]
        return sum(str(tmp_path) in link for link in links)

    listing = list_source(pairs(), options)
    assert spool_files(tmp_path) == []  # it has no name
    assert held() >= 1
    photo = listing.records[0].content.read()  # type: ignore[union-attr]
    del listing
    gc.collect()
    np.testing.assert_array_equal(photo, PHOTOS[0])
    assert held() >= 1
    del photo
    gc.collect()
    assert held() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told(policy: CachePolicy) -> None:
    spool = Spool("generator", policy)
    with open("/dev/full", "wb", buffering=0) as full:
        os.dup2(full.fileno(), spool._file.fileno())
        with pytest.raises(OutputError, match="the disk is full"):
            spool.add(np.tile(PHOTOS, (1, 20, 20, 1)), "generator[0]")


def test_a_cache_that_cannot_be_written_means_the_temporary_folder(
    options: DataOptions, tmp_path: Path, expected: str
) -> None:
    (tmp_path / "file").touch()
    elsewhere = replace(options, cache=replace(options.cache, directory=tmp_path / "file"))
    assert open_dataset(pairs(), FORMAT, elsewhere).digest == expected


def test_validation_and_models_take_streams(options: DataOptions, policy: CachePolicy) -> None:
    dataset = open_dataset((PHOTOS, LABELS), FORMAT, replace(options, validation=pairs(PHOTOS[:4] // 2, LABELS[:4])))
    assert (len(dataset.train), len(dataset.validation)) == (20, 4)
    assert dataset.validation.files[0] == "validation generator[0]"
    part = open_labelled(in_batches(6), FORMAT, ("cat", "dog"), cache=policy)
    assert part.labels.tolist() == LABELS.tolist()
    assert is_used_up(pairs())
    assert not is_used_up([]) and not is_used_up((PHOTOS, LABELS))  # noqa: PT018


class MapStyle:
    """A data set in the style of PyTorch's."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return PHOTOS[index % 20], int(LABELS[index % 20])  # never an IndexError


class Loader:
    """A loader in the style of PyTorch's: a length, and iteration without an end."""

    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Iterator[Any]:
        return itertools.cycle(in_batches(4))


def test_sequences_and_loaders_with_a_length(options: DataOptions, expected: str, listener: Any) -> None:
    dataset = open_dataset(MapStyle(), FORMAT, options, listener)
    assert (dataset.digest, dataset.report.source) == (expected, "MapStyle")
    assert [(task.total, sum(task.steps)) for task in listener.tasks] == [(20, 20), (20, 20)]
    assert open_dataset(Loader(), FORMAT, options).digest == expected


def test_sample_weights_are_not_used_and_said(options: DataOptions, expected: str, listener: Any) -> None:
    weighted = [(photo, label, 1.0) for photo, label in pairs()]
    assert open_dataset(weighted, FORMAT, options, listener).digest == expected
    (warning,) = listener.warned
    assert "has sample weights, which are not used" in warning


class TestTensorFlow:
    """``tf.data.Dataset``."""

    @pytest.fixture
    def tf(self) -> Any:
        return pytest.importorskip("tensorflow")

    def test_batched_or_not(self, tf: Any, options: DataOptions, expected: str) -> None:
        single = tf.data.Dataset.from_tensor_slices((PHOTOS, LABELS))
        floats = tf.data.Dataset.from_tensor_slices((PHOTOS / 255, np.eye(2)[LABELS]))
        for data in (single, single.batch(7), floats, floats.batch(6).prefetch(1), single.cache().batch(20)):
            dataset = open_dataset(data, FORMAT, options)
            assert (dataset.digest, dataset.report.source) == (expected, "tf.data.Dataset")

    def test_names_as_labels(self, tf: Any, options: DataOptions) -> None:
        data = tf.data.Dataset.from_tensor_slices((PHOTOS, ["no", "yes"] * 10))
        for form in (data, data.batch(6)):
            assert open_dataset(form, FORMAT, options).class_names == ("no", "yes")

    def test_an_unknown_length_and_none_at_all(self, tf: Any, options: DataOptions, expected: str) -> None:
        data = tf.data.Dataset.from_tensor_slices((PHOTOS, LABELS))
        assert open_dataset(data.filter(lambda photo, label: label >= 0), FORMAT, options).digest == expected
        endless = data.batch(5).repeat()
        with pytest.raises(DataError, match=r"never ends.*repeated without a count.*steps"):
            list_source(endless, options)
        assert open_dataset(endless, FORMAT, replace(options, steps=4)).digest == expected

    def test_a_failing_pipeline_is_told(self, tf: Any, options: DataOptions) -> None:
        data = tf.data.Dataset.from_tensor_slices((PHOTOS, LABELS))
        broken = data.map(lambda photo, label: (tf.io.decode_png(tf.strings.as_string(label)), label))
        with pytest.raises(DataError, match=r"tf\.data\.Dataset failed after 0 items \(InvalidArgumentError"):
            list_source(broken, options)

    def test_keras_directory_loader(self, tf: Any, options: DataOptions, make_folder: Callable[..., Path]) -> None:
        import keras

        folder = make_folder({"rose": 6, "tulip": 6})
        for mode in ("int", "categorical", "binary"):
            data = keras.utils.image_dataset_from_directory(
                folder, image_size=(6, 8), batch_size=5, label_mode=mode, verbose=False
            )
            dataset = open_dataset(data, FORMAT, options)
            assert dataset.class_names == ("rose", "tulip")
            assert dataset.report.total("train") + dataset.report.total("validation") == 12


class TestKeras:
    """``keras.utils.PyDataset`` and the iterators of ``ImageDataGenerator``."""

    @pytest.fixture
    def keras(self) -> Any:
        return pytest.importorskip("keras")

    def test_py_dataset(self, keras: Any, options: DataOptions, expected: str) -> None:
        class Batches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
            def __len__(self) -> int:
                return 4

            def __getitem__(self, index: int) -> tuple[Any, Any]:
                chosen = slice(index * 5, index * 5 + 5)
                return PHOTOS[chosen] / 255, LABELS[chosen]

        dataset = open_dataset(Batches(), FORMAT, options)
        assert (dataset.digest, dataset.report.source) == (expected, "Batches")
        assert describe_source(Batches()) == "Batches"
        assert len(list_source(Batches(), replace(options, steps=2)).records) == 10

        class Endless(Batches):
            @property
            def num_batches(self) -> None:
                return None

        with pytest.raises(DataError, match=r"The Endless never ends\. It has no length"):
            list_source(Endless(), options)

    def test_what_fails_to_say_its_length(self, keras: Any, options: DataOptions) -> None:
        class Broken(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
            def __getitem__(self, index: int) -> Any:
                return PHOTOS, LABELS

        with pytest.raises(DataError, match=r"Broken cannot say its length \(NotImplementedError"):
            list_source(Broken(), options)

    def test_image_data_generator(
        self, keras: Any, options: DataOptions, expected: str, make_folder: Callable[..., Path]
    ) -> None:
        from keras.src.legacy.preprocessing.image import ImageDataGenerator

        flowed = ImageDataGenerator(rescale=1 / 255).flow(PHOTOS, LABELS, batch_size=6)
        assert open_dataset(flowed, FORMAT, options).digest == expected
        folder = make_folder({"rose": 6, "tulip": 6})
        for mode in ("sparse", "categorical", "binary"):
            iterator = ImageDataGenerator().flow_from_directory(
                folder, target_size=(6, 8), batch_size=5, class_mode=mode
            )
            dataset = open_dataset(iterator, FORMAT, options)
            assert dataset.class_names == ("rose", "tulip")
            assert len(dataset.train) + len(dataset.validation) == 12
        without = ImageDataGenerator().flow_from_directory(folder, target_size=(6, 8), class_mode=None)
        with pytest.raises(DataError, match=r"DirectoryIterator\[0\] must be a photo and its label"):
            list_source(without, options)

    def test_other_things_of_keras_are_no_sources(self, keras: Any) -> None:
        with pytest.raises(UsageError, match="Got: Sequential"):
            list_source(keras.Sequential(), DataOptions())
