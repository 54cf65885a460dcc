"""A stream of real JPEGs is cut into exactly these, whatever its pieces, and finds back into step after damage."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgekit.camera import mjpeg
from edgekit.camera.mjpeg import JpegSplitter
from tests.photos import NOISE, saved, with_app1

SMALL = [saved(NOISE.resize((8 + n, 8)), "JPEG", quality=quality) for n, quality in enumerate((20, 75, 95))]


def split(data: bytes, sizes: list[int]) -> tuple[list[bytes], int]:
    """The pictures of a stream that arrives in pieces of these sizes, again and again."""
    splitter, pictures, position, turn = JpegSplitter(), [], 0, 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        pictures += splitter.feed(data[position : position + size])
        position, turn = position + size, turn + 1
    return pictures, splitter.damaged


@given(st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_pieces_of_any_size(sizes: list[int]) -> None:
    assert split(b"".join(SMALL), sizes) == (SMALL, 0)


def test_real_photos_of_a_camera(pictures: Path) -> None:
    photos = [path.read_bytes() for path in sorted(pictures.iterdir())]
    assert split(b"".join(photos), [65536]) == (photos, 0)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_thumbnail_in_the_header_is_no_picture(size: int) -> None:
    picture = with_app1(SMALL[0], b"Exif\0\0" + SMALL[1])
    assert picture.count(b"\xff\xd9") == 2
    assert split(picture + SMALL[2], [size]) == ([picture, SMALL[2]], 0)


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 1}])
def test_several_scans_and_restart_markers(options: dict[str, object]) -> None:
    picture = saved(NOISE, "JPEG", **options)
    assert split(picture + SMALL[0], [11]) == ([picture, SMALL[0]], 0)


@pytest.mark.parametrize("size", [1, 7, 900])
def test_a_cut_picture_is_left_out_and_counted(size: int) -> None:
    for cut in range(3, len(SMALL[1])):
        pictures, damaged = split(SMALL[0] + SMALL[1][:cut] + SMALL[2] * 2, [size])
        # Cut within a header, what follows may look like a part of it.
        assert pictures[0] == SMALL[0], cut
        assert pictures[-1] == SMALL[2], cut
        assert damaged >= 1, cut


def test_a_cut_within_the_pixels_costs_that_picture_only() -> None:
    cut = SMALL[1].index(b"\xff\xda") + 30
    assert split(SMALL[0] + SMALL[1][:cut] + SMALL[2], [100]) == ([SMALL[0], SMALL[2]], 1)


@given(st.binary(max_size=2000), st.integers(1, 500))
def test_noise_is_no_picture(noise: bytes, size: int) -> None:
    pictures, _ = split(noise + SMALL[0] * 3, [size])
    assert pictures[-1] == SMALL[0]


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "MAX_BYTES", 10_000)
    endless = SMALL[0][:-2] + bytes(20_000)
    pictures, damaged = split(endless + SMALL[1], [1000])
    assert pictures == [SMALL[1]]
    assert damaged >= 1


def test_every_picture_decodes() -> None:
    for picture in split(b"".join(SMALL), [64])[0]:
        Image.open(io.BytesIO(picture)).load()
