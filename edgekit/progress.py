"""How long work tells about itself, without knowing who listens."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol


class Task(Protocol):
    """One piece of work of known length."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Tells that ``steps`` more are done; ``note`` replaces the text at the end of the line."""

    def __enter__(self) -> Task: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Progress(Protocol):
    """A listener: the command line draws bars, a notebook or a test stays silent."""

    def task(self, description: str, total: int) -> Task:
        """Starts a piece of work of ``total`` steps; used as a context manager."""

    def say(self, message: str) -> None:
        """One line for the person who waits."""

    def warn(self, message: str) -> None:
        """One line that should not be missed."""

    def record(self, event: str, values: Mapping[str, Any]) -> None:
        """Something for programs that read along, as an epoch's metrics; ``values`` are JSON-ready."""


class _SilentTask:
    def advance(self, steps: int = 1, note: str = "") -> None:
        pass

    def __enter__(self) -> _SilentTask:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class Silent:
    """Listens to nothing."""

    def task(self, description: str, total: int) -> Task:
        return _SilentTask()

    def say(self, message: str) -> None:
        pass

    def warn(self, message: str) -> None:
        pass

    def record(self, event: str, values: Mapping[str, Any]) -> None:
        pass


class WarningsOnly(Silent):
    """Draws nothing, but hands what should not be missed to Python's :mod:`warnings`."""

    def warn(self, message: str) -> None:
        warnings.warn(message, stacklevel=2)


SILENT: Progress = Silent()
WARNINGS: Progress = WarningsOnly()
