"""What all commands share: the flags ``--json`` and ``--quiet``, and how they print."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar

import click

from edgekit.progress import SILENT, Progress, Task

Function = TypeVar("Function", bound=Callable[..., Any])


class Console:
    """Where a command's result and its progress go.

    The result goes to standard output, as text or, with ``--json``, as one document; progress and
    warnings go to standard error.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.progress: Progress = SILENT if quiet else TerminalProgress()

    def show(self, text: str, document: Any) -> None:
        """Prints the result."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
        else:
            click.echo(text)


def console_options(function: Function) -> Function:
    """Adds ``--json`` and ``--quiet``, given to the command as the argument ``console``."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs: JSON output).")
    @click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
    @wraps(function)
    def command(*args: Any, as_json: bool, quiet: bool, **options: Any) -> Any:
        warnings.filterwarnings("ignore", message=".*decompression bomb", module="PIL")
        return function(*args, console=Console(as_json=as_json, quiet=quiet), **options)

    return command  # type: ignore[return-value]


def force_option(function: Function) -> Function:
    """Adds ``--force``."""
    return click.option("-f", "--force", is_flag=True, help="Replace what exists.")(function)


class TerminalProgress:
    """Draws bars with the time that is left on standard error."""

    def task(self, description: str, total: int) -> Task:
        return _Bar(description, total)

    def say(self, message: str) -> None:
        click.echo(message, err=True)

    def warn(self, message: str) -> None:
        click.echo(f"Warning: {message}", err=True)


class _Bar:
    def __init__(self, description: str, total: int) -> None:
        self._note = ""
        # Narrow enough to leave the note its place on a terminal of 100 columns.
        self._bar: Any = click.progressbar(
            length=total,
            label=description.ljust(14),
            file=sys.stderr,
            item_show_func=lambda _: self._note,
            width=24,
            show_pos=True,
        )

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._note = note or self._note
        self._bar.update(steps)

    def __enter__(self) -> Task:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, trace)
