"""Looks at this machine's own files while something else runs; a device behind ssh has its agent for that."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from edgekit.host import ROOT, read_system_file
from edgekit.measure.throttling import Reading, Readings, parse_reading, sum_up

INTERVAL = 2.0
"""Seconds between two looks, as for a device behind ssh."""


class Watching:
    """Reads files before, during and after the block.

    Args:
        files: absolute paths; what is not there is left out.
        root: in front of the paths.

    Attributes:
        readings: after the block, what they said.
    """

    def __init__(self, files: Sequence[str], root: Path = ROOT) -> None:
        self._files = files
        self._root = root
        self._looks: list[Reading] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="edgekit-watching", daemon=True)
        self.readings = Readings()

    def __enter__(self) -> Watching:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()
        self.readings = sum_up(self._looks[0], self._looks[1:-1], self._looks[-1])

    def _go_on(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        texts = {path: read_system_file(self._root / path.lstrip("/")) for path in self._files}
        self._looks.append(parse_reading({path: text for path, text in texts.items() if text}, {}))
