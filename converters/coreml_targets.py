"""Deployment targets: the oldest system that a Core ML model is to run on."""

from __future__ import annotations

from typing import Any

from edgekit.errors import UsageError

SYSTEMS = {
    "iOS15": ("iOS15", "macOS12", "watchOS8", "tvOS15"),
    "iOS16": ("iOS16", "macOS13", "watchOS9", "tvOS16"),
    "iOS17": ("iOS17", "macOS14", "watchOS10", "tvOS17"),
    "iOS18": ("iOS18", "macOS15", "watchOS11", "tvOS18"),
    "iOS26": ("iOS26", "macOS26", "watchOS26", "tvOS26"),
}
"""The systems of one generation have the same Core ML (``AvailableTarget`` of coremltools). ML programs
begin with iOS15."""

LOWEST = {
    "fp16": "iOS15",
    "fp32": "iOS15",
    "int8": "iOS16",
    "int6": "iOS16",
    "int4": "iOS16",
}
"""Precision to the generation that can run it: the ``constexpr_`` ops of compressed weights begin with iOS16."""


def find_system(name: str) -> str:
    """The generation, as in ``iOS16``, of a system's name in any case, as in ``macos13``.

    Raises:
        UsageError: unknown; the message lists those there are.
    """
    for generation, names in SYSTEMS.items():
        if name.lower() in (known.lower() for known in names):
            return generation
    known = "; ".join(", ".join(names) for names in SYSTEMS.values())
    raise UsageError(f"Unknown deployment target {name!r} of coreml. Known: {known}.")


def choose_system(precision: str, wanted: str) -> str:
    """The generation to convert for: ``wanted``, or where that is empty the oldest that the precision can have.

    Raises:
        UsageError: unknown, or older than the precision needs.
    """
    if not wanted:
        return LOWEST[precision]
    chosen, order = find_system(wanted), list(SYSTEMS)
    if order.index(chosen) < order.index(LOWEST[precision]):
        raise UsageError(
            f"coreml:{precision} needs {LOWEST[precision]} or newer, so it cannot be made for {wanted}. "
            f"Choose a newer deployment target, or fp16, which runs on {LOWEST['fp16']}."
        )
    return chosen


def has_group_tables(generation: str) -> bool:
    """Whether a layer's channels can have tables of values of their own."""
    return list(SYSTEMS).index(generation) >= list(SYSTEMS).index("iOS18")


def coremltools_target(coremltools: Any, generation: str) -> Any:
    """The value that ``coremltools`` itself has for a generation."""
    return getattr(coremltools.target, generation)
