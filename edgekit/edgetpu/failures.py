"""Why the Edge TPU's compiler failed, from what it printed, and what to do about it.

Sources of its words: google-coral/edgetpu, issues 439 and 653 (large activations), 686 (timeout), 211 and 309 (internal
error), 411 (nothing but its version), 811 (a crash), 828 (lines with ``error:`` inside). The remedy, to let it search
for a part that it can compile, is its maintainers', in issues 490 and 651.
"""

from __future__ import annotations

from pathlib import Path

from edgekit.language import printable

_MOST = 1 << 20
"""Bytes that are read of what it printed: half of them from the beginning, half from the end."""

_LINES, _LETTERS = 3, 300
"""Of what is repeated in a sentence; a line that is longer is cut."""

_TELLING = ("ERROR", "Invalid", "Model ", "Internal", "Compilation failed:", "Compilation timeout")
_TELLING_INSIDE = (": error:", "Segmentation fault")
_VERSION = "Edge TPU Compiler version"

TIMEOUT = "Compilation timeout. This is usually caused by large activations"
"""What it says itself when its time is up."""

_SEARCH = (
    "let it leave ops at the end to the CPU until it succeeds, with --option edgetpu.search_delegate=true "
    "(edgetpu_compiler --search_delegate)"
)


def read_printed(path: Path) -> str:
    """What it printed, without the middle where that is very much."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if size <= _MOST:
            return file.read().decode("utf-8", "replace")
        head = file.read(_MOST // 2)
        file.seek(size - _MOST // 2)
        tail = file.read()
    left_out = f"\n[{size - _MOST:,} bytes are left out here]\n"
    return head.decode("utf-8", "replace") + left_out + tail.decode("utf-8", "replace")


def last_words(printed: str) -> str:
    """The lines that say why, of all that it printed, on one line that a terminal can show."""
    lines = _lines(printed)
    if _is_only_version(lines):
        return "it printed its version, and nothing else."
    telling = [line for line in lines if line.startswith(_TELLING) or any(part in line for part in _TELLING_INSIDE)]
    said = " ".join(_short(line) for line in telling[-_LINES:] or lines[-1:])
    return said or "it said nothing."


def advice(printed: str, search_delegate: bool = False) -> str:
    """What to do, as sentences after a space; empty where nothing is known.

    Args:
        printed: all that it said.
        search_delegate: whether it was let search already.
    """
    words = printed.lower()
    if "large activation" in words:
        usual = (
            "What its layers hand on is" if "large activation tensors" in words else "Mostly what its layers hand on is"
        )
        smaller = f"{usual} too large for the chip: train with smaller photos or fewer channels"
        return f" {smaller}." if search_delegate else f" {smaller}, or {_SEARCH}."
    if "internal compiler error" in words:
        failed = "That is a defect of the compiler."
        if search_delegate:
            return f" {failed} Change the model: another size of photos, or without its last layers."
        return f" {failed} Try it again, or {_SEARCH}."
    if _is_only_version(_lines(printed)):
        return " Version 15 ends so where it cannot cut a model into segments: ask for fewer, or take version 16."
    return ""


def _lines(printed: str) -> list[str]:
    return [line.strip() for line in printed.splitlines() if line.strip()]


def _is_only_version(lines: list[str]) -> bool:
    return bool(lines) and all(line.startswith(_VERSION) for line in lines)


def _short(line: str) -> str:
    return printable(line if len(line) <= _LETTERS else f"{line[:_LETTERS]}...")
