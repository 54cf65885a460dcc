"""Keeping native start-up chatter off the user's terminal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import IO

from edgekit.quiet import stderr_into

_CHATTER = b"INFO: "
"""How TFLite's logger begins a line that is no news: "INFO: Created TensorFlow Lite XNNPACK delegate for CPU."
The library offers no way to turn these off: its logger is not exported and reads no variable."""


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Drops the lines of native code on standard error that begin with ``INFO:``.

    File descriptor 2 points to a temporary file for as long as this lasts; everything else that was
    written meanwhile, by other threads too, follows at the end. Only a process that another thread
    starts in these milliseconds would keep writing to the temporary file.
    """
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(_open_unnamed())
        except OSError:  # no temporary folder: chatter does no harm
            yield
            return
        try:
            with stderr_into(held.fileno()):
                yield
        finally:
            held.seek(0)
            _pass_on(held.read())


def _open_unnamed() -> IO[bytes]:
    """A file without a name; in memory where the system offers that, which spares a small device a write to its card.

    Raises:
        OSError: there is no room for one.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("edgekit-stderr"), "w+b")
    import tempfile

    return tempfile.TemporaryFile()


def _pass_on(text: bytes) -> None:
    kept = b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(_CHATTER))
    while kept:
        try:
            kept = kept[os.write(2, kept) :]
        except OSError:
            return
