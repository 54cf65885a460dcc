"""The one way from a photo to pixels: orientation, colour, crop and resize.

Training, calibration and every device use this definition, so that a model sees on the device
what it saw in training. It needs NumPy and Pillow only, no compiler, and gives the same bytes on every Pillow
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

Steps 4 and 5 are Pillow's integer arithmetic; :mod:`edgekit.preprocess.compiled` does the same in less time where
it can. Where it cannot, Pillow does it, and :mod:`edgekit.preprocess.arrays` step 4 of an array. The passes of 5 are
two calls then, on purpose: Pillow 13 changed their order inside one call.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from edgekit.errors import ImageError
from edgekit.preprocess.arrays import MAX_PIXELS, Pixels, can_reduce, check_array, reduce_array, to_image
from edgekit.preprocess.color import to_color
from edgekit.preprocess.compiled import compiled_resize
from edgekit.preprocess.photos import ImageSource, name_of, open_image
from edgekit.preprocess.resizing import ResizePlan, check_format, plan_resize, reduce_image, resize, resize_reduced
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
        UsageError: an array of the wrong shape or dtype, or a target that no photo can become.
    """
    check_format(target)
    if isinstance(source, np.ndarray):
        # A view in another order of memory is laid out anew: whatever reads it later would do so ten times slower.
        if source.shape == target.shape and source.dtype == np.uint8 and source.flags.c_contiguous:
            return source
        return _from_array(check_array(source), target)
    name = name or name_of(source)
    try:
        image = to_color(open_image(source, name), target.color)
    except ImageError as error:
        raise ImageError(name, error.reason) from error.__cause__
    return _from_image(image, plan_resize(image.width, image.height, target), target)


def _from_array(array: Pixels, target: ImageFormat) -> Pixels:
    """Steps 2 to 5. Colour is a matter of single pixels, so the box comes first: the same bytes with less work."""
    plan = plan_resize(array.shape[1], array.shape[0], target)
    three = array.shape[2:] == (3,) and target.color == "rgb"
    if three and (compiled := compiled_resize(plan)):
        return compiled.run(array, target)
    left, top, right, bottom = plan.box
    part, plan = array[top:bottom, left:right], plan.of_box()
    if three and can_reduce(part, plan.factors):
        return _to_pixels(resize_reduced(reduce_array(part, plan.factors), plan, target), target)
    return _from_image(to_color(to_image(part), target.color), plan, target)


def _from_image(image: Image.Image, plan: ResizePlan, target: ImageFormat) -> Pixels:
    """Steps 4 and 5. Pillow averages its own pixels in less time than unpacking them takes; the means are few."""
    means, rest = reduce_image(image, plan), plan.of_means()
    if target.color == "rgb" and means.size != rest.size and (compiled := compiled_resize(rest)):
        return compiled.run(np.asarray(means), target)
    return _to_pixels(resize_reduced(means, plan, target), target)


def _to_pixels(image: Image.Image, target: ImageFormat) -> Pixels:
    return np.asarray(image).reshape(target.shape)
