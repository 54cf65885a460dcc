"""Image files as bytes: sound, odd and spoilt ones."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.photos import chunk, saved

Color = tuple[int, int, int]
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def plain(color: Any = RED, size: tuple[int, int] = (20, 20), mode: str = "RGB") -> Image.Image:
    """An image of one colour."""
    return Image.new(mode, size, color)


def png(color: Any = RED, mode: str = "RGB", size: tuple[int, int] = (20, 20), **options: Any) -> bytes:
    """A PNG of one colour."""
    return saved(plain(color, size, mode), "PNG", **options)


def jpeg(color: Any = RED, mode: str = "RGB", **options: Any) -> bytes:
    """A JPEG of one colour, without loss of it."""
    return saved(plain(color, (32, 32), mode), "JPEG", **{"quality": 100, "subsampling": 0, **options})


def noise_image(size: int = 64) -> Image.Image:
    """Noise, so that files are long and a cut goes through the pixels."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (size, size, 3), np.uint8))


def cut(data: bytes, share: float) -> bytes:
    """The first part of a file, as an aborted download leaves it."""
    return data[: int(len(data) * share)]


def progressive(photo: Path) -> bytes:
    """A photo saved again as a progressive JPEG."""
    return saved(Image.open(photo), "JPEG", progressive=True)


def announced_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces any size."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def announced_bmp(width: int, height: int) -> bytes:
    """Likewise a BMP."""
    return b"BM" + struct.pack("<IHHI", 70, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)


def spoilt(data: bytes, place: int) -> bytes:
    """A file with one bit turned."""
    return data[:place] + bytes([data[place] ^ 8]) + data[place + 1 :]


def wrong_crc(data: bytes, kind: bytes) -> bytes:
    """A PNG with one bit of a chunk's checksum turned."""
    start = data.index(kind)
    end = start + 4 + struct.unpack(">I", data[start - 4 : start])[0]
    return data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]


def gif(*colors: Color, format: str = "GIF", **options: Any) -> bytes:
    """An animation, a frame for each colour."""
    first, *rest = [plain(color) for color in colors]
    return saved(first, format, save_all=True, append_images=rest, duration=100, **options)


def sixteen_bit_png(value: int) -> bytes:
    """A greyscale PNG of 16 bits."""
    return saved(Image.fromarray(np.full((20, 20), value, np.uint16)), "PNG")


def with_exif(data: bytes, exif: bytes) -> bytes:
    """A JPEG with a first segment of EXIF, sound or not."""
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def half_and_half(left: Color, right: Color) -> Image.Image:
    """Two colours beside each other."""
    image = plain(left, (32, 32))
    image.paste(right, (16, 0, 32, 32))
    return image


def numpy_file() -> bytes:
    """What ``np.save`` writes."""
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((4, 4, 3), np.uint8))
    return buffer.getvalue()
