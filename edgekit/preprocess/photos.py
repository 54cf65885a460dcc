"""From a file, bytes, a Pillow image or an array to a photo that stands upright: step 1 of the definition."""

from __future__ import annotations

import io
import os
import stat
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from edgekit.errors import ImageError, UsageError
from edgekit.preprocess.arrays import MAX_PIXELS, check_array, to_image

ImageSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]

_EXIF_ORIENTATION = 0x0112
_EXIF_SHORT = 3
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_image(source: ImageSource, name: str | None = None) -> Image.Image:
    """Decodes a photo and turns it upright; its mode is still the file's.

    Args:
        source: a path, the bytes of an image file, an open binary file, a Pillow image, or an
            array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) of dtype uint8, values 0..255.
        name: what to call it in an error; the path by default.

    Raises:
        ImageError: missing, empty, truncated, no image, or more than :data:`MAX_PIXELS` pixels.
        UsageError: an array of another shape or dtype, or no image source at all.
    """
    if isinstance(source, np.ndarray):
        return to_image(check_array(source))
    name = name or name_of(source)
    if isinstance(source, Image.Image):
        return _load(source, name)
    if isinstance(source, bytes | bytearray | memoryview):
        return _decode(io.BytesIO(source), name)
    if not isinstance(source, str | os.PathLike):
        if not hasattr(source, "read"):
            raise UsageError(
                "An image must be a path, the bytes of a file, an open binary file, a Pillow image or a uint8 array. "
                f"Got: {type(source).__name__}."
            )
        return _decode(source, name)
    try:
        # O_NONBLOCK is not needed for files, but keeps a named pipe from hanging the scan.
        with open(source, "rb", opener=_open_nonblocking) as handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                raise ImageError(name, "it is no regular file")
            return _decode(handle, name, os.fspath(source))
    except FileNotFoundError:
        raise ImageError(name, "no such file") from None
    except IsADirectoryError:
        raise ImageError(name, "it is a folder") from None
    except PermissionError:
        raise ImageError(name, "permission denied") from None
    except (OSError, ValueError) as error:  # a loop of links, a file where a folder should be, a null byte in the name
        raise ImageError(name, getattr(error, "strerror", None) or str(error)) from error


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def name_of(source: object) -> str:
    """What to call a source in an error: its path, where it has one."""
    return os.fspath(source) if isinstance(source, str | os.PathLike) else "the image"


def _decode(handle: BinaryIO, name: str, path: str | None = None) -> Image.Image:
    try:
        # By its path where it has one: Pillow then imports what reads that suffix, and not all that it can read.
        image = Image.open(path or handle)
    except Image.DecompressionBombError:
        raise ImageError(name, _too_large()) from None
    except UnidentifiedImageError:
        reason = "the file is empty" if _is_empty(handle) else "no known image format"
        raise ImageError(name, reason) from None
    except MemoryError:
        raise ImageError(name, "not enough memory to decode it") from None
    except Exception as error:
        raise ImageError(name, _damage(error)) from error
    with image:  # the file, where Pillow opened it; the pixels stay
        if image.format == "EPS":
            # A program for Ghostscript, which Pillow would start.
            raise ImageError(name, "PostScript is not read; save it as PNG or JPEG first")
        return _load(image, name)


def _load(image: Image.Image, name: str) -> Image.Image:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(name, _too_large(image.width, image.height))
    if image.width < 1 or image.height < 1:
        raise ImageError(name, "it has no pixels")
    # Known only until the pixels are loaded.
    tiles = getattr(image, "tile", None)
    layout = str(tiles[0][3]) if tiles and image.format == "PNG" else ""
    try:
        image.load()
        _scale_color_key(image, layout)
        return _upright(image)
    except MemoryError:
        raise ImageError(name, "not enough memory to decode it") from None
    except Exception as error:
        raise ImageError(name, _damage(error)) from error


def _damage(error: Exception) -> str:
    # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ...
    text = str(error) or type(error).__name__
    return "truncated file" if "truncated" in text.lower() else f"damaged file: {text}"


def _too_large(width: int = 0, height: int = 0) -> str:
    size = f"{width}x{height} pixels is" if width else "it is"
    return f"{size} above the limit of {MAX_PIXELS:,} pixels; scale it down first"


def _is_empty(handle: BinaryIO) -> bool:
    try:
        handle.seek(0)
        return not handle.read(1)
    except (OSError, ValueError):
        return False


def _upright(image: Image.Image) -> Image.Image:
    # Not by getexif(): it raises for damaged EXIF, counts XMP in some versions of Pillow, and in older ones
    # still tells the orientation of a TIFF that load() has turned.
    exif = image.info.get("exif") or b""
    turn = _TURNS.get(_orientation(exif))
    if turn is None:
        return image
    image = image.transpose(turn)
    del image.info["exif"]
    return image


def _orientation(exif: bytes) -> int:
    """The orientation 1..8 in the first directory of EXIF data; 1, which is upright, if missing or damaged."""
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, directory + 2 + 12 * index)
            if tag == _EXIF_ORIENTATION and kind == _EXIF_SHORT:
                return int(value)
    except struct.error:
        pass
    return 1


def _scale_color_key(image: Image.Image, layout: str) -> None:
    """Brings a PNG's transparent colour from the bits of the file to those of Pillow's pixels.

    Args:
        image: changed in place.
        layout: Pillow's name for how the file's pixels lie.
    """
    key = image.info.get("transparency")
    steps = {"L;2": 255 // 3, "L;4": 255 // 15}
    if layout in steps and isinstance(key, int):
        image.info["transparency"] = key * steps[layout]
    elif layout == "RGB;16B" and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in key)
