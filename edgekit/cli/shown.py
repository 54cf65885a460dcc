"""The one way of text to a terminal: what is in a name must not move the cursor, nor look like a line of its own.

JSON escapes such characters itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import click

_typed: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())
"""Parts of what was typed on the command line that have characters no terminal should get."""


def remember_typed(arguments: Iterable[str]) -> None:
    """Keeps what :func:`shown` must know of a command line: a line break in an argument is no line break of ours."""
    parts = {part for argument in arguments for part in (argument, *Path(argument).parts) if not part.isprintable()}
    _typed.set(tuple(sorted(parts, key=len, reverse=True)))


def shown(text: str) -> str:
    """A text of one or more lines as a terminal may have it; what it would obey is shown as its code."""
    if text.isprintable():  # nearly always; --help should not wait for an import
        return text
    from edgekit.language import printable

    for part in _typed.get():
        text = text.replace(part, printable(part))
    return "\n".join(printable(line) for line in text.split("\n"))


def complain(text: str) -> None:
    """A line or more on standard error."""
    click.echo(shown(text), err=True)


def write_json(document: Any, indent: int | None = None) -> None:
    """One document on standard output, at once, in whatever encoding that has."""
    import json

    ascii_only = _encoding().lower().replace("-", "") != "utf8"
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    # The bytes of a file's name that are no UTF-8 stand in a string as half characters; escaped they come back as such.
    click.echo(re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text))


def write_text(text: str) -> None:
    """Lines on standard output; a code page that lacks a character shows a question mark, not a traceback."""
    click.echo(shown(text).encode(_encoding(), "replace").decode(_encoding()))


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"
