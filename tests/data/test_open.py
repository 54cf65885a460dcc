"""From folders of real image files to a data set: check, split, report, cache."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.data import CachePolicy, DataOptions, Dataset, Part, build_dataset, open_dataset, open_labelled
from edgekit.data.records import Listing, Record
from edgekit.data.store import MappedImages, StreamedImages
from edgekit.errors import DataError, ImageError, UsageError
from edgekit.preprocess import prepare
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(8, 6)


@pytest.fixture
def options(policy: CachePolicy) -> DataOptions:
    return DataOptions(cache=policy)


def pixels(part: Part) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return part.images.take(np.arange(len(part)))


def sides(dataset: Dataset) -> dict[str, str]:
    parts = [part for part in (dataset.train, dataset.validation, dataset.test) if part]
    return {file: part.name for part in parts for file in part.files}


def spoil(folder: Path) -> dict[str, str]:
    """Puts broken files into the folder; the reason of each by its name."""
    sound = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(sound, "JPEG")
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    checksum = zlib.crc32(b"IHDR" + header)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", checksum)
    bomb += struct.pack(">I", 1000) + b"IDAT" + bytes(1004)
    broken = {
        "bomb.png": (bomb, "pixels"),
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"this is a text, not a photo" * 9, "no known image format"),
        "truncated.jpg": (sound.getvalue()[:-400], "truncated"),
    }
    for name, (data, _) in broken.items():
        (folder / name).write_bytes(data)
    (folder / "link.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "circle.jpg").symlink_to(folder / "circle.jpg")
    return {**{name: reason for name, (_, reason) in broken.items()}, "link.jpg": "not exist", "circle.jpg": "circle"}


def test_a_folder_becomes_a_data_set(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"tulip": 10, "rose": 5})
    dataset = open_dataset(folder, FORMAT, options)
    assert dataset.class_names == ("rose", "tulip")
    assert (len(dataset.train), len(dataset.validation), dataset.test) == (12, 3, None)
    assert dataset.report.images == {"train": (4, 8), "validation": (1, 2)}
    assert dataset.train.labels.dtype == np.int64
    for part in (dataset.train, dataset.validation):
        taken = pixels(part)
        assert taken.dtype == np.uint8
        assert taken.shape == (len(part), 6, 8, 3)
        for file, label, photo in zip(part.files, part.labels.tolist(), taken, strict=True):
            assert Path(file).parent.name == dataset.class_names[label]
            np.testing.assert_array_equal(photo, prepare(file, FORMAT))


def test_the_split_is_the_same_again_and_another_with_another_seed(
    make_folder: Callable[..., Path], options: DataOptions
) -> None:
    folder = make_folder({"a": 20, "b": 20})
    first, again = (open_dataset(folder, FORMAT, options) for _ in range(2))
    assert sides(first) == sides(again)
    assert first.digest == again.digest
    other = open_dataset(folder, FORMAT, replace(options, seed=1))
    assert sides(other) != sides(first)
    assert other.digest != first.digest


def test_names_of_files_do_not_matter_and_contents_do(
    make_folder: Callable[..., Path], options: DataOptions, write_photo: Callable[..., Path]
) -> None:
    folder = make_folder({"a": 6, "b": 6})
    before = open_dataset(folder, FORMAT, options)
    (folder / "a" / "000.png").rename(folder / "a" / "zz.png")
    assert open_dataset(folder, FORMAT, options).digest == before.digest
    write_photo(folder / "a" / "zz.png", seed=999)
    assert open_dataset(folder, FORMAT, options).digest != before.digest


def test_copies_stay_on_one_side_of_our_split(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"a": 12, "b": 12})
    for index in range(12):
        shutil.copy(folder / "a" / f"{index:03}.png", folder / "a" / f"copy of {index:03}.png")
    dataset = open_dataset(folder, FORMAT, options)
    side = sides(dataset)
    for index in range(12):
        own = str(folder / "a" / f"{index:03}.png")
        assert side[own] == side[str(folder / "a" / f"copy of {index:03}.png")]
    assert dataset.report.across_split == ()
    assert dataset.report.repeated == 12


def test_folders_decide_the_split_where_there_are_any(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"train/a": 3, "train/b": 1, "valid/a": 2, "test/b": 1})
    dataset = open_dataset(folder, FORMAT, options)
    assert dataset.report.split == "folders"
    assert dataset.report.images == {"train": (3, 1), "validation": (2, 0), "test": (0, 1)}
    assert dataset.test is not None
    assert dataset.test.labels.tolist() == [1]
    assert "There are no validation photos of b." in dataset.report.warnings()


def test_a_share_of_none_wants_a_validation_folder(make_folder: Callable[..., Path], options: DataOptions) -> None:
    with pytest.raises(DataError, match="no validation folder"):
        open_dataset(make_folder({"a": 2, "b": 2}), FORMAT, replace(options, validation=None))


def test_another_folder_can_be_the_validation_part(
    make_folder: Callable[..., Path], options: DataOptions, tmp_path: Path
) -> None:
    source = make_folder({"a": 2, "b": 1})
    held_out = make_folder({"a": 1, "b": 2}, root=tmp_path / "held out")
    dataset = open_dataset(source, FORMAT, replace(options, validation=held_out))
    assert dataset.report.images == {"train": (2, 1), "validation": (1, 2)}


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 20.0, float("nan")])
def test_a_share_out_of_range_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        open_dataset(tmp_path, FORMAT, DataOptions(validation=share))


def test_a_class_with_one_photo_is_named_before_anything_is_read(
    make_folder: Callable[..., Path], options: DataOptions, listener: Any
) -> None:
    with pytest.raises(DataError, match="'lonely' has one photo only"):
        open_dataset(make_folder({"a": 5, "lonely": 1}), FORMAT, options, listener)
    assert listener.tasks == []


def test_a_class_of_copies_only_is_named(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"a": 5, "b": 1})
    shutil.copy(folder / "b" / "000.png", folder / "b" / "001.png")
    with pytest.raises(DataError, match="'b' has 2 files, but all are copies"):
        open_dataset(folder, FORMAT, options)


def test_unreadable_files_are_refused_with_their_reasons(
    make_folder: Callable[..., Path], options: DataOptions
) -> None:
    folder = make_folder({"a": 5, "b": 5})
    reasons = spoil(folder / "a")
    with pytest.raises(DataError) as caught:
        open_dataset(folder, FORMAT, options)
    lines = str(caught.value).splitlines()
    assert lines[0] == "6 of 16 image files cannot be read:"
    assert lines[-1] == "Remove them, or pass --skip-unreadable."
    for name, reason in reasons.items():
        (line,) = [line for line in lines if name in line]
        assert reason in line


def test_only_ten_unreadable_files_are_named(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"a": 5, "b": 5})
    for index in range(13):
        (folder / "a" / f"empty{index:02}.jpg").touch()
    with pytest.raises(DataError, match=r"13 of 23 image files(.*\n){11}  and 3 more\n"):
        open_dataset(folder, FORMAT, options)


@pytest.mark.parametrize("enabled", [True, False])
def test_unreadable_files_can_be_skipped(
    make_folder: Callable[..., Path], options: DataOptions, policy: CachePolicy, enabled: bool
) -> None:
    folder = make_folder({"a": 5, "b": 5})
    reasons = spoil(folder / "a")
    skipping = replace(options, skip_unreadable=True, cache=replace(policy, enabled=enabled))
    for _ in range(2):
        dataset = open_dataset(folder, FORMAT, skipping)
        assert {Path(bad.file).name for bad in dataset.report.unreadable} == set(reasons)
        assert len(dataset.train) + len(dataset.validation) == 10
        for part in (dataset.train, dataset.validation):
            for file, photo in zip(part.files, pixels(part), strict=True):
                np.testing.assert_array_equal(photo, prepare(file, FORMAT))


def test_a_class_of_unreadable_files_is_named(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"train/a": 5, "train/b": 0, "val/a": 2})
    (folder / "train" / "b" / "1.jpg").touch()
    with pytest.raises(DataError, match="no readable training photo of b"):
        open_dataset(folder, FORMAT, replace(options, skip_unreadable=True))


def test_nothing_readable_is_refused(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"a": 0, "b": 0})
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"):
        (folder / name).touch()
    with pytest.raises(DataError, match="None of the 4 image files can be read"):
        open_dataset(folder, FORMAT, replace(options, skip_unreadable=True))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_with_a_photos_name_does_not_hang(make_folder: Callable[..., Path], options: DataOptions) -> None:
    folder = make_folder({"a": 2, "b": 2})
    os.mkfifo(folder / "a" / "pipe.jpg")
    with pytest.raises(DataError, match="not a regular file"):
        open_dataset(folder, FORMAT, options)


def test_duplicates_across_split_and_classes_are_reported(
    make_folder: Callable[..., Path], options: DataOptions
) -> None:
    folder = make_folder({"train/a": 3, "train/b": 3, "val/a": 2, "val/b": 2})
    shutil.copy(folder / "train/a/000.png", folder / "val/a/leak.png")
    shutil.copy(folder / "train/a/001.png", folder / "train/b/wrong.png")
    report = open_dataset(folder, FORMAT, options).report
    (leak,), (conflict,) = report.across_split, report.across_classes
    assert [copy.file for copy in leak.copies] == [str(folder / "train/a/000.png"), str(folder / "val/a/leak.png")]
    assert [copy.label for copy in conflict.copies] == ["a", "b"]
    assert len(report.warnings()) == 2
    assert json.dumps(report.to_dict())


def test_strong_imbalance_is_reported(make_folder: Callable[..., Path], options: DataOptions) -> None:
    (warning,) = open_dataset(make_folder({"a": 40, "b": 3}), FORMAT, options).report.warnings()
    assert "very unequal" in warning


def test_fewer_photos_than_a_batch_are_fine(make_folder: Callable[..., Path], options: DataOptions) -> None:
    dataset = open_dataset(make_folder({"a": 2, "b": 2}), FORMAT, options)
    assert (len(dataset.train), len(dataset.validation)) == (2, 2)


@pytest.mark.parametrize("image", [FORMAT, ImageFormat(5, 7, color="grayscale", resize="letterbox", fill=9)])
def test_streaming_and_cache_give_the_same(
    make_folder: Callable[..., Path], options: DataOptions, policy: CachePolicy, image: ImageFormat, tmp_path: Path
) -> None:
    folder = make_folder({"a": 9, "b": 9})
    cached = open_dataset(folder, image, options)
    streamed = open_dataset(folder, image, replace(options, cache=replace(policy, enabled=False)))
    assert isinstance(cached.train.images, MappedImages)
    assert isinstance(streamed.train.images, StreamedImages)
    assert cached.train.images.shape == streamed.train.images.shape == image.shape
    assert (cached.digest, cached.train.files) == (streamed.digest, streamed.train.files)
    np.testing.assert_array_equal(pixels(cached.train), pixels(streamed.train))
    assert streamed.report.cache.state == "off"
    assert streamed.report.cache.directory is None


def test_without_a_cache_nothing_is_written(make_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_folder({"a": 3, "b": 3})
    open_dataset(folder, FORMAT, DataOptions(cache=CachePolicy(enabled=False, directory=tmp_path / "cache")))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("enabled", [True, False])
def test_what_is_taken_is_the_callers_own(make_folder: Callable[..., Path], policy: CachePolicy, enabled: bool) -> None:
    folder = make_folder({"a": 3, "b": 3})
    images = open_dataset(folder, FORMAT, DataOptions(cache=replace(policy, enabled=enabled))).train.images
    before = images.take(np.array([1, 0, 1]))
    np.testing.assert_array_equal(before[0], before[2])
    before[:] = 0
    assert images.take(np.array([1, 0, 1])).any()
    assert images.take(np.array([], np.int64)).shape == (0, *FORMAT.shape)


def test_the_second_run_reads_nothing(
    make_folder: Callable[..., Path], options: DataOptions, new_listener: Callable[[], Any]
) -> None:
    folder = make_folder({"a": 6, "b": 6})
    first, second = new_listener(), new_listener()
    built = open_dataset(folder, FORMAT, options, first)
    again = open_dataset(folder, FORMAT, options, second)
    (task,) = first.tasks
    assert (task.total, sum(task.steps), task.closed) == (12, 12, True)
    assert second.tasks == []
    assert (built.report.cache.state, again.report.cache.state) == ("built", "reused")
    np.testing.assert_array_equal(pixels(built.train), pixels(again.train))


def test_only_what_is_new_is_read(
    make_folder: Callable[..., Path],
    options: DataOptions,
    listener: Any,
    write_photo: Callable[..., Path],
) -> None:
    folder = make_folder({"a": 6, "b": 6})
    open_dataset(folder, FORMAT, options)
    new = write_photo(folder / "a" / "new.png", seed=777)
    changed = write_photo(folder / "b" / "000.png", seed=778)
    dataset = open_dataset(folder, FORMAT, options, listener)
    (task,) = listener.tasks
    assert task.steps == [11, 1, 1]
    assert dataset.report.cache.state == "extended"
    photos = dict(
        zip(
            dataset.train.files + dataset.validation.files,
            [*pixels(dataset.train), *pixels(dataset.validation)],
            strict=True,
        )
    )
    for path in (new, changed):
        np.testing.assert_array_equal(photos[str(path)], prepare(path, FORMAT))


def test_a_changed_photo_of_the_same_size_and_time_is_noticed(tmp_path: Path, options: DataOptions) -> None:
    folder = tmp_path / "photos"
    for number in range(8):
        path = folder / "ab"[number % 2] / f"{number}.bmp"  # uncompressed: always the same size
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (number, 0, 0)).save(path)
        os.utime(path, (10**9, 10**9))
    before = open_dataset(folder, FORMAT, options)
    target = folder / "a" / "0.bmp"
    replacement = target.with_name("new.bmp")
    Image.new("RGB", (8, 6), (200, 0, 0)).save(replacement)
    os.utime(replacement, (10**9, 10**9))
    replacement.replace(target)
    assert open_dataset(folder, FORMAT, options).digest != before.digest


def test_a_fresh_photo_is_read_again_rather_than_trusted(
    make_folder: Callable[..., Path], options: DataOptions, listener: Any
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    os.utime(folder / "a" / "000.png")  # changed just now: it may change once more within the clock's tick
    open_dataset(folder, FORMAT, options)
    open_dataset(folder, FORMAT, options, listener)
    (task,) = listener.tasks
    assert task.steps == [7, 1]


def test_another_split_or_subset_finds_the_same_pixels(
    make_folder: Callable[..., Path], options: DataOptions, listener: Any, policy: CachePolicy
) -> None:
    folder = make_folder({"train/a": 4, "train/b": 4, "train/c": 4, "val/a": 2, "val/b": 2, "val/c": 2})
    whole = open_dataset(folder, FORMAT, options)
    subset = open_dataset(folder, FORMAT, replace(options, classes=("c", "a")), listener)
    held_out = open_labelled(folder / "val", FORMAT, ("a", "b", "c"), cache=policy, progress=listener)
    assert listener.tasks == []
    assert subset.report.cache.state == "reused"
    np.testing.assert_array_equal(pixels(held_out), pixels(whole.validation))


def test_a_lost_index_costs_reading_but_not_decoding(
    make_folder: Callable[..., Path], options: DataOptions, listener: Any, tmp_path: Path
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    open_dataset(folder, FORMAT, options)
    shutil.rmtree(tmp_path / "cache" / "photos" / "index")
    assert open_dataset(folder, FORMAT, options, listener).report.cache.state == "reused"
    assert listener.tasks[0].total == 8


@pytest.mark.parametrize("damage", ["short", "gone"])
def test_a_damaged_cache_is_built_again(
    make_folder: Callable[..., Path], options: DataOptions, tmp_path: Path, damage: str
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    before = pixels(open_dataset(folder, FORMAT, options).train)
    (file,) = (tmp_path / "cache").rglob("pixels.bin")
    if damage == "short":
        os.truncate(file, 100)
    else:
        file.unlink()
    dataset = open_dataset(folder, FORMAT, options)
    assert dataset.report.cache.state == "built"
    np.testing.assert_array_equal(pixels(dataset.train), before)


def test_a_data_set_above_the_limit_is_streamed(
    make_folder: Callable[..., Path], policy: CachePolicy, listener: Any
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    small = DataOptions(cache=replace(policy, limit_bytes=500))
    dataset = open_dataset(folder, FORMAT, small, listener)
    assert dataset.report.cache.state == "streamed"
    (sentence,) = listener.said
    assert "more than the cache's limit" in sentence
    assert listener.tasks[0].total == 8  # the check takes place all the same
    (folder / "a" / "broken.jpg").touch()
    with pytest.raises(DataError, match="the file is empty"):
        open_dataset(folder, FORMAT, small)


def test_the_check_of_a_streamed_data_set_is_remembered(
    make_folder: Callable[..., Path], policy: CachePolicy, listener: Any
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    small = DataOptions(cache=replace(policy, limit_bytes=500))
    open_dataset(folder, FORMAT, small)
    open_dataset(folder, FORMAT, small, listener)
    assert listener.tasks == []


def test_the_limit_drops_what_was_used_least_recently(
    make_folder: Callable[..., Path], policy: CachePolicy, tmp_path: Path
) -> None:
    folder = make_folder({"a": 5, "b": 5})
    limited = DataOptions(cache=replace(policy, limit_bytes=2 * 10 * (7 * 7 * 3 + 40)))
    wide, tall, square = ImageFormat(8, 6), ImageFormat(6, 8), ImageFormat(7, 7, resize="stretch")
    for image in (wide, tall, wide, square):
        open_dataset(folder, image, limited)
    states = [open_dataset(folder, image, limited).report.cache.state for image in (wide, square, tall)]
    assert states == ["reused", "reused", "built"]
    total = sum(file.stat().st_size for file in (tmp_path / "cache" / "photos" / "pixels").rglob("*.bin"))
    assert total <= limited.cache.limit_bytes


def test_a_file_in_the_caches_place_means_streaming(
    make_folder: Callable[..., Path], listener: Any, tmp_path: Path
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    (tmp_path / "file").touch()
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        dataset = open_dataset(folder, FORMAT, DataOptions(cache=CachePolicy(directory=directory)), listener)
        assert dataset.report.cache.state == "streamed"
        assert len(pixels(dataset.train)) == len(dataset.train)
    assert len(listener.warned) == 2
    assert "cannot be kept for the next run" in listener.warned[0]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc here")
def test_a_folder_that_nobody_can_write_to_means_streaming(make_folder: Callable[..., Path], listener: Any) -> None:
    dataset = open_dataset(
        make_folder({"a": 4, "b": 4}), FORMAT, DataOptions(cache=CachePolicy(directory="/proc/edgekit")), listener
    )
    assert dataset.report.cache.state == "streamed"
    assert len(listener.warned) == 1


def test_a_streamed_photo_that_vanishes_is_named(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    folder = make_folder({"a": 4, "b": 4})
    dataset = open_dataset(folder, FORMAT, DataOptions(cache=replace(policy, enabled=False)))
    gone = dataset.train.files[2]
    Path(gone).unlink()
    with pytest.raises(ImageError, match=r"\.png is not a readable image \(no such file\)") as caught:
        pixels(dataset.train)
    assert caught.value.name == gone


def test_bytes_are_a_source_as_good_as_files(
    make_folder: Callable[..., Path], options: DataOptions, listener: Any
) -> None:
    folder = make_folder({"a": 4, "b": 4})
    files = sorted(folder.rglob("*.png"))
    records = tuple(Record(file.read_bytes(), file.name, (file.parent.name,), None) for file in files)
    from_bytes = build_dataset(Listing("archive.zip", ("a", "b"), records), FORMAT, 0.2, options)
    from_files = open_dataset(folder, FORMAT, options, listener)
    assert from_bytes.digest == from_files.digest
    assert from_files.report.cache.state == "reused"
    np.testing.assert_array_equal(pixels(from_bytes.train), pixels(from_files.train))


def test_labelled_photos_have_the_models_labels(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    part = open_labelled(make_folder({"rose": 2, "daisy": 3}), FORMAT, ("tulip", "rose", "daisy"), cache=policy)
    assert part.labels.tolist() == [2, 2, 2, 1, 1]
    assert [Path(file).parent.name for file in part.files] == ["daisy"] * 3 + ["rose"] * 2


def test_the_part_of_a_divided_source_can_be_chosen(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    folder = make_folder({"train/a": 3, "train/b": 2, "val/a": 1})
    for part, number in (("train", 5), ("validation", 1)):
        opened = open_labelled(folder, FORMAT, ("a", "b"), part=part, cache=policy)  # type: ignore[arg-type]
        assert (opened.name, len(opened)) == (part, number)


def test_a_limit_takes_of_all_classes_alike(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    folder = make_folder({"a": 30, "b": 30, "c": 2})
    part = open_labelled(folder, FORMAT, ("a", "b", "c"), limit=10, cache=policy)
    assert np.bincount(part.labels).tolist() == [4, 4, 2]
    assert part.files == open_labelled(folder, FORMAT, ("a", "b", "c"), limit=10, cache=policy).files
    assert len(open_labelled(folder, FORMAT, ("a", "b", "c"), limit=1000, cache=policy)) == 62
    with pytest.raises(UsageError, match="at least 1"):
        open_labelled(folder, FORMAT, ("a", "b", "c"), limit=0, cache=policy)


def test_labelled_photos_that_are_unreadable_are_refused_or_skipped(
    make_folder: Callable[..., Path], policy: CachePolicy
) -> None:
    folder = make_folder({"a": 3, "b": 3})
    spoil(folder / "b")
    with pytest.raises(DataError, match="6 of 12 image files"):
        open_labelled(folder, FORMAT, ("a", "b"), cache=policy)
    assert len(open_labelled(folder, FORMAT, ("a", "b"), cache=policy, skip_unreadable=True)) == 6


def test_knowledge_of_other_files_survives_a_limited_run(
    make_folder: Callable[..., Path], policy: CachePolicy, listener: Any, write_photo: Callable[..., Path]
) -> None:
    folder = make_folder({"a": 6, "b": 6})
    labels = ("a", "b")
    open_labelled(folder, FORMAT, labels, cache=policy)
    for index in range(6):
        write_photo(folder / "a" / f"{index:03}.png", seed=5000 + index)
    open_labelled(folder, FORMAT, labels, limit=4, cache=policy)
    open_labelled(folder, FORMAT, labels, cache=policy, progress=listener)
    (task,) = listener.tasks
    assert task.steps == [8, 1, 1, 1, 1]  # 6 of b and 2 of a were known


def test_real_flowers_report_the_two_pairs_that_straddle_the_split(
    shared_data: Path, policy: CachePolicy, listener: Any
) -> None:
    dataset = open_dataset(shared_data / "flowers-224", ImageFormat(32, 32), DataOptions(cache=policy), listener)
    assert (len(dataset.train), len(dataset.validation)) == (2569, 550)
    pairs = {tuple(Path(copy.file).name for copy in group.copies) for group in dataset.report.duplicates}
    assert pairs == {
        ("14889392928_9742aed45b_m.jpg", "15066430311_fb57fa92b0_m.jpg"),
        ("15069459615_7e0fd61914_n.jpg", "15072973261_73e2912ef2_n.jpg"),
    }
    (warning,) = dataset.report.warnings()
    assert warning.startswith("2 photos are on both sides of the split")
    assert listener.warned == []
