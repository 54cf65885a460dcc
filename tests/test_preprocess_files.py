"""Where photos come from, and what is none: each is refused with its name and the reason."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgekit.errors import ImageError, UsageError
from edgekit.preprocess import MAX_PIXELS, open_image, prepare, to_color
from edgekit.spec import ImageFormat
from tests.golden import make_vectors
from tests.photos import (
    GRAY,
    NOISE,
    RGB,
    chunk,
    moving_gif,
    png,
    saved,
)

Pixels = NDArray[np.uint8]


def _huge(width: int, height: int) -> bytes:
    """The header of a photo of this size, and nothing to decode."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, GRAY, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


BAD_FILES = {
    "zero.jpg": (b"", "the file is empty"),
    "text.jpg": (b"This is a text, whatever its name says.\n", "no known image format"),
    "start.jpg": (saved(NOISE, "JPEG")[:4], "no known image format"),
    "half.jpg": (saved(NOISE, "JPEG")[:2000], "truncated file"),
    "half.png": (saved(NOISE, "PNG")[:6000], "truncated file"),
    "header.png": (saved(NOISE, "PNG")[:41], "truncated file"),
    "half.gif": (saved(NOISE, "GIF")[:1500], "truncated file"),
    "bomb.png": (_huge(20_000, 20_000), "above the limit of 178,956,970 pixels"),
    "strip.png": (_huge(2**30, 1), "above the limit of 178,956,970 pixels"),
    "garbled.png": (saved(NOISE, "PNG").replace(b"IDAT", b"IDAT\x55\xaa", 1), "damaged file"),
    "drawing.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "PostScript is not read"),
    "Fotos für Köln/žluťoučký 花.jpg": (b"", "the file is empty"),
    " space at both ends .jpg ": (b"x", "no known image format"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_refused_with_its_name_and_the_reason(name: str, tmp_path: Path) -> None:
    content, reason = BAD_FILES[name]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    for source in (path, str(path)):
        with pytest.raises(ImageError) as caught:
            prepare(source, ImageFormat(8, 8))
        assert caught.value.name == str(path)
        assert reason in caught.value.reason
        assert str(path) not in caught.value.reason
    with pytest.raises(ImageError, match=r"^the image is not"):
        prepare(content, ImageFormat(8, 8))
    with pytest.raises(ImageError, match=r"^upload 7 is not"), path.open("rb") as handle:
        prepare(handle, ImageFormat(8, 8), name="upload 7")


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"]), st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_file_gives_pixels_or_an_image_error(format: str, data: st.DataObject) -> None:
    photo = bytearray(saved(NOISE.crop((0, 0, 16, 16)), format))
    for _ in range(data.draw(st.integers(1, 4))):
        photo[data.draw(st.integers(0, len(photo) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        assert prepare(bytes(photo), ImageFormat(4, 4)).shape == (4, 4, 3)


def test_own_limit_holds_where_pillows_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ImageError, match=f"20000x20000 pixels is above the limit of {MAX_PIXELS:,} pixels"):
        open_image(_huge(20_000, 20_000))


def test_places_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "file.jpg").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {
        "missing.jpg": "no such file",
        "dangling.jpg": "no such file",
        "folder.jpg": "it is a folder",
        "pipe.jpg": "it is no regular file",
        "loop.jpg": os.strerror(40),
        "file.jpg/inside.jpg": os.strerror(20),
        "a" * 300 + ".jpg": os.strerror(36),
        "null\0byte.jpg": "embedded null",
    }
    for name, reason in reasons.items():
        with pytest.raises(ImageError, match=reason) as caught:
            open_image(tmp_path / name)
        assert caught.value.name == str(tmp_path / name)


def test_device_is_refused_at_once() -> None:
    with pytest.raises(ImageError, match="no regular file"):
        open_image("/dev/zero")


@contextlib.contextmanager
def _no_longer_root() -> Iterator[None]:
    """Root may read everything, and containers run tests as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        os.seteuid(user)


def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "locked.jpg"
    path.touch(mode=0)
    with _no_longer_root(), pytest.raises(ImageError, match="permission denied"):
        open_image(path)


def test_truncated_image_that_the_caller_opened(tmp_path: Path) -> None:
    with Image.open(io.BytesIO(BAD_FILES["half.jpg"][0])) as image, pytest.raises(ImageError, match="truncated"):
        prepare(image, ImageFormat(8, 8))


def test_image_without_pixels() -> None:
    with pytest.raises(ImageError, match="no pixels"):
        prepare(Image.new("RGB", (0, 5)), ImageFormat(8, 8))


@pytest.mark.parametrize("source", [None, 7, [[0, 1], [2, 3]], object()])
def test_no_image_source_at_all(source: Any) -> None:
    with pytest.raises(UsageError, match=r"An image must be a path, .*Got: "):
        prepare(source, ImageFormat(8, 8))


def test_every_source_gives_the_same(tmp_path: Path) -> None:
    array = make_vectors.noise(20, 10, 3)
    photo = png(20, 8, RGB, *(line.tobytes() for line in array))
    path = tmp_path / "Fotos für Köln 花.png"
    path.write_bytes(photo)
    target = ImageFormat(6, 6)
    expected = prepare(array, target).tolist()
    with path.open("rb") as handle, Image.open(path) as image:
        sources: list[Any] = [path, str(path), photo, bytearray(photo), memoryview(photo), handle, image]
        for source in sources:
            assert prepare(source, target).tolist() == expected
        assert not handle.closed, "the caller's file stays open"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    files = {
        "photo.jpg": saved(NOISE, "JPEG"),
        "photo.png": saved(NOISE, "PNG"),
        "photo.webp": saved(NOISE, "WEBP"),
        "photo.tif": saved(NOISE, "TIFF", compression="tiff_lzw", save_all=True, append_images=[NOISE]),
        "photo.gif": moving_gif(),
        **{name: content for name, (content, _) in BAD_FILES.items() if "/" not in name},
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    kept = []
    gc.collect()
    gc.disable()  # nothing may depend on the collector
    try:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for name in files:
            with contextlib.suppress(ImageError):
                kept.append(open_image(tmp_path / name))
        after = len(list(Path("/proc/self/fd").iterdir()))
    finally:
        gc.enable()
    assert after == before
    # Images are whole, though their files are closed and gone.
    for name in files:
        (tmp_path / name).unlink()
    assert [to_color(image, "rgb").size for image in kept] == [(64, 64)] * 4 + [(2, 1)]


def test_many_threads_give_what_one_gives(tmp_path: Path) -> None:
    # A fresh process: the threads meet in Pillow's lazy import of its formats, too.
    script = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from edgekit.preprocess import prepare
from edgekit.spec import ImageFormat
files = [Path(name) for name in sys.argv[1:]]
barrier = threading.Barrier(8)
def work(index):
    if index < 8:
        barrier.wait()
    return prepare(files[index % len(files)], ImageFormat(16, 16)).tobytes()
with ThreadPoolExecutor(8) as pool:
    results = list(pool.map(work, range(80)))
for index, result in enumerate(results):
    assert result == prepare(files[index % len(files)], ImageFormat(16, 16)).tobytes()
print(len(results))
"""
    paths = []
    for format in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"):
        paths.append(tmp_path / f"photo.{format.lower()}")
        paths[-1].write_bytes(saved(NOISE, format))
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, paths)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "80\n"), done.stderr


def test_threads_share_one_image() -> None:
    image = Image.open(io.BytesIO(saved(NOISE, "PNG")))
    image.load()
    expected = prepare(image, ImageFormat(9, 9)).tolist()
    start = threading.Barrier(4)

    def work(_: int) -> list[Any]:
        start.wait()
        return cast(list[Any], prepare(image, ImageFormat(9, 9)).tolist())

    with ThreadPoolExecutor(4) as pool:
        assert all(result == expected for result in pool.map(work, range(4)))
