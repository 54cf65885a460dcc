"""What is shown of a camera or a video: a live line on a terminal, lines, or JSON lines."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from edgekit.cli.bars import terminal_columns
from edgekit.cli.console import Console
from edgekit.cli.shown import shown, write_json, write_text
from edgekit.report.live import Rate, Totals, labels_text, live_line, stream_time
from edgekit.report.table import text_width
from edgekit.runtime.stream import StreamResult

_REDRAW_SECONDS = 0.1
"""As progress bars."""

_LINE_SECONDS = 1.0
"""Between two lines about a camera."""


class FrameScreen:
    """Shows one source.

    With ``--json`` every result is a line. Else a video gets a line, with its time, whenever another label comes
    first; and a camera a line a second, unless somebody watches its live line. That one is drawn on standard error,
    if it is a terminal.

    Args:
        console: where it goes.
        kind: ``camera`` or ``video``.
        name: of the source.
    """

    def __init__(self, console: Console, kind: str, name: str) -> None:
        self.totals = Totals()
        self._console = console
        self._kind = kind
        self._name = name
        both = console.as_json and sys.stdout.isatty()  # the lines of JSON would run through it
        self._draws = _wants_bars() and not both
        self._rate = Rate()
        self._drawn = self._written = -_LINE_SECONDS
        self._label: str | None = None
        self._width = 0

    def take(self, result: StreamResult) -> None:
        """One more result."""
        now = time.monotonic()
        self.totals.add(result, now)
        rate = self._rate.add(now)
        if self._console.as_json:
            write_json({self._kind: self._name, **result_document(result)})
        elif self._kind == "video":
            best = result.predictions[0].label if result.predictions else ""
            if best != self._label:
                self._label = best
                self.clear()
                write_text(f"  {stream_time(result.time or 0.0):>9}  {labels_text(result.predictions)}")
        elif not (self._draws and sys.stdout.isatty()) and now - self._written >= _LINE_SECONDS:
            self._written = now
            self.clear()
            write_text(live_line(result.predictions, rate, result.age_ms, result.dropped, None))
        if self._draws and now - self._drawn >= _REDRAW_SECONDS:
            self._drawn = now
            line = shown(live_line(result.predictions, rate, result.age_ms, result.dropped, terminal_columns() - 1))
            click.echo("\r" + line + " " * (self._width - text_width(line)), err=True, nl=False)
            self._width = text_width(line)

    def clear(self) -> None:
        """Takes the live line off the terminal."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
            self._width = 0

    def end(self, model: str) -> None:
        """The sum."""
        self.clear()
        summary = self.totals.summary()
        if self._console.as_json:
            write_json({self._kind: self._name, "model": model, "summary": summary.to_dict()})
        else:
            self._console.progress.say(summary.to_text())


def result_document(result: StreamResult) -> dict[str, Any]:
    """A result as JSON, without its picture."""
    return {
        "frame": result.index,
        "time": result.time,
        "age_ms": round(result.age_ms, 3),
        "prepare_ms": round(result.prepare_ms, 3),
        "inference_ms": round(result.inference_ms, 3),
        "dropped": result.dropped,
        "unreadable": result.unreadable,
        "predictions": [one.to_dict() for one in result.predictions],
    }


def _wants_bars() -> bool:
    """Whether ``--progress`` and ``--quiet`` leave room for a line that is drawn again and again."""
    given = click.get_current_context().params
    if given.get("quiet"):
        return False
    progress = given.get("progress")
    return progress == "bars" or (progress == "auto" and sys.stderr.isatty())
