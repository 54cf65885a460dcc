"""Files that are no photos, broken photos, and photos in every odd mode."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from edgekit.data import CachePolicy, Dataset
from edgekit.errors import DataError, ImageError
from edgekit.language import printable
from tests.faults.pictures import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    announced_bmp,
    announced_png,
    cut,
    gif,
    half_and_half,
    jpeg,
    noise_image,
    numpy_file,
    plain,
    png,
    progressive,
    sixteen_bit_png,
    spoilt,
    with_exif,
    wrong_crc,
)
from tests.faults.table import Bench, Make, Row, as_table, fails, pets, run_row, works
from tests.faults.ways import opening, photos, pixels_of, shown_as, training, warned
from tests.photos import exif, saved

REMOVE = r"Remove them, or pass --skip-unreadable\."


def photo(name: str, data: bytes | Callable[[Bench], bytes]) -> Make:
    """Sound class folders, and this file among the cats."""
    return lambda bench: bench.write({**pets(), f"cat/{name}": data(bench) if callable(data) else data})


def special(make: Callable[[Path], object], name: str = "odd.jpg") -> Make:
    """Sound class folders, and among the cats something that is no plain file."""

    def build(bench: Bench) -> Path:
        root = bench.write(pets())
        make(root / "cat" / name)
        return root

    return build


def unreadable(id: str, name: str, data: bytes | Callable[[Bench], bytes], reason: str) -> Row:
    """A row of a file that is no photo, or no more."""
    return fails(id, photo(name, data), training(), DataError, rf"cat/{re.escape(printable(name))} \({reason}", REMOVE)


def readable(id: str, name: str, data: bytes | Callable[[Bench], bytes], color: Any) -> Row:
    """A row of an odd photo, and the colour that a person sees in it."""
    return works(id, photo(name, data), opening(), shown_as(color))


def real(index: int = 0) -> Callable[[Bench], bytes]:
    return lambda bench: bench.flowers[index].read_bytes()


def _mangled_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 2_000_000, zip=True)
    return png(RED, pnginfo=info)


def _no_privileges(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.write_bytes(png())
    path.chmod(0)


def _vanishing(source: Path, bench: Bench) -> Any:
    dataset = opening(cache=CachePolicy(enabled=False))(source, bench)
    (source / "cat" / "0.png").unlink()
    return _take_everything(dataset)


def _changing(source: Path, bench: Bench) -> Any:
    dataset = opening(cache=CachePolicy(enabled=False))(source, bench)
    (source / "cat" / "0.png").write_bytes(b"<html>")
    return _take_everything(dataset)


def _take_everything(dataset: Dataset) -> Any:
    return [part.images.take(np.arange(len(part))) for part in (dataset.train, dataset.validation)]


def _turned_right(dataset: Dataset, bench: Bench) -> None:
    pixels = pixels_of(dataset, "odd")
    assert (pixels[0] > pixels[-1])[:, 0].all(), "the left half, red, must be above"


UNREADABLE = (
    unreadable("zero-bytes", "odd.jpg", b"", "the file is empty"),
    unreadable("real-jpeg-cut-in-half", "odd.jpg", lambda bench: cut(real()(bench), 0.5), "truncated file"),
    unreadable("real-jpeg-cut-at-nine-tenths", "odd.jpg", lambda bench: cut(real(1)(bench), 0.9), "truncated file"),
    unreadable("real-jpeg-cut-in-its-header", "odd.jpg", lambda bench: real(2)(bench)[:100], "[a-z]"),
    unreadable("progressive-jpeg-cut", "odd.jpg", lambda bench: cut(progressive(bench.flowers[0]), 0.4), "truncated"),
    unreadable("html-saved-as-jpg", "odd.jpg", b"<!DOCTYPE html><html><body>404</body>", "no known image format"),
    unreadable("json-error-saved-as-png", "odd.png", b'{"error": "quota exceeded"}', "no known image format"),
    unreadable("pdf-named-jpg", "odd.jpg", b"%PDF-1.7\n1 0 obj\n", "no known image format"),
    unreadable("svg-named-png", "odd.png", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no known image format"),
    unreadable("numpy-named-png", "odd.png", numpy_file(), "no known image format"),
    unreadable("random-bytes", "odd.jpg", np.random.default_rng(0).bytes(500), "no known image format"),
    unreadable("film-named-jpg", "odd.jpg", b"\0\0\0\x20ftypisom" + bytes(200), "[a-z]"),
    unreadable("git-lfs-pointer", "odd.jpg", b"version https://git-lfs.github.com/spec/v1\n", "no known image format"),
    unreadable("postscript-named-jpg", "odd.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
               "PostScript is not read"),
    unreadable("png-cut", "odd.png", cut(saved(noise_image(), "PNG"), 0.5), "truncated|damaged"),
    unreadable("png-wrong-checksum-of-header", "odd.png", wrong_crc(png(), b"IHDR"), "damaged|no known"),
    unreadable("png-with-spoilt-pixels", "odd.png", spoilt(saved(noise_image(), "PNG"), 300), "damaged|truncated"),
    unreadable("png-without-width", "odd.png", announced_png(0, 5), "[a-z]"),
    unreadable("png-bomb", "odd.png", announced_png(60_000, 60_000), "it is above the limit of [0-9,]+ pixels; scale"),
    unreadable("png-just-above-the-limit", "odd.png", announced_png(30_000, 6_000), "it is above the limit"),
    unreadable("png-below-the-limit-without-pixels", "odd.png", announced_png(12_000, 12_000), "truncated|damaged"),
    unreadable("bmp-bomb", "odd.bmp", announced_bmp(50_000, 50_000), "it is above the limit"),
    unreadable("jpeg-without-its-end-marker", "odd.jpg", jpeg(RED)[:-2], "truncated file"),
    unreadable("gif-cut", "odd.gif", cut(saved(noise_image(), "GIF"), 0.5), "truncated|damaged"),
    unreadable("webp-cut", "odd.webp", cut(saved(noise_image(), "WEBP"), 0.5), "truncated|damaged|no known"),
    unreadable("tiff-cut", "odd.tif", cut(saved(noise_image(), "TIFF"), 0.5), "truncated|damaged"),
    unreadable("bmp-cut", "odd.bmp", cut(saved(noise_image(), "BMP"), 0.5), "truncated|damaged"),
    unreadable("floating-point-tiff", "odd.tif", saved(Image.new("F", (9, 9), 0.5), "TIFF"), "32-bit floating-point"),
    unreadable("png-with-a-text-bomb", "odd.png", _mangled_text(), "damaged"),
    unreadable("newline-in-the-name", "od\nd.jpg", b"", "the file is empty"),
    fails("link-to-nowhere", special(lambda path: path.symlink_to("gone.jpg")), training(), DataError,
          r"cat/odd.jpg \(it is a link to a file that does not exist", REMOVE),
    fails("link-in-a-circle", special(lambda path: path.symlink_to(path)), training(), DataError,
          r"cat/odd.jpg \(it is a link that leads in a circle", REMOVE),
    fails("named-pipe", special(os.mkfifo), training(), DataError, r"cat/odd.jpg \(it is not a regular file", REMOVE),
    fails("no-permission", special(_no_privileges), training(), DataError, "odd.jpg.*permission denied", REMOVE),
    fails("vanishes-after-the-check", lambda bench: bench.write(pets()), _vanishing, ImageError, r"cat/0\.png",
          "is not a readable image"),
    fails("changes-after-the-check", lambda bench: bench.write(pets()), _changing, ImageError, r"cat/0\.png",
          "no known image format|changed"),
    fails("nothing-readable", lambda bench: bench.write(dict.fromkeys(pets(), b"")), training(skip_unreadable=True),
          DataError, "None of the 6 image files can be read", r"cat/0\.png \(the file is empty\)"),
    fails("a-class-without-readable-photos", lambda bench: bench.write({**pets(), **dict.fromkeys(
          [f"cat/{index}.png" for index in range(3)], b"")}), training(skip_unreadable=True), DataError,
          "'?cat'?", "dd (photos|some)"),
    fails("all-unreadable-are-counted", lambda bench: bench.write({**pets(), **{f"cat/bad{i}.jpg": b"" for i in
          range(25)}}), training(), DataError, "25 of 31 image files cannot be read.*and 15 more", REMOVE),
)  # fmt: skip

READABLE = (
    works("unreadable-are-left-out", photo("odd.jpg", b""), opening(skip_unreadable=True),
          warned("cat/odd.jpg (the file is empty)", photos(6))),
    readable("jpeg-in-cmyk", "odd.jpg", jpeg((0, 255, 255, 0), "CMYK"), (254, 0, 0)),
    readable("jpeg-in-grey", "odd.jpg", jpeg(128, "L", subsampling=-1), (128,) * 3),
    readable("jpeg-progressive", "odd.jpg", jpeg(BLUE, progressive=True), (0, 0, 254)),
    readable("jpeg-with-garbage-behind", "odd.jpg", jpeg(RED) + b"\0garbage" * 50, (254, 0, 0)),
    readable("jpeg-named-png", "odd.png", jpeg(RED), (254, 0, 0)),
    readable("png-named-jpg", "odd.jpg", png(GREEN), GREEN),
    readable("suffix-in-capitals", "odd.JPG", jpeg(RED), (254, 0, 0)),
    readable("png-with-a-wrong-checksum-of-sound-pixels", "odd.png", wrong_crc(png(GREEN), b"IDAT"), GREEN),
    readable("png-of-16-bits", "odd.png", sixteen_bit_png(0x8000), (128,) * 3),
    readable("png-of-1-bit", "odd.png", png(1, "1"), WHITE),
    readable("png-with-a-palette", "odd.png", saved(plain(BLUE).convert("P"), "PNG"), BLUE),
    readable("png-palette-and-transparency", "odd.png", saved(plain(BLUE).convert("P"), "PNG", transparency=
             plain(BLUE).convert("P").getpixel((0, 0))), WHITE),
    readable("png-transparent", "odd.png", png((255, 0, 0, 0), "RGBA"), WHITE),
    readable("png-half-transparent", "odd.png", png((255, 0, 0, 128), "RGBA"), (255, 127, 127)),
    readable("png-grey-with-alpha", "odd.png", png((0, 255), "LA"), BLACK),
    readable("png-with-garbage-behind", "odd.png", png(GREEN) + bytes(99), GREEN),
    readable("gif-animated", "odd.gif", gif(RED, BLUE), RED),
    readable("webp-animated", "odd.webp", gif(RED, BLUE, format="WEBP", lossless=True), RED),
    readable("png-animated", "odd.png", gif(GREEN, BLUE, format="PNG"), GREEN),
    readable("tiff-of-several-pages", "odd.tiff", gif(GREEN, BLUE, format="TIFF"), GREEN),
    readable("tiff-in-lab", "odd.tif", saved(plain(WHITE).convert("RGB").convert("YCbCr"), "TIFF"), WHITE),
    readable("jpeg-2000", "odd.jp2", saved(plain(RED), "JPEG2000"), RED),
    readable("tga", "odd.tga", saved(plain(GREEN), "TGA"), GREEN),
    readable("one-pixel", "odd.png", png(BLUE, size=(1, 1)), BLUE),
    readable("a-line-of-pixels", "odd.png", png(BLUE, size=(3000, 1)), BLUE),
    readable("exif-of-garbage", "odd.jpg", with_exif(jpeg(RED), b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(20)),
             (254, 0, 0)),
    readable("exif-with-an-impossible-turn", "odd.jpg", with_exif(jpeg(RED), exif(99)), (254, 0, 0)),
    readable("exif-cut-short", "odd.jpg", with_exif(jpeg(RED), exif(6)[:12]), (254, 0, 0)),
    readable("icc-profile-of-garbage", "odd.jpg", jpeg(RED, icc_profile=b"nonsense" * 20), (254, 0, 0)),
    works("exif-turned", photo("odd.jpg", saved(half_and_half(RED, BLACK), "JPEG", quality=100, exif=exif(6))),
          opening(), _turned_right),
    works("emoji-in-the-name", photo("odd 🐈\u202e.png", png(GREEN)), opening(), shown_as(GREEN)),
    works("name-of-no-utf-8", photo(os.fsdecode(b"odd\xff\xfe.png"), png(GREEN)), opening(), shown_as(GREEN)),
    works("name-as-long-as-possible", photo("odd" + "x" * 248 + ".png", png(GREEN)), opening(), shown_as(GREEN)),
    works("folder-named-like-a-photo", photo("odd.jpg/inside.png", png(GREEN)), opening(), shown_as(GREEN)),
    works("hidden-files", photo("._odd.jpg", struct.pack(">I", 0x00051607)), opening(), photos(6)),
    works("thumbs-and-texts", lambda bench: bench.write({**pets(), "cat/Thumbs.db": b"x", "cat/notes.txt": b"x"}),
          opening(), warned(".txt", photos(6))),
)  # fmt: skip

ROWS = (*UNREADABLE, *READABLE)


@as_table(ROWS)
def test_image(row: Row, bench: Bench) -> None:
    run_row(row, bench)
