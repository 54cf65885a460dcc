"""One process at a time, on this machine."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from edgekit.files import output_error
from edgekit.progress import Progress

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL_SECONDS = 0.2


@contextlib.contextmanager
def locked(path: Path, waiting: str, progress: Progress) -> Iterator[None]:
    """Waits until no other process is in here with the same file, and says so once.

    The lock ends with its process, however that ends. The file stays: who removed it would let two in.

    Args:
        path: of the file, which is made.
        waiting: what to say.
        progress: who is told.

    Raises:
        OutputError: the file cannot be written, or its file system has no locks.
    """
    with contextlib.ExitStack() as stack:
        try:
            handle = stack.enter_context(path.open("ab"))
            if not _try_lock(handle):
                progress.say(waiting)
                while not _try_lock(handle):
                    time.sleep(_POLL_SECONDS)
        except OSError as error:
            raise output_error(path, error) from error
        yield


def _try_lock(handle: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
