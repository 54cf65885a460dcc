"""From any mode of Pillow's to RGB or greyscale, as a person sees the photo: step 2 of the definition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.errors import ImageError
from edgekit.spec import Color

# Mode "I" is what older Pillow versions make of a 16-bit PNG.
_MODES_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")


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


def _high_byte(image: Image.Image) -> NDArray[np.uint8]:
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
