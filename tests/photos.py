"""Photos for tests, in kinds that Pillow itself cannot save."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, cast

import numpy as np
from PIL import Image

from edgekit.preprocess import open_image, to_color
from edgekit.spec import Color
from tests.golden.make_vectors import noise

BLACK, WHITE, RED, GREEN, BLUE = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)
NOISE = Image.fromarray(noise(64, 64, 3))


def pixels_of(source: Any, color: Color = "rgb") -> list[Any]:
    """What a person sees: rows of (r, g, b), or of grey values."""
    return cast(list[Any], np.asarray(to_color(open_image(source), color)).tolist())


def row(*colors: tuple[int, int, int]) -> list[list[list[int]]]:
    return [[list(color) for color in colors]]


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def png(width: int, depth: int, kind: int, *rows: bytes, extra: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PNG, written here because Pillow cannot save every depth; ``extra`` chunks stand before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + trailer + chunk(b"IEND", b"")


def shorts(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def exif(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    """EXIF with the orientation as its second entry, after an image width."""
    entries = struct.pack(f"{order}HHII", 0x0100, 4, 1, 640)
    entries += struct.pack(f"{order}HHI" + ("HH" if kind == 3 else "I"), 0x0112, kind, 1, *_padded(orientation, kind))
    start = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return b"Exif\0\0" + start + struct.pack(f"{order}H", 2) + entries + struct.pack(f"{order}I", 0)


def _padded(value: int, kind: int) -> tuple[int, ...]:
    return (value, 0) if kind == 3 else (value,)


def with_app1(jpeg: bytes, segment: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def moving_gif() -> bytes:
    """Two frames, red and blue; index 1 of the first is transparent."""
    first = Image.new("P", (2, 1), 0)
    first.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    first.putpixel((1, 0), 1)
    second = Image.new("P", (2, 1), 2)
    second.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    return saved(first, "GIF", save_all=True, append_images=[second], transparency=1, duration=100, optimize=False)
