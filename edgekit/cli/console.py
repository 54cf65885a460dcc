"""What all commands share: the flags ``--json``, ``--progress`` and ``--quiet``, and where a result goes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from edgekit.cli.bars import QuietProgress, TerminalProgress
from edgekit.cli.events import JsonProgress
from edgekit.cli.shown import write_json, write_text
from edgekit.progress import Progress

Function = TypeVar("Function", bound=Callable[..., Any])


_PROGRESS: dict[str, Callable[[], Progress]] = {
    "auto": TerminalProgress,
    "bars": lambda: TerminalProgress(bars=True),
    "lines": lambda: TerminalProgress(bars=False),
    "json": JsonProgress,
    "none": QuietProgress,
}


class Console:
    """Where a command's result and its progress go.

    The result goes to standard output, as text or, with ``--json``, as one document; progress and
    warnings go to standard error.
    """

    def __init__(self, *, as_json: bool, progress: str) -> None:
        self.as_json = as_json
        self.progress: Progress = _PROGRESS[progress]()

    def show(self, text: str, document: Any) -> None:
        """Prints the result."""
        if self.as_json:
            write_json(document, indent=2)
        else:
            write_text(text)


def console_options(function: Function) -> Function:
    """Adds ``--json``, ``--progress`` and ``--quiet``, given to the command as the argument ``console``."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs: JSON output).")
    @click.option(
        "--progress",
        type=click.Choice(list(_PROGRESS)),
        default="auto",
        help="On standard error: bars, lines, JSON lines, or none. [default: bars on a terminal, else lines]",
    )
    @click.option("-q", "--quiet", is_flag=True, help="The same as --progress none: warnings stay.")
    @wraps(function)
    def command(*args: Any, as_json: bool, progress: str, quiet: bool, **options: Any) -> Any:
        warnings.filterwarnings("ignore", message=".*decompression bomb", module="PIL")
        return function(*args, console=Console(as_json=as_json, progress="none" if quiet else progress), **options)

    return command  # type: ignore[return-value]


def force_option(function: Function) -> Function:
    """Adds ``--force``."""
    return click.option("-f", "--force", is_flag=True, help="Replace what exists.")(function)
