"""Keeping native start-up chatter off the user's terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

_CHATTER = b"INFO: "
"""How TFLite's logger begins a line that is no news: "INFO: Created TensorFlow Lite XNNPACK delegate for CPU."
The library offers no way to turn these off: its logger is not exported and reads no variable."""

_lock = threading.Lock()


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Drops the lines of native code on standard error that begin with ``INFO:``.

    File descriptor 2 points to a temporary file for as long as this lasts; everything else that was
    written meanwhile, by other threads too, follows at the end. Only a process that another thread
    starts in these milliseconds would keep writing to the temporary file.
    """
    with _lock, contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(tempfile.TemporaryFile())
            terminal = os.dup(2)
        except OSError:  # no temporary folder, or standard error is closed: chatter does no harm
            yield
            return
        _flush()
        try:
            os.dup2(held.fileno(), 2)
            yield
        finally:
            _flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            _pass_on(held.read())


def _pass_on(text: bytes) -> None:
    kept = b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(_CHATTER))
    while kept:
        try:
            kept = kept[os.write(2, kept) :]
        except OSError:
            return


def _flush() -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
