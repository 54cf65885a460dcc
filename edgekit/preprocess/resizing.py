"""Where a photo's pixels go, and Pillow's way there: steps 3 to 5 of the definition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image

from edgekit.errors import UsageError
from edgekit.spec import COLORS, RESIZE_MODES, ImageFormat
from edgekit.specrules import find_image_problem


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

    def of_box(self) -> ResizePlan:
        """What is left to do with the part of the photo that is used."""
        left, top, right, bottom = self.box
        return replace(self, box=(0, 0, right - left, bottom - top))

    def of_means(self) -> ResizePlan:
        """What is left to do once that part has been averaged."""
        left, top, right, bottom = self.box
        fx, fy = self.factors
        return replace(self, box=(0, 0, -(-(right - left) // fx), -(-(bottom - top) // fy)), factors=(1, 1))


@lru_cache(maxsize=64)
def check_format(image: ImageFormat) -> None:
    """Raises :class:`UsageError` where no photo can become that."""
    problem = None
    if not all(type(number) is int for number in (image.width, image.height, image.fill)):
        problem = "width, height and fill are integers"
    elif image.color not in COLORS:
        problem = f"the color is one of {', '.join(COLORS)}, and not {image.color!r}"
    elif image.resize not in RESIZE_MODES:
        problem = f"resize is one of {', '.join(RESIZE_MODES)}, and not {image.resize!r}"
    if problem := problem or find_image_problem(image):
        raise UsageError(f"A photo cannot become {image}: {problem}.")


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


def resize(image: Image.Image, target: ImageFormat) -> Image.Image:
    """Steps 3 to 5 of the definition by Pillow alone, for an image of mode ``RGB`` or ``L``."""
    plan = plan_resize(image.width, image.height, target)
    return resize_reduced(reduce_image(image, plan), plan, target)


def reduce_image(image: Image.Image, plan: ResizePlan) -> Image.Image:
    """Step 4 of the definition, of the part that is used."""
    if plan.factors != (1, 1):
        return image.reduce(plan.factors, box=plan.box)
    return image if plan.box == (0, 0, image.width, image.height) else image.crop(plan.box)


def resize_reduced(image: Image.Image, plan: ResizePlan, target: ImageFormat) -> Image.Image:
    """Step 5 of the definition, and the bars of a letterbox.

    Args:
        image: mode ``RGB`` or ``L``; the part of the photo that is used, reduced.
        plan: of the photo.
        target: that the plan was made for.
    """
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
