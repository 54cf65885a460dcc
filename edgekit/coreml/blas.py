"""How many threads NumPy's matrix products use while a program is evaluated.

OpenBLAS, which NumPy's wheels bring, divides even small products among all cores, and its threads wait
for each other by spinning. Where other processes use the cores too, as in an export with several
converters, that costs many times the product itself: MobileNetV2 0.35 at 224 took 430 ms a photo with 2
threads on 2 busy cores, and 15 ms with one.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from edgekit.host import ROOT, read_system_file

_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)
"""The function's names in NumPy's wheels (from 2.0, and before) and in distributions' packages."""

_changing = threading.RLock()


@contextlib.contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Limits OpenBLAS to ``count`` threads for as long as this lasts; no effect with another library."""
    found = _find()
    if found is None:
        yield
        return
    read, write = found
    with _changing:
        before = read()
        write(count)
        try:
            yield
        finally:
            write(before)


def limits_threads() -> bool:
    """Whether :func:`blas_threads` has an effect here."""
    return _find() is not None


@functools.cache
def _find() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """The functions that read and set the number, in the library that NumPy has loaded."""
    import numpy  # noqa: F401  (loads it)

    lines = read_system_file(ROOT / "proc/self/maps").splitlines()
    paths = {line.split(maxsplit=5)[-1] for line in lines if "openblas" in line}
    for path in sorted(paths):
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(path)
            for name in _NAMES:
                if hasattr(library, name.format("set")) and hasattr(library, name.format("get")):
                    return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None
