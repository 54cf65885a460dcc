"""The one way from a photo to pixels: orientation, colour, crop and resize.

Training, calibration and every device use this definition, so that a model sees on the device
what it saw in training. It needs NumPy and Pillow only, and gives the same bytes on every Pillow
version and processor; ``tests/golden`` holds the vectors that ports to other languages reproduce.

The definition, with ``//`` for floor division and (tw, th) for the target size:

1. EXIF orientation is applied (TIFF's own is, too; XMP's is not). ICC profiles are ignored.
2. Colour: 16 bits per channel keep their high byte; transparency is laid over white with
   ``(c * a + 255 * (255 - a) + 127) // 255``, a transparent colour key becomes white; then RGB, or luma
   ``(19595 R + 38470 G + 7471 B + 32768) >> 16`` for greyscale.
3. The box of the photo (w, h) that is used, and the size it becomes:

   - ``crop``: where ``w * th > h * tw`` the box is ``max(h * tw // th, 1)`` wide and h high, else
     w wide and ``max(w * th // tw, 1)`` high; it starts at ``(w - box width) // 2``,
     ``(h - box height) // 2`` and becomes (tw, th).
   - ``stretch``: the whole photo becomes (tw, th).
   - ``letterbox``: the whole photo becomes (tw, ``max(h * tw // w, 1)``) where
     ``w * th > h * tw``, else (``max(w * th // h, 1)``, th), and is pasted on the fill value at
     ``(tw - width) // 2``, ``(th - height) // 2``.

4. Reduce: ``fx = max(box width // width, 1)``, ``fy`` alike; the mean over blocks of fx by fy pixels.
5. Resize with the triangle filter (Pillow's ``BILINEAR``), first all rows, then all columns.

Steps 4 and 5 are Pillow's integer arithmetic. They are two calls on purpose: Pillow 13 changed the
order of the passes inside one call.
"""

from __future__ import annotations

import io
import os
import stat
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from edgekit.errors import ImageError, UsageError
from edgekit.spec import Color, ImageFormat

Pixels = NDArray[np.uint8]
ImageSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]

MAX_PIXELS = 178_956_970
"""Photos above this are refused before they are decoded: Pillow's own limit against decompression
bombs (``2 * MAX_IMAGE_PIXELS``), some 540 MB of RGB."""

# Mode "I" is what older Pillow versions make of a 16-bit PNG.
_MODES_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")

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


@dataclass(frozen=True)
class ResizePlan:
    """What a photo of one size goes through, in whole numbers.

    Attributes:
        box: left, top, right, bottom of the part that is used.
        factors: how many pixels of x and of y are averaged first.
        size: width and height that the part becomes.
        offset: left and top of the result in the target (0, 0 but for letterbox).
    """

    box: tuple[int, int, int, int]
    factors: tuple[int, int]
    size: tuple[int, int]
    offset: tuple[int, int]


def plan_resize(width: int, height: int, image: ImageFormat) -> ResizePlan:
    """The geometry for a photo of ``width`` x ``height`` pixels: steps 3 and 4 of the definition."""
    tw, th = image.width, image.height
    box_w, box_h, out_w, out_h = width, height, tw, th
    wide = width * th > height * tw
    if image.resize == "crop":
        if wide:
            box_w = max(height * tw // th, 1)
        else:
            box_h = max(width * th // tw, 1)
    elif image.resize == "letterbox":
        if wide:
            out_h = max(height * tw // width, 1)
        else:
            out_w = max(width * th // height, 1)
    left, top = (width - box_w) // 2, (height - box_h) // 2
    return ResizePlan(
        box=(left, top, left + box_w, top + box_h),
        factors=(max(box_w // out_w, 1), max(box_h // out_h, 1)),
        size=(out_w, out_h),
        offset=((tw - out_w) // 2, (th - out_h) // 2),
    )


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
        return _from_array(source)
    name = name or _name_of(source)
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
            return _decode(handle, name)
    except FileNotFoundError:
        raise ImageError(name, "no such file") from None
    except IsADirectoryError:
        raise ImageError(name, "it is a folder") from None
    except PermissionError:
        raise ImageError(name, "permission denied") from None
    except (OSError, ValueError) as error:  # a loop of links, a file where a folder should be, a null byte in the name
        raise ImageError(name, getattr(error, "strerror", None) or str(error)) from error


def to_color(image: Image.Image, color: Color) -> Image.Image:
    """Step 2 of the definition: mode ``RGB`` or ``L``, as a person sees the photo.

    Raises:
        ImageError: a mode that has no agreed look (32-bit floating point).
    """
    if image.mode == "F":
        raise ImageError("the image", "32-bit floating-point pixels have no defined range; save it with 8 bits")
    try:
        if image.mode in _MODES_16_BIT:
            image = Image.fromarray(_high_byte(image))
        elif _has_transparency(image):
            image = _over_white(image)
        elif image.mode not in ("RGB", "L"):
            image = image.convert("RGB")
        wanted = "RGB" if color == "rgb" else "L"
        return image if image.mode == wanted else image.convert(wanted)
    except ValueError as error:  # LAB in a Pillow that was built without LittleCMS
        raise ImageError("the image", f"its colours cannot be converted: {error}") from error
    except MemoryError:
        raise ImageError("the image", "not enough memory to convert its colours") from None


def resize(image: Image.Image, target: ImageFormat) -> Image.Image:
    """Steps 3 to 5 of the definition, for an image of mode ``RGB`` or ``L``."""
    plan = plan_resize(image.width, image.height, target)
    if plan.factors != (1, 1):
        image = image.reduce(plan.factors, box=plan.box)
    elif plan.box != (0, 0, image.width, image.height):
        image = image.crop(plan.box)
    width, height = plan.size
    if image.width != width:
        image = image.resize((width, image.height), Image.Resampling.BILINEAR)
    if image.height != height:
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    if plan.size == (target.width, target.height):
        return image
    fill = (target.fill,) * 3 if image.mode == "RGB" else target.fill
    canvas = Image.new(image.mode, (target.width, target.height), fill)
    canvas.paste(image, plan.offset)
    return canvas


def prepare(source: ImageSource, target: ImageFormat, name: str | None = None) -> Pixels:
    """From a photo to the model's pixels.

    Args:
        source: as for :func:`open_image`.
        target: size, colour and resize mode, from the model's spec.
        name: what to call the photo in an error.

    Returns:
        (height, width, channels) uint8, values 0..255; to be read only, for an array that has the
        model's size already comes back as it is.

    Raises:
        ImageError: the photo cannot be read.
        UsageError: an array of the wrong shape or dtype.
    """
    if isinstance(source, np.ndarray) and source.shape == target.shape and source.dtype == np.uint8:
        return source
    name = name or _name_of(source)
    try:
        image = resize(to_color(open_image(source, name), target.color), target)
    except ImageError as error:
        raise ImageError(name, error.reason) from error.__cause__
    return np.asarray(image).reshape(target.shape)


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _name_of(source: object) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else "the image"


def _decode(handle: BinaryIO, name: str) -> Image.Image:
    try:
        image = Image.open(handle)
    except Image.DecompressionBombError:
        raise ImageError(name, _too_large()) from None
    except UnidentifiedImageError:
        reason = "the file is empty" if _is_empty(handle) else "no known image format"
        raise ImageError(name, reason) from None
    except MemoryError:
        raise ImageError(name, "not enough memory to decode it") from None
    except Exception as error:
        raise ImageError(name, _damage(error)) from error
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


def _from_array(array: NDArray[np.uint8]) -> Image.Image:
    if array.dtype != np.uint8:
        raise UsageError(
            f"An image array must be uint8 with values 0..255. Got: {array.dtype}. "
            "Convert it first, as in (array * 255).round().astype('uint8') for values 0..1."
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise UsageError(
            "An image array must have the shape (height, width) or (height, width, channels) with 1, 3 or 4 channels. "
            f"Got: {array.shape}."
        )
    return Image.fromarray(np.ascontiguousarray(array))


def _high_byte(image: Image.Image) -> Pixels:
    values = np.asarray(image)
    if image.mode == "I":
        values = np.clip(values, 0, 65535)
    gray = (values >> 8).astype(np.uint8)
    key = image.info.get("transparency")
    if isinstance(key, int):
        gray[values == key] = 255
    return gray


def _has_transparency(image: Image.Image) -> bool:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return True
    return image.mode == "P" and image.palette is not None and image.palette.mode == "RGBA"


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    # The sum is at most 255 * 255 + 127, which 16 bits hold.
    pixels = np.asarray(image.convert("RGBA")).astype(np.uint16)
    color, alpha = pixels[..., :3], pixels[..., 3:]
    return Image.fromarray(((color * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8))
