"""Photos inside the page: samples, augmentation, the worst mistakes."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.measure.mistakes import Mistake
from edgekit.report.training_page.markup import Markup, tag
from edgekit.training.material import Material
from edgekit.training.plot_photos import choose_samples

_QUALITY = 80
"""Of JPEG. Flowers at 224 pixels take 10 KB each, so 24 mistakes and 40 samples make half a megabyte."""

_MISTAKE_SIDE = 200
_MAX_CLASSES = 40


def photo(pixels: NDArray[np.uint8], alt: str, side: int) -> Markup:
    """An ``img`` that brings its own bytes.

    Args:
        pixels: (height, width, 1 or 3) uint8.
        alt: says what it shows.
        side: the longer side is reduced to at most this.
    """
    picture = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    memory = io.BytesIO()
    picture.save(memory, "JPEG", quality=_QUALITY, optimize=True)
    source = f"data:image/jpeg;base64,{base64.b64encode(memory.getvalue()).decode()}"
    small = max(picture.size) < 64  # enlarged by the browser, and then rather with sharp pixels
    return tag(
        "img", src=source, alt=alt, width=picture.width, height=picture.height, cls="pixelated" if small else None
    )


def samples(material: Material) -> Markup:
    """Some training photos of each class, of the first 40 where there are more."""
    part, names = material.dataset.train, material.names[:_MAX_CLASSES]
    count, side = (8, 128) if len(names) <= 8 else (6, 128) if len(names) <= 16 else (4, 96)
    rows = []
    for label, name in enumerate(names):
        chosen = choose_samples(part, label, count, material.result.config.seed)
        photos = [photo(pixels, name, side) for pixels in part.images.take(chosen)]
        rows.append(tag("div", tag("h3", name), tag("div", photos, cls=f"strip of{count}"), cls="sample"))
    more = len(material.names) - len(names)
    note = tag("p", f"And {more:,} more classes.", cls="muted") if more else None
    return tag("div", tag("div", rows, cls="samples narrow" if count < 8 else "samples"), note)


def augmentation(photos: NDArray[np.uint8]) -> Markup:
    """One photo as it is and as the training saw it."""
    words = ["as it is", *(f"changed, {number}" for number in range(1, len(photos)))]
    return tag(
        "div",
        [photo(pixels, f"The photo {word}", 160) for pixels, word in zip(photos, words, strict=True)],
        cls="strip of5",
    )


def mistakes(material: Material) -> Markup:
    """The contact sheet."""
    part = material.dataset.validation
    photos: list[NDArray[np.uint8]] | None = None
    if material.photos:
        photos = list(part.images.take(np.array([mistake.photo for mistake in material.mistakes], np.intp)))
    cards = [
        _card(material, mistake, None if photos is None else photos[index])
        for index, mistake in enumerate(material.mistakes)
    ]
    return tag("ol", cards, cls="sheet" if photos is not None else "sheet plain")


def _card(material: Material, mistake: Mistake, pixels: NDArray[np.uint8] | None) -> Markup:
    names, answer = material.names, material.names[mistake.answer]
    share = f"{100 * mistake.probability:.0f}\N{NO-BREAK SPACE}%"
    true = ", ".join(names[label] for label in mistake.truth) or "no label"
    if material.multi_label:
        said = "missed" if mistake.missed else "wrongly given"
        lines = [tag("strong", answer), f" {said}, {share}"]
        second = tag("span", f"true: {true}", cls="muted")
        alt = f"{answer} {said}"
    else:
        lines = [tag("strong", true)]
        second = tag("span", "taken for ", tag("b", answer), f", {share}")
        alt = f"{true}, taken for {answer}"
    name = part_name(material.dataset.validation.files[mistake.photo])
    return tag(
        "li",
        None if pixels is None else photo(pixels, alt, _MISTAKE_SIDE),
        tag("p", lines),
        tag("p", second),
        tag("p", name, cls="file"),
    )


def part_name(file: str) -> str:
    """The file without the folders above its class: those are the machine's own."""
    return "/".join(file.replace("\\", "/").split("/")[-2:])
