"""Where the cache lies, and how its segments survive damage, races and limits."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data.cache import PixelCache, settings_key
from edgekit.data.holdings import Holdings
from edgekit.data.segments import PIXELS, ROWS, TEMPORARY, Segment, open_segment
from edgekit.files import cache_directory
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(4, 3)
linux = pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are for Linux")


def digest(content: int) -> bytes:
    return hashlib.sha256(str(content).encode()).digest()


def row(content: int) -> NDArray[np.uint8]:
    return np.full(FORMAT.shape, content, np.uint8)


def fill(cache: PixelCache, *contents: int) -> Segment:
    writer = cache.writer()
    try:
        for content in contents:
            writer.add(digest(content), row(content))
        segment = writer.commit()
    finally:
        writer.close()
    assert segment is not None
    return segment


@pytest.fixture
def cache(tmp_path: Path) -> PixelCache:
    return PixelCache(tmp_path / "cache", FORMAT, 10**9)


def segment_folders(cache: PixelCache) -> list[Path]:
    return sorted(path for path in (cache.directory / "photos" / "pixels").glob("*/*") if path.is_dir())


def test_the_folder_is_taken_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "named"))
    assert cache_directory(tmp_path / "chosen") == tmp_path / "chosen"
    assert cache_directory() == tmp_path / "named"


@linux
def test_without_a_choice_it_is_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EDGEKIT_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "edgekit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_directory() == tmp_path / ".cache" / "edgekit"


def test_settings_tell_formats_apart() -> None:
    formats = [
        FORMAT,
        ImageFormat(3, 4),
        ImageFormat(4, 3, color="grayscale"),
        ImageFormat(4, 3, resize="stretch"),
        ImageFormat(4, 3, resize="letterbox"),
        ImageFormat(4, 3, resize="letterbox", fill=9),
    ]
    assert len({settings_key(image) for image in formats}) == len(formats)


def test_rows_are_found_by_content(cache: PixelCache) -> None:
    fill(cache, *range(100))
    places = Holdings(tuple(cache.segments())).locate([digest(7), digest(1000), None, digest(99), digest(7)])
    assert places.found.tolist() == [True, False, False, True, True]
    images = Holdings(tuple(cache.segments())).locate([digest(7), digest(99), digest(7)]).images()
    assert images.take(np.arange(3))[:, 0, 0, 0].tolist() == [7, 99, 7]


def test_digests_with_zero_bytes_are_kept_apart(cache: PixelCache) -> None:
    # NumPy's byte strings drop trailing zeros, which a digest may well have.
    contents = [bytes([1, *([0] * 31)]), bytes([1, 0, 2, *([0] * 29)]), bytes([0] * 31 + [1]), bytes([1] * 32)]
    writer = cache.writer()
    for number, content in enumerate(contents):
        writer.add(content, row(number))
    writer.commit()
    writer.close()
    places = Holdings(tuple(cache.segments())).locate(contents)
    assert places.images().take(np.arange(4))[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_photos_are_read_across_segments(cache: PixelCache) -> None:
    fill(cache, 1, 2)
    fill(cache, 3)
    fill(cache, 4, 1)
    images = Holdings(tuple(cache.segments())).locate([digest(n) for n in (4, 3, 2, 1)]).images()
    assert images.take(np.array([0, 1, 2, 3, 0]))[:, 0, 0, 0].tolist() == [4, 3, 2, 1, 4]
    assert images.subset(np.array([2, 0])).take(np.array([1]))[0, 0, 0, 0] == 4


def test_copies_are_stored_once(cache: PixelCache) -> None:
    segment = fill(cache, 5, 5, 5)
    assert (segment.path / PIXELS).stat().st_size == 36


def test_an_unfinished_segment_leaves_nothing(cache: PixelCache) -> None:
    writer = cache.writer()
    writer.add(digest(1), row(1))
    writer.close()
    assert segment_folders(cache) == []


def test_the_loser_of_a_race_takes_the_winners(cache: PixelCache) -> None:
    first, second = cache.writer(), cache.writer()
    for writer in (first, second):
        writer.add(digest(1), row(1))
    won, lost = first.commit(), second.commit()
    first.close()
    second.close()
    assert won is not None
    assert lost is not None
    assert won.path == lost.path
    assert segment_folders(cache) == [won.path]


def test_a_damaged_segment_in_the_way_is_replaced(cache: PixelCache) -> None:
    path = fill(cache, 1, 2).path
    os.truncate(path / PIXELS, 10)
    assert fill(cache, 1, 2).path == path
    assert open_segment(path, FORMAT.shape) is not None


@pytest.mark.parametrize("name", [PIXELS, ROWS])
@pytest.mark.parametrize("size", [0, 1, 39, 1000])
def test_a_segment_of_the_wrong_size_is_removed(cache: PixelCache, name: str, size: int) -> None:
    path = fill(cache, 1, 2, 3).path
    os.truncate(path / name, size)
    assert cache.segments() == []
    assert not path.exists()


@pytest.mark.parametrize("name", [PIXELS, ROWS])
def test_a_segment_without_a_file_is_removed(cache: PixelCache, name: str) -> None:
    path = fill(cache, 1).path
    (path / name).unlink()
    assert cache.segments() == []
    assert not path.exists()


def test_rows_that_point_outside_are_damage(cache: PixelCache) -> None:
    path = fill(cache, 1).path
    data = bytearray((path / ROWS).read_bytes())
    data[-1] = 255
    (path / ROWS).write_bytes(data)
    assert cache.segments() == []


def set_age(segment: Path, seconds: int) -> None:
    for path in (segment, *segment.iterdir()):
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_killed_runs_left_is_removed_once_it_is_old(cache: PixelCache) -> None:
    fill(cache, 1)
    settings = next((cache.directory / "photos" / "pixels").iterdir())
    left = settings / f"{TEMPORARY}left"
    left.mkdir()
    (left / PIXELS).write_bytes(b"half")
    cache.writer().close()
    assert left.exists()  # it may be in the making
    set_age(left, 3600)
    cache.writer().close()
    assert not left.exists()


def test_a_running_writer_keeps_its_folder_however_old(cache: PixelCache) -> None:
    writer = cache.writer()
    writer.add(digest(1), row(1))
    (temporary,) = segment_folders(cache)
    set_age(temporary, 10**6)
    cache.writer().close()
    assert writer.commit() is not None
    writer.close()


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    formats = [ImageFormat(4, 3), ImageFormat(4, 3, resize="stretch"), ImageFormat(4, 3, resize="letterbox")]
    caches = [PixelCache(tmp_path, image, limit_bytes=2 * (36 + 40)) for image in formats]
    segments = [fill(cache, 1) for cache in caches]
    for segment, age in zip(segments, (30, 20, 10), strict=True):
        set_age(segment.path, age)
    segments[0].touch()
    caches[2].evict(keep=[segments[2].path])
    assert [segment.path.exists() for segment in segments] == [True, False, True]


def test_segments_in_use_are_kept_above_the_limit(tmp_path: Path) -> None:
    cache = PixelCache(tmp_path, FORMAT, limit_bytes=1)
    segment = fill(cache, 1)
    cache.evict(keep=[segment.path])
    assert segment.path.exists()
    cache.evict(keep=[])
    assert not segment.path.exists()


def test_backup_programs_are_told(cache: PixelCache) -> None:
    fill(cache, 1)
    assert (cache.directory / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
