"""Progress on standard error: a bar that is redrawn on a terminal, a few lines in a log."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import click

from edgekit.cli.shown import complain
from edgekit.language import printable
from edgekit.progress import Silent, Task
from edgekit.report.table import cut, text_width

_REDRAW_SECONDS = 0.1
"""A terminal shows no more than some ten changes a second anyway."""

_LOG_SECONDS = 5.0
"""Between two lines of one task in a log."""

_LABEL = 14
_WIDE, _BAR, _SHORT_BAR, _LEAST_BAR = 100, 24, 14, 4
_LEAST_NOTE = 8


class QuietProgress(Silent):
    """Says nothing but warnings."""

    def warn(self, message: str) -> None:
        complain(f"Warning: {printable(message)}")


class TerminalProgress:
    """Draws bars with the time that is left, or writes lines.

    Args:
        bars: ``None``: bars where somebody watches, else lines.
    """

    def __init__(self, bars: bool | None = None) -> None:
        self._bars: list[Bar] = []
        self._draws = bars

    def task(self, description: str, total: int) -> Task:
        draws = sys.stderr.isatty() if self._draws is None else self._draws
        return Bar(description, total, self._bars) if draws else LogLines(description)

    def say(self, message: str) -> None:
        for bar in self._bars[-1:]:
            bar.clear()
        complain(message)

    def warn(self, message: str) -> None:
        self.say(f"Warning: {printable(message)}")

    def record(self, event: str, values: Mapping[str, Any]) -> None:
        pass


class Bar:
    """One line that is drawn again and again.

    Args:
        description: what is done.
        total: steps.
        drawn: the bars that are on the terminal now; this one is among them while it is entered.
    """

    def __init__(self, description: str, total: int, drawn: list[Bar]) -> None:
        self._description = description
        self._total = total
        self._drawn = drawn
        self._done = 0
        self._note = ""
        self._started = self._last = time.monotonic()
        self._shown = 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._done += steps
        fresh = bool(note) and note != self._note
        self._note = note or self._note
        now = time.monotonic()
        if fresh or now - self._last >= _REDRAW_SECONDS:
            self._last = now
            passed = now - self._started
            left = passed * (self._total - self._done) / self._done if self._done else None
            self._draw(left)

    def clear(self) -> None:
        """Takes the bar off its line."""
        click.echo("\r" + " " * self._shown + "\r", err=True, nl=False)
        self._shown = 0

    def __enter__(self) -> Task:
        self._drawn.append(self)
        self._draw(None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draw(time.monotonic() - self._started)
        click.echo(err=True)
        self._drawn.remove(self)

    def _draw(self, seconds: float | None) -> None:
        description, note = printable(self._description), printable(self._note)
        line = bar_line(description, self._done, self._total, seconds, note, terminal_columns() - 1)
        width = text_width(line)
        click.echo("\r" + line + " " * (self._shown - width), err=True, nl=False)
        self._shown = width


class LogLines:
    """A line at the start, one at the end, and now and then a note in between."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._note = self._written = ""
        self._started = self._last = time.monotonic()

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._note = note or self._note
        now = time.monotonic()
        if self._note != self._written and now - self._last >= _LOG_SECONDS:
            self._last, self._written = now, self._note
            complain(printable(f"{self._description}: {self._note}"))

    def __enter__(self) -> Task:
        complain(printable(f"{self._description} ..."))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end = "done in" if kind is None else "stopped after"
        note = f" ({self._note})" if self._note else ""
        complain(printable(f"{self._description}: {end} {time.monotonic() - self._started:.1f} s{note}"))


def bar_line(description: str, done: int, total: int, seconds: float | None, note: str, columns: int) -> str:
    """A bar as one line of at most ``columns`` columns; the bar gives way first, then the note.

    Args:
        description: what is done.
        done: steps so far.
        total: all steps.
        seconds: that are left, or, at the end, that it took; ``None`` where it cannot be known yet.
        note: what stands at the end.
        columns: of the terminal.
    """
    steps = f"{done:>{len(str(total))}}/{total}"
    tail = f"  {steps}  {clock(seconds)}"
    label = cut(description, max(columns - len(tail) - _LEAST_BAR - 4, 1))
    label += " " * (_LABEL - text_width(label))
    room = columns - text_width(label) - len(tail) - 4
    wanted = _BAR if columns >= _WIDE - 1 else _SHORT_BAR
    beside_note = room - text_width(note) - 2 if note else room
    width = max(min(wanted, room, max(beside_note, _LEAST_BAR)), 0)
    filled = width if done >= total else width * done // total
    line = f"{label}  [{'#' * filled}{'-' * (width - filled)}]{tail}"
    space = columns - text_width(line) - 2
    if note and space >= _LEAST_NOTE:
        line += f"  {cut(note, space)}"
    return cut(line, columns)


def clock(seconds: float | None) -> str:
    """``00:07``, ``1:02:03``, or ``--:--`` for what is not known."""
    if seconds is None:
        return "--:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def terminal_columns() -> int:
    """Of the terminal behind standard error; standard output may well be a file."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns
