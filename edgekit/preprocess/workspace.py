"""A thread's memory for what lies between two steps."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Workspace(threading.local):
    """A thread's memory for arrays between the steps, made once.

    New memory comes in pages that the system clears one by one: for a frame of 640x480 that takes as long as
    everything else.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def take(self, name: str, size: int, dtype: type[np.generic]) -> NDArray[Any]:
        """(size,), of any values; what was taken under that name before is no longer to be used."""
        array = self._arrays.get(name)
        if array is None or len(array) < size:
            array = self._arrays[name] = np.empty(size, dtype)
        return array[:size]


workspace = Workspace()
