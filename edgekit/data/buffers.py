"""Memory for batches, used again when nobody holds the last batch in it any more."""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

ALIGNMENT = 64
"""TensorFlow and JAX take an array that begins at such an address as it is, and copy any other."""

KEPT = 8
"""Buffers: what two workers, a queue of four and the consumer hold at once, and one."""

LARGEST = 64 * 2**20
"""Bytes; more than this at once is no batch, and is given back to the system."""


class BatchBuffers:
    """Hands out uninitialized arrays whose memory has mostly been used before.

    New memory is what costs most in reading a batch from a memory map: the system zeroes each page when it
    is first touched, and takes large arrays back when they are freed. Safe for any number of threads.

    >>> buffers = BatchBuffers()
    >>> buffers.empty((32, 224, 224, 3), np.uint8).shape
    (32, 224, 224, 3)
    """

    def __init__(self) -> None:
        self._buffers: list[NDArray[np.uint8]] = []
        self._lock = threading.Lock()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array whose memory nothing else uses as long as it, or a view of it, exists.

        Args:
            shape: of the array.
            dtype: of the array; no objects.

        Returns:
            A C-contiguous array, aligned to 64 bytes, with any values.
        """
        wanted = np.dtype(dtype)
        size = math.prod(shape) * wanted.itemsize
        if not _COUNTS or size > LARGEST:
            return np.empty(shape, wanted)
        buffer = self._unused(size + ALIGNMENT)
        start = -buffer.ctypes.data % ALIGNMENT
        return buffer[start : start + size].view(wanted).reshape(shape)

    def _unused(self, size: int) -> NDArray[np.uint8]:
        with self._lock:
            for place in range(len(self._buffers)):
                if len(self._buffers[place]) >= size and _references(self._buffers, place) == _UNUSED:
                    return self._buffers[place]
            buffer = np.empty(size, np.uint8)
            self._buffers = [*self._buffers[-(KEPT - 1) :], buffer]
            return buffer


def _references(buffers: list[NDArray[np.uint8]], place: int) -> int:
    """How many there are to a buffer. NumPy makes every view, and every view of a view, hold the buffer itself."""
    return sys.getrefcount(buffers[place])


_COUNTS = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether references are counted exactly, at once."""

_UNUSED = _references([np.empty(1, np.uint8)], 0) if _COUNTS else 0
"""References to a buffer that only its list holds; Pythons count those of a call differently."""
