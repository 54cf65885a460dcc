"""Who is taken for whom."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.report.training_page.markup import Markup, tag
from edgekit.training.curves import format_share
from edgekit.training.result import Confusion

_MAX_TABLE = 30
"""Classes up to which the matrix is a table that can be read; above, a picture gives the pattern."""

_LARGE = 12
"""Classes above which cells are small and the list of confusions stands below."""

_SHOWN_PAIRS = 8


def confusion_matrix(confusion: Confusion, names: tuple[str, ...]) -> Markup:
    """Rows are the true classes, columns the answers; the shade is the share of the row."""
    counts = np.asarray(confusion, np.int64)
    if len(names) > _MAX_TABLE:
        lead, drawn = "Rows are the true classes from the top, columns the answers from the left.", _picture(counts)
    else:
        lead, drawn = "Rows are the true classes, columns the answers.", _table(counts, names)
    cls = "confusion stacked" if len(names) > _LARGE else "confusion"
    shade = " The stronger the shade, the larger the share of the row."
    return tag("div", tag("p", lead, shade, cls="muted"), tag("div", drawn, _pairs(counts, names), cls=cls))


def _table(counts: NDArray[np.int64], names: tuple[str, ...]) -> Markup:
    head = tag("tr", tag("td"), [tag("th", tag("span", name), scope="col", title=name) for name in names])
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row", title=name),
            [_cell(counts, names, index, column) for column in range(len(names))],
        )
        for index, name in enumerate(names)
    ]
    return tag(
        "div",
        tag(
            "table",
            tag("thead", head),
            tag("tbody", rows),
            cls="matrix small" if len(names) > _LARGE else "matrix",
        ),
        cls="scroll",
        tabindex="0",
        role="region",
        aria_label="Confusion matrix",
    )


def _cell(counts: NDArray[np.int64], names: tuple[str, ...], row: int, column: int) -> Markup:
    count, total = int(counts[row, column]), int(counts[row].sum())
    share = count / total if total else 0.0
    said = "recognised" if row == column else f"taken for {names[column]}"
    hint = f"{count:,} of {total:,} {names[row]} {said}" + (f" ({format_share(share)})" if total else "")
    cls = "hit" if row == column else None if count else "none"
    return tag("td", f"{count:,}", style=f"--s:{share:.3f}" if count else None, title=hint, cls=cls)


def _picture(counts: NDArray[np.int64]) -> Markup:
    """One pixel a cell, as opaque as its share: it stands on any background."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pixels = np.zeros((*counts.shape, 4), np.uint8)
    pixels[..., :3] = (43, 132, 184)
    # The root, since otherwise single photos could not be seen.
    pixels[..., 3] = np.rint(255 * np.sqrt(shares))
    memory = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(memory, "PNG", optimize=True)
    source = f"data:image/png;base64,{base64.b64encode(memory.getvalue()).decode()}"
    right, total = int(np.trace(counts)), int(counts.sum())
    alt = f"Confusion matrix of {len(counts)} classes: {right:,} of {total:,} on the diagonal"
    return tag("img", src=source, alt=alt, cls="pixelated wide")


def _pairs(counts: NDArray[np.int64], names: tuple[str, ...]) -> Markup | None:
    """The most frequent confusions as sentences."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = [divmod(int(place), len(names)) for place in np.argsort(-wrong, axis=None, kind="stable")[:_SHOWN_PAIRS]]
    lines = [
        tag(
            "li",
            f"{wrong[row, column]:,} of {counts[row].sum():,} ",
            tag("b", names[row]),
            " taken for ",
            tag("b", names[column]),
        )
        for row, column in order
        if wrong[row, column]
    ]
    if not lines:
        return None
    return tag("div", tag("h3", "Most often confused"), tag("ol", lines, cls="pairs"), cls="aside")
