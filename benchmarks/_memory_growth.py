"""How much more memory a process takes at its peak."""

from __future__ import annotations

import threading

from edgekit.measure.memory import STATUS, read_status


class Memory:
    """What this process takes at most from now on, beyond what it takes now.

    Anonymous memory is the process's own and cannot be taken back. Mapped files are pages of the
    operating system's file cache, which it drops when something else needs the room.
    """

    def __init__(self) -> None:
        self._base = self._now()
        self._peak = self._base
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[int, int]:
        """Growth of anonymous memory, and of mapped files, in bytes."""
        self._ended.set()
        self._thread.join()
        self._look()
        return self._peak[0] - self._base[0], self._peak[1] - self._base[1]

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self._look()

    def _look(self) -> None:
        now = self._now()
        self._peak = (max(self._peak[0], now[0]), max(self._peak[1], now[1]))

    @staticmethod
    def _now() -> tuple[int, int]:
        own, files, shared = (read_status(STATUS, key) or 0 for key in ("RssAnon", "RssFile", "RssShmem"))
        return own + shared, files
