"""Every kind of photo comes out as a person sees it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features

from edgekit.errors import ImageError
from edgekit.preprocess import open_image, prepare, to_color
from edgekit.spec import ImageFormat
from tests.photos import (
    BLACK,
    BLUE,
    GRAY,
    GRAY_ALPHA,
    GREEN,
    PALETTE,
    RED,
    RGB,
    RGB_ALPHA,
    WHITE,
    chunk,
    exif,
    moving_gif,
    pixels_of,
    png,
    row,
    saved,
    shorts,
    with_app1,
)

Pixels = NDArray[np.uint8]

# --- Orientation ------------------------------------------------------------------------------------

UPRIGHT = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[4, 1], [5, 2], [6, 3]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[3, 6], [2, 5], [1, 4]],
}
STORED = Image.fromarray(np.array(UPRIGHT[1], np.uint8) * 40)

each_orientation = pytest.mark.parametrize("orientation", UPRIGHT)


def _png_with_exif(data: bytes) -> bytes:
    return png(3, 8, GRAY, bytes((40, 80, 120)), bytes((160, 200, 240)), extra=chunk(b"eXIf", data[6:]))


@each_orientation
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_orientation_of_png(orientation: int, order: str) -> None:
    expected = (np.array(UPRIGHT[orientation]) * 40).tolist()
    photo = _png_with_exif(exif(orientation, order))
    assert pixels_of(photo, "grayscale") == expected
    assert pixels_of(open_image(photo), "grayscale") == expected, "turned once only"
    with Image.open(io.BytesIO(photo)) as opened:
        assert pixels_of(opened, "grayscale") == expected, "an image that the caller opened"


@each_orientation
def test_orientation_of_png_that_comes_after_the_pixels(orientation: int) -> None:
    lines = bytes((40, 80, 120)), bytes((160, 200, 240))
    photo = png(3, 8, GRAY, *lines, trailer=chunk(b"eXIf", exif(orientation)[6:]))
    assert pixels_of(photo, "grayscale") == (np.array(UPRIGHT[orientation]) * 40).tolist()


@each_orientation
def test_orientation_of_jpeg(orientation: int) -> None:
    blocks = Image.fromarray(np.kron(np.asarray(STORED), np.ones((16, 16), np.uint8)))
    seen = np.asarray(open_image(saved(blocks, "JPEG", quality=95, exif=exif(orientation))), np.int64)
    assert np.abs(seen[8::16, 8::16] - np.array(UPRIGHT[orientation]) * 40).max() <= 1


@each_orientation
@pytest.mark.parametrize("compression", ["raw", "tiff_deflate"])
def test_orientation_of_tiff(orientation: int, compression: str) -> None:
    photo = saved(STORED, "TIFF", tiffinfo={0x0112: orientation}, compression=compression)
    assert pixels_of(photo, "grayscale") == (np.array(UPRIGHT[orientation]) * 40).tolist()
    assert pixels_of(open_image(photo), "grayscale") == (np.array(UPRIGHT[orientation]) * 40).tolist()


@each_orientation
def test_orientation_of_webp(orientation: int) -> None:
    photo = saved(STORED.convert("RGB"), "WEBP", lossless=True, exif=exif(orientation))
    assert pixels_of(photo, "grayscale") == (np.array(UPRIGHT[orientation]) * 40).tolist()


UNUSABLE_EXIF = {
    "text": b"Exif\0\0no TIFF header here",
    "nothing": b"Exif\0\0",
    "no directory": b"Exif\0\0II*\0\x08\0\0\0",
    "cut entry": exif(6)[:-12],
    "directory elsewhere": b"Exif\0\0II*\0\xff\xff\xff\xff",
    "orientation 0": exif(0),
    "orientation 9": exif(9),
    "orientation of another type": exif(6, kind=4),
}


@pytest.mark.parametrize("data", UNUSABLE_EXIF.values(), ids=UNUSABLE_EXIF)
def test_unusable_exif_does_not_cost_the_photo(data: bytes) -> None:
    assert pixels_of(_png_with_exif(data), "grayscale") == [[40, 80, 120], [160, 200, 240]]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["text", "cut entry", "directory elsewhere"])
def test_unusable_exif_does_not_cost_the_jpeg(kind: str) -> None:
    photo = with_app1(saved(STORED, "JPEG"), UNUSABLE_EXIF[kind])
    assert open_image(photo).size == STORED.size


def test_orientation_in_xmp_does_not_count() -> None:
    # Browsers and older Pillow versions ignore it.
    xmp = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    assert open_image(with_app1(saved(STORED, "JPEG"), xmp)).size == (3, 2)


# --- Kinds of photos --------------------------------------------------------------------------------

PALETTE_OF_THREE = chunk(b"PLTE", bytes((10, 20, 30, 40, 50, 60, 70, 80, 90)))


def _transparent(data: bytes) -> bytes:
    return chunk(b"tRNS", data)


# Values of 16 bits whose low byte would round up: the high byte is what counts.
DEEP = shorts(0x12FF, 0x80FF, 0xFFFF)

PNG_PHOTOS = {
    "gray 1 bit": (png(2, 1, GRAY, b"\x40"), row(BLACK, WHITE)),
    "gray 2 bit": (png(4, 2, GRAY, b"\x1b"), row(*[(v, v, v) for v in (0, 85, 170, 255)])),
    "gray 4 bit": (png(2, 4, GRAY, b"\x1f"), row((17, 17, 17), WHITE)),
    "gray 8 bit": (png(2, 8, GRAY, b"\x07\xc8"), row((7, 7, 7), (200, 200, 200))),
    "gray 16 bit": (png(3, 16, GRAY, DEEP), row((0x12,) * 3, (0x80,) * 3, WHITE)),
    "rgb 8 bit": (png(1, 8, RGB, b"\x01\x02\x03"), row((1, 2, 3))),
    "rgb 16 bit": (png(1, 16, RGB, DEEP), row((0x12, 0x80, 0xFF))),
    "palette": (png(3, 8, PALETTE, b"\0\1\2", extra=PALETTE_OF_THREE), row((10, 20, 30), (40, 50, 60), (70, 80, 90))),
    "palette 1 bit": (png(2, 1, PALETTE, b"\x40", extra=PALETTE_OF_THREE), row((10, 20, 30), (40, 50, 60))),
    # 40 * 128 + 255 * 127 = 37505, a 255th of which is 147.08; likewise 152.1 and 157.1.
    "palette with alpha": (
        png(3, 8, PALETTE, b"\0\1\2", extra=PALETTE_OF_THREE + _transparent(b"\0\x80")),
        row(WHITE, (147, 152, 157), (70, 80, 90)),
    ),
    "palette with a transparent entry": (
        png(2, 1, PALETTE, b"\x40", extra=PALETTE_OF_THREE + _transparent(b"\0")),
        row(WHITE, (40, 50, 60)),
    ),
    # 200 * 64 + 255 * 191 = 61505, a 255th of which is 241.2.
    "gray alpha 8 bit": (png(3, 8, GRAY_ALPHA, b"\xc8\xff\xc8\x40\xc8\0"), row((200,) * 3, (241,) * 3, WHITE)),
    "gray alpha 16 bit": (png(2, 16, GRAY_ALPHA, shorts(0xC8FF, 0x40FF, 0, 0xFFFF)), row((241,) * 3, BLACK)),
    "rgb alpha 8 bit": (png(2, 8, RGB_ALPHA, b"\0\0\0\x7f\1\2\3\xff"), row((128,) * 3, (1, 2, 3))),
    "rgb alpha 16 bit": (png(1, 16, RGB_ALPHA, shorts(0xC8FF, 0, 0xFFFF, 0x40FF)), row((241, 191, 255))),
    "gray 1 bit with a color key": (png(2, 1, GRAY, b"\x40", extra=_transparent(shorts(0))), row(WHITE, WHITE)),
    "gray 2 bit with a color key": (
        png(4, 2, GRAY, b"\x1b", extra=_transparent(shorts(1))),
        row(BLACK, WHITE, (170,) * 3, WHITE),
    ),
    "gray 4 bit with a color key": (png(2, 4, GRAY, b"\x12", extra=_transparent(shorts(1))), row(WHITE, (34,) * 3)),
    "gray 8 bit with a color key": (png(2, 8, GRAY, b"\1\2", extra=_transparent(shorts(1))), row(WHITE, (2,) * 3)),
    # 0x80FE has the same high byte as the key, but is not the key.
    "gray 16 bit with a color key": (
        png(2, 16, GRAY, shorts(0x80FF, 0x80FE), extra=_transparent(shorts(0x80FF))),
        row(WHITE, (0x80,) * 3),
    ),
    "rgb 8 bit with a color key": (
        png(2, 8, RGB, b"\1\2\3\4\5\6", extra=_transparent(shorts(1, 2, 3))),
        row(WHITE, (4, 5, 6)),
    ),
    "rgb 16 bit with a color key": (
        png(2, 16, RGB, DEEP + shorts(0x34FF, 0x78FF, 0xBCFF), extra=_transparent(DEEP)),
        row(WHITE, (0x34, 0x78, 0xBC)),
    ),
    # An ICC profile that cannot be read is ignored like every other.
    "with a broken ICC profile": (
        png(1, 8, RGB, b"\1\2\3", extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))),
        row((1, 2, 3)),
    ),
}


@pytest.mark.parametrize(("photo", "expected"), PNG_PHOTOS.values(), ids=PNG_PHOTOS)
def test_png_as_a_person_sees_it(photo: bytes, expected: list[Any]) -> None:
    assert pixels_of(photo) == expected
    luma = [[(19595 * r + 38470 * g + 7471 * b + 32768) >> 16 for r, g, b in line] for line in expected]
    assert pixels_of(photo, "grayscale") == luma
    assert pixels_of(open_image(photo)) == expected, "an image that has been opened already"


def _flat(mode: str, color: Any) -> Image.Image:
    return Image.new(mode, (16, 16), color)


def _without_adobe_marker(jpeg: bytes) -> bytes:
    start = jpeg.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", jpeg, start + 2)
    assert jpeg[start + 4 : start + 9] == b"Adobe"
    return jpeg[:start] + jpeg[start + 2 + length :]


def _sixteen_bit_tiff(values: Any, dtype: str) -> bytes:
    return saved(Image.fromarray(np.array([values], dtype)), "TIFF")


FILE_PHOTOS: dict[str, tuple[Callable[[], bytes], tuple[int, int, int]]] = {
    "jpeg gray": (lambda: saved(_flat("L", 200), "JPEG"), (200, 200, 200)),
    "jpeg": (lambda: saved(_flat("RGB", RED), "JPEG", quality=100), RED),
    # No ink but yellow and magenta is red; 128 parts of black leave 127.
    "jpeg cmyk": (lambda: saved(_flat("CMYK", (0, 255, 255, 0)), "JPEG", quality=100), RED),
    "jpeg cmyk, black": (lambda: saved(_flat("CMYK", (0, 0, 0, 128)), "JPEG", quality=100), (127, 127, 127)),
    "jpeg cmyk, no adobe marker": (
        lambda: _without_adobe_marker(saved(_flat("CMYK", (0, 255, 255, 0)), "JPEG", quality=100)),
        RED,
    ),
    "tiff cmyk": (lambda: saved(_flat("CMYK", (255, 0, 255, 0)), "TIFF"), GREEN),
    # JFIF: 76 + 1.402 * 127 = 254, 76 - 0.344 * -43 - 0.714 * 127 = 0, 76 + 1.772 * -43 = 0.
    "tiff ycbcr": (lambda: saved(_flat("YCbCr", (76, 85, 255)), "TIFF", compression="tiff_deflate"), (254, 0, 0)),
    "tiff ycbcr, jpeg": (lambda: saved(_flat("YCbCr", (76, 85, 255)), "TIFF", compression="jpeg"), (254, 0, 0)),
    "tiff 1 bit": (lambda: saved(_flat("1", 1), "TIFF"), WHITE),
    "tiff palette": (lambda: saved(_flat("RGB", BLUE).quantize(2), "TIFF"), BLUE),
    "tiff 16 bit": (lambda: _sixteen_bit_tiff([0x80FF], "<u2"), (0x80, 0x80, 0x80)),
    "tiff 16 bit, big-endian": (lambda: _sixteen_bit_tiff([0x80FF], ">u2"), (0x80, 0x80, 0x80)),
    "tiff 32 bit": (lambda: _sixteen_bit_tiff([0x80FF], "int32"), (0x80, 0x80, 0x80)),
    "tiff 32 bit, above": (lambda: _sixteen_bit_tiff([70_000], "int32"), WHITE),
    "tiff 32 bit, below": (lambda: _sixteen_bit_tiff([-5], "int32"), BLACK),
    "pgm 16 bit": (lambda: b"P5 1 1 65535\n\x80\xff", (0x80, 0x80, 0x80)),
    "pbm": (lambda: b"P1 1 1\n1\n", BLACK),
    "bmp": (lambda: saved(_flat("RGB", (1, 2, 3)), "BMP"), (1, 2, 3)),
    "webp with alpha": (
        lambda: saved(_flat("RGBA", (200, 0, 255, 64)), "WEBP", lossless=True, exact=True),
        (241, 191, 255),
    ),
    "gif, first frame": (moving_gif, RED),
}


@pytest.mark.parametrize(("make", "expected"), FILE_PHOTOS.values(), ids=FILE_PHOTOS)
def test_file_as_a_person_sees_it(make: Callable[[], bytes], expected: tuple[int, int, int]) -> None:
    seen = np.asarray(to_color(open_image(make()), "rgb"))[0, 0].astype(int)
    # JPEG is not lossless, and its colour conversion rounds.
    assert np.abs(seen - expected).max() <= 2, seen


def test_transparent_part_of_amoving_gif_is_white() -> None:
    assert pixels_of(moving_gif()) == row(RED, WHITE)


def test_lab_tiff_is_converted_or_refused() -> None:
    photo = saved(_flat("LAB", (255, 128, 128)), "TIFF")
    if features.check("littlecms2"):
        assert min(pixels_of(photo)[0][0]) >= 254
    else:
        with pytest.raises(ImageError, match="colours cannot be converted"):
            pixels_of(photo)


def test_floating_point_is_refused() -> None:
    photo = saved(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF")
    with pytest.raises(ImageError, match=r"^scan\.tif is not .*32-bit floating-point"):
        prepare(photo, ImageFormat(2, 2), name="scan.tif")


def _palette_with_alpha() -> Image.Image:
    return Image.new("RGBA", (2, 2), (200, 0, 255, 64)).quantize(4)


# What other programs hand over, and files do not hold.
PILLOW_IMAGES: dict[str, tuple[Callable[[], Image.Image], tuple[int, int, int]]] = {
    "La": (lambda: _flat("LA", (200, 64)).convert("La"), (241, 241, 241)),
    "RGBa": (lambda: _flat("RGBA", (0, 0, 255, 128)).convert("RGBa"), (127, 127, 255)),
    "PA": (lambda: _flat("P", 0).convert("PA"), BLACK),
    "HSV": (lambda: _flat("HSV", (0, 0, 255)), WHITE),
    "RGBX": (lambda: _flat("RGB", RED).convert("RGBX"), RED),
    "I;16": (lambda: Image.fromarray(np.array([[0x80FF]], np.uint16)), (0x80, 0x80, 0x80)),
    "palette of RGBA": (_palette_with_alpha, (241, 191, 255)),
}


@pytest.mark.parametrize(("make", "expected"), PILLOW_IMAGES.values(), ids=PILLOW_IMAGES)
def test_pillow_image_as_a_person_sees_it(make: Callable[[], Image.Image], expected: tuple[int, int, int]) -> None:
    image = make()
    before = image.mode, image.tobytes()
    seen = np.asarray(to_color(open_image(image), "rgb"))[0, 0].astype(int)
    assert np.abs(seen - expected).max() <= 1, seen
    assert (image.mode, image.tobytes()) == before, "the caller's image stays as it is"
