"""Steps 4 and 5 of the definition for arrays, compiled: a fourth of the time of NumPy and Pillow, the same bytes.

``native/resize.c`` is compiled for every platform that the tests run it on when EdgeKit's wheel is made, so no device
needs a compiler. Where there is no library for the platform, or it cannot be loaded, NumPy and Pillow do it.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.preprocess.resizing import ResizePlan
from edgekit.preprocess.triangle import Triangle, triangle
from edgekit.preprocess.workspace import workspace
from edgekit.spec import ImageFormat

FOLDER = Path(__file__).with_name("native")

MOST_TAPS = 8
MOST_ROWS = 257
MOST_PIXELS = 2**16
"""What ``resize.c`` can take: weights of a pixel, rows and pixels of a block that is averaged."""

MOST_SCRATCH = 2**21
"""Bytes that a thread keeps for it; a row of a photo of 100,000 pixels across takes a half."""

_MACHINES = {"x86_64": (64, "x86_64"), "aarch64": (64, "aarch64"), "armv7l": (32, "armv7l"), "armv8l": (32, "armv7l")}
"""By what Linux calls the processor: bits of a pointer, and the library's name."""


class _Axis(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_int32),
        ("taps", ctypes.c_int32),
        ("first", ctypes.c_void_p),
        ("weights", ctypes.c_void_p),
    )


class _Plan(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("fx", ctypes.c_int32),
        ("fy", ctypes.c_int32),
        ("x", _Axis),
        ("y", _Axis),
    )


_Function = Callable[..., None]


@dataclass(frozen=True, eq=False)
class CompiledResize:
    """Steps 4 and 5 of the definition, and the bars of a letterbox, for photos of one size.

    Attributes:
        function: of the library.
        plan: of the photos.
        tables: what the function reads, with pointers into ``axes``.
        axes: weights of x and of y.
        scratch: bytes of memory that it works in.
    """

    function: _Function
    plan: ResizePlan
    tables: _Plan
    axes: tuple[Triangle, Triangle]
    scratch: int

    def run(self, array: NDArray[np.uint8], target: ImageFormat) -> NDArray[np.uint8]:
        """From the whole photo to the model's pixels; safe from several threads.

        Args:
            array: (h, w, 3), in any layout.
            target: that the plan was made for; RGB.

        Returns:
            (height, width, 3) uint8 of ``target``, contiguous, of its own memory.
        """
        left, top, right, bottom = self.plan.box
        part = array[top:bottom, left:right]
        swapped = part.strides[2] == -1  # OpenCV's frame[:, :, ::-1]: read as it lies in memory
        if swapped:
            part = part[:, :, ::-1]
        if part.strides[1:] != (3, 1):
            part = np.ascontiguousarray(part)
        shape = (target.height, target.width, 3)
        fits = self.plan.size == (target.width, target.height)
        out = np.empty(shape, np.uint8) if fits else np.full(shape, target.fill, np.uint8)
        x, y = self.plan.offset
        scratch = workspace.take("scratch", self.scratch, np.uint8)
        begin = _address(out) + y * out.strides[0] + 3 * x
        self.function(self.tables, _address(part), part.strides[0], swapped, _address(scratch), begin, out.strides[0])
        return out


@lru_cache(maxsize=64)
def compiled_resize(plan: ResizePlan) -> CompiledResize | None:
    """The resize of photos of one size to RGB, where this machine and the compiled code can do it."""
    left, top, right, bottom = plan.box
    (fx, fy), (width, height) = plan.factors, (right - left, bottom - top)
    path = library()
    if path is None or fy > MOST_ROWS or fx * fy > MOST_PIXELS:
        return None
    means = -(-width // fx), -(-height // fy)
    axes = triangle(means[0], plan.size[0]), triangle(means[1], plan.size[1])
    across, down = (_axis(axis) for axis in axes)
    if max(across.taps, down.taps) > MOST_TAPS:
        return None
    scratch = 6 * width + 3 * means[0] + 1 + down.taps * (3 * across.size + 1) + 3
    if scratch > MOST_SCRATCH:
        return None
    return CompiledResize(_open(path), plan, _Plan(width, height, fx, fy, across, down), axes, scratch)


@cache
def library() -> Path | None:
    """The library for this machine, if there is one that can be loaded."""
    name = library_name()
    path = FOLDER / name if name else None
    try:
        if path is None or not _is_whole(path.read_bytes()):
            return None
        _open(path)
    except (OSError, AttributeError):  # missing, no right to map it, not ours
        return None
    return path


def _is_whole(data: bytes) -> bool:
    """Whether an ELF file ends where it says: half of one, as after a power failure, would take this program down.

    Its last part is the table of sections (System V ABI, chapter 4): 3 numbers of the header tell where that ends.
    """
    wide = data[4:5] == b"\2"
    begin, size, count = (0x28, 0x3A, 0x3C) if wide else (0x20, 0x2E, 0x30)
    header = data[: 0x40 if wide else 0x34]
    if header[:4] != b"\x7fELF" or len(header) <= count + 1:
        return False
    (table,) = struct.unpack_from("<Q" if wide else "<I", header, begin)
    (entry,), (entries,) = struct.unpack_from("<H", header, size), struct.unpack_from("<H", header, count)
    return bool(len(data) == table + entry * entries)


def library_name() -> str | None:
    """What the library for this machine is called; ``None`` where none is made."""
    bits, name = _MACHINES.get(platform.machine(), (0, ""))
    if sys.platform != "linux" or sys.byteorder != "little" or bits != 8 * ctypes.sizeof(ctypes.c_void_p):
        return None
    return f"linux-{name}.so"


@cache
def _open(path: Path) -> _Function:
    function: _Function = ctypes.CDLL(str(path)).edgekit_resize
    sizes, pointer = ctypes.c_ssize_t, ctypes.c_void_p
    function.argtypes = [ctypes.POINTER(_Plan), pointer, sizes, ctypes.c_int, pointer, pointer, sizes]  # type: ignore[attr-defined]
    function.restype = None  # type: ignore[attr-defined]
    return function


def _axis(axis: Triangle) -> _Axis:
    size, taps = axis.weights.shape
    return _Axis(size, taps, _address(axis.first), _address(axis.weights))


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
