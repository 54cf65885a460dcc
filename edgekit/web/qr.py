"""An address as a picture of text that a phone's camera reads."""

from __future__ import annotations

from importlib.util import find_spec

_QUIET_ZONE = 2
"""Modules of light around it. The standard (ISO/IEC 18004) wants 4; cameras do with 2, and terminals are small."""

_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def has_qr() -> bool:
    """Whether the package that draws codes is installed."""
    return find_spec("segno") is not None


def qr_lines(url: str, encoding: str = "utf-8", colored: bool = False) -> list[str]:
    """A QR code in characters.

    Args:
        url: what it says.
        encoding: of the terminal; where it lacks half blocks, each module is two characters wide.
        colored: black on white by the terminal's own codes. Without them the code is drawn for light text on a dark
            ground; on a light one it is inverted, which most cameras read, too.

    Returns:
        A line of characters for two rows of modules, or for one where there are no half blocks.
    """
    import segno

    light = [
        [not module for module in row]
        for row in segno.make(url, error="l", micro=False).matrix_iter(border=_QUIET_ZONE)
    ]
    if not _can_show("█▀▄", encoding):
        lines = ["".join("##" if module else "  " for module in row) for row in light]
    else:
        if len(light) % 2:
            light.append([False] * len(light[0]))
        lines = [
            "".join(_HALVES[pair] for pair in zip(*rows, strict=True))
            for rows in zip(light[::2], light[1::2], strict=True)
        ]
    return [f"\033[97;40m{line}\033[0m" for line in lines] if colored else lines


def _can_show(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
