"""The compiler's versions, and the runtime that each compiles for (:data:`edgekit.edgetpu.sources.COMPILER`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgekit.errors import UsageError

FIRST_RUNTIME = 10
LAST_RUNTIME = 14

# Runtime by compiler; of compiler 2 the last release (2.1), which came with runtime 13.
_RUNTIMES = {1: 10, 2: 13, 14: 13, 15: 13, 16: 14}


@dataclass(frozen=True, slots=True)
class Compiler:
    """One version of ``edgetpu_compiler``.

    Attributes:
        name: as it was asked for.
        major: its first number.
        runtime: the runtime to compile for.
    """

    name: str
    major: int
    runtime: int


def compiler_of(version: str, runtime: int | None = None) -> Compiler:
    """The compiler of a version as in ``16`` or ``16.0.384591198``.

    Raises:
        UsageError: no such version, or it cannot compile for that runtime.
    """
    match = re.fullmatch(r"(\d{1,3})(?:\.\d+)*", version.strip())
    major = int(match[1]) if match else 0
    if major not in _RUNTIMES:
        known = ", ".join(map(str, _RUNTIMES))
        raise UsageError(f"There is no Edge TPU compiler {version!r} that EdgeKit knows. Known: {known}.")
    own = _RUNTIMES[major]
    if runtime is not None and not FIRST_RUNTIME <= runtime <= own:
        raise UsageError(
            f"Edge TPU compiler {major} does not compile for runtime {runtime}. Choose from {FIRST_RUNTIME} to {own}."
        )
    return Compiler(version.strip(), major, own if runtime is None else runtime)
