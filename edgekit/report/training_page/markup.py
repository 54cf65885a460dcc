"""HTML in which nothing unescaped can be: text becomes markup in one place."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Markup(str):
    """A string that is HTML already; every other string is text and is escaped when it becomes a part of one."""

    __slots__ = ()


_VOID = frozenset({"br", "circle", "col", "img", "line", "meta", "path", "polyline", "rect"})
"""Elements that may stand without content. Those of SVG end with a slash, which HTML allows the others, too."""

Content = str | int | Iterable["Content"] | None


def tag(name: str, /, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """One element.

    Args:
        name: ``div``, ``td``, ...
        content: markup, text (escaped here), sequences of both; ``None`` is nothing.
        attributes: ``cls`` is ``class``, underscores are hyphens (``data_value``), a name of Python
            ends with one (``for_``). ``True`` stands without a value, ``False`` and ``None`` are left out.
    """
    opening = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    return Markup(f"<{opening}/>" if name in _VOID and not content else f"<{opening}>{join(content)}</{name}>")


def join(content: Iterable[Content]) -> Markup:
    """Pieces one after the other; text among them is escaped."""
    return Markup("".join(_render(piece) for piece in content))


def _render(piece: Content) -> str:
    if piece is None:
        return ""
    if isinstance(piece, Markup):
        return piece
    if isinstance(piece, str | int):
        # A lone surrogate, from a file name that is no UTF-8, could not be written.
        return html.escape(str(piece).encode("utf-8", "backslashreplace").decode())
    return join(piece)


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.6g}" if isinstance(value, float) else _render(str(value))
    return f' {name}="{text}"'
