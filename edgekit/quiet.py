"""Standard error's file descriptor, pointed elsewhere while native code talks."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()
"""One at a time: two that overlap would each take the other's file for the terminal, and leave it there."""


@contextlib.contextmanager
def stderr_into(descriptor: int) -> Iterator[None]:
    """Lets everything that is written to file descriptor 2 go to ``descriptor`` instead.

    That holds for all threads, and for processes that they start meanwhile. Where standard error is
    closed, nothing is done.
    """
    with _lock:
        try:
            terminal = os.dup(2)
        except OSError:
            yield
            return
        _flush()
        try:
            os.dup2(descriptor, 2)
            yield
        finally:
            _flush()
            os.dup2(terminal, 2)
            os.close(terminal)


def _flush() -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
