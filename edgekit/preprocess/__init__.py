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

Steps 4 and 5 are Pillow's integer arithmetic. The passes of 5 are two calls on purpose: Pillow 13
changed their order inside one call. Of an array, step 4 is done by :mod:`edgekit.preprocess.arrays`.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from edgekit.errors import ImageError
from edgekit.preprocess.arrays import Pixels, can_reduce, check_array, reduce_array, to_image
from edgekit.preprocess.color import to_color
from edgekit.preprocess.photos import MAX_PIXELS, ImageSource, name_of, open_image
from edgekit.preprocess.resizing import ResizePlan, plan_resize, resize, resize_reduced
from edgekit.spec import ImageFormat

__all__ = [
    "MAX_PIXELS",
    "ImageSource",
    "Pixels",
    "ResizePlan",
    "open_image",
    "plan_resize",
    "prepare",
    "resize",
    "to_color",
]


def prepare(source: ImageSource, target: ImageFormat, name: str | None = None) -> Pixels:
    """From a photo to the model's pixels.

    Args:
        source: as for :func:`open_image`.
        target: size, colour and resize mode, from the model's spec.
        name: what to call the photo in an error.

    Returns:
        (height, width, channels) uint8, values 0..255, contiguous; to be read only, for an array that
        has the model's size already comes back as it is.

    Raises:
        ImageError: the photo cannot be read.
        UsageError: an array of the wrong shape or dtype.
    """
    if isinstance(source, np.ndarray):
        # A view in another order of memory is laid out anew: whatever reads it later would do so ten times slower.
        if source.shape == target.shape and source.dtype == np.uint8 and source.flags.c_contiguous:
            return source
        image = _prepare_array(check_array(source), target)
    else:
        name = name or name_of(source)
        try:
            image = resize(to_color(open_image(source, name), target.color), target)
        except ImageError as error:
            raise ImageError(name, error.reason) from error.__cause__
    return np.asarray(image).reshape(target.shape)


def _prepare_array(array: Pixels, target: ImageFormat) -> Image.Image:
    """Steps 2 to 5. Colour is a matter of single pixels, so the box comes first: the same bytes with less work."""
    plan = plan_resize(array.shape[1], array.shape[0], target)
    left, top, right, bottom = plan.box
    part = array[top:bottom, left:right]
    if target.color == "rgb" and can_reduce(part, plan.factors):
        return resize_reduced(reduce_array(part, plan.factors), plan, target)
    image = to_color(to_image(part), target.color)
    if plan.factors != (1, 1):
        image = image.reduce(plan.factors)
    return resize_reduced(image, plan, target)
