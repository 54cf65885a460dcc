"""Progress as JSON lines on standard error, one object each, for programs that read along."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import click

from edgekit.progress import Task

_SECONDS = 0.2
"""Between two lines of one task; its first and its last are always there."""


class JsonProgress:
    """Writes ``{"event": ..., "time": ..., ...}``; the docs list the events."""

    def task(self, description: str, total: int) -> Task:
        return _JsonTask(description, total)

    def say(self, message: str) -> None:
        write_event("message", {"text": message})

    def warn(self, message: str) -> None:
        write_event("warning", {"text": message})

    def record(self, event: str, values: Mapping[str, Any]) -> None:
        write_event(event, values)


class _JsonTask:
    def __init__(self, description: str, total: int) -> None:
        self._description = description
        self._total = total
        self._done = 0
        self._last = 0.0

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._done += steps
        if time.monotonic() - self._last >= _SECONDS:
            self._write("progress")

    def __enter__(self) -> Task:
        self._write("begin")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write("end" if kind is None else "stopped")

    def _write(self, event: str) -> None:
        self._last = time.monotonic()
        write_event(event, {"task": self._description, "done": self._done, "total": self._total})


def write_event(event: str, values: Mapping[str, Any]) -> None:
    """Writes one line; the time is in seconds since 1970."""
    click.echo(json.dumps({"event": event, "time": round(time.time(), 3), **values}), err=True)
