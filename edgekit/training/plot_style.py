"""How EdgeKit's pictures look, and the canvas they are drawn on; no global state of Matplotlib is touched for good."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgekit.errors import MissingExtraError
from edgekit.files import atomic_write

# Okabe and Ito's palette, which people with any color vision can tell apart.
BLUE = "#0072B2"
ORANGE = "#D55E00"
INK = "#222222"
FAINT = "#6E6E6E"

DPI = 150

_FONTS = (
    "DejaVu Sans",  # comes with Matplotlib: Latin, Greek, Cyrillic
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
)

_STYLE: dict[str, Any] = {
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called "$5"
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
}


@contextmanager
def figure(path: Path, width: float, height: float) -> Iterator[Any]:
    """Gives a ``Figure`` of that many inches and writes it to ``path``, whole, when the block ends.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("Drawing pictures", "train") from None
    style: dict[Any, Any] = {**_STYLE, "font.family": _installed(_FONTS)}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # write_pictures tells once; a warning for each letter helps nobody.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(canvas)
        yield canvas
        with atomic_write(path) as temporary:
            # Tight: whatever the layout cannot place, as a long name, widens the picture and is not cut off.
            canvas.savefig(temporary, format="png", bbox_inches="tight", pad_inches=0.08)


def undrawable(names: Iterable[str]) -> list[str]:
    """The names with a letter that no installed font of ours has: it is drawn as a box."""
    from matplotlib import font_manager

    known: set[int] = set()
    for family in _installed(_FONTS):
        known.update(font_manager.get_font(font_manager.findfont(family)).get_charmap())
    return [name for name in names if any(ord(letter) not in known for letter in name if not letter.isspace())]


def shorten(text: str, limit: int = 24) -> str:
    """A long name with its middle left out: beginnings and ends tell classes apart."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def _installed(names: tuple[str, ...]) -> list[str]:
    from matplotlib import font_manager

    present = set(font_manager.get_font_names())
    return [name for name in names if name in present] or ["sans-serif"]
