"""Browsers that are installed on this machine. None is ever downloaded."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from edgekit.errors import TargetError

VARIABLE = "EDGEKIT_BROWSER"

COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge-stable",
    "microsoft-edge",
    "chrome",
    "msedge",
)

PLACES: Mapping[str, tuple[str, ...]] = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": (
        "${PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
        "${PROGRAMFILES(X86)}/Google/Chrome/Application/chrome.exe",
        "${LOCALAPPDATA}/Google/Chrome/Application/chrome.exe",
        "${PROGRAMFILES(X86)}/Microsoft/Edge/Application/msedge.exe",
        "${PROGRAMFILES}/Microsoft/Edge/Application/msedge.exe",
    ),
}
"""Where they lie on systems that have them on no path."""


def how_to_choose(environment: Mapping[str, str] = os.environ) -> str:
    """What to do about a browser that does not start: a sentence."""
    if environment.get(VARIABLE):
        return f"{VARIABLE} must name the program of Chromium, Chrome or Edge; without it one is looked for."
    return f"Name another one with {VARIABLE}=/path/to/it, or open the page on another device: --on browser@remote"


def find_browser(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """An installed Chromium, Chrome or Edge.

    Args:
        environment: ``EDGEKIT_BROWSER`` in it names one.
        platform: as ``sys.platform``.

    Raises:
        TargetError: there is none.
    """
    named = environment.get(VARIABLE)
    if named:
        found = shutil.which(named, path=environment.get("PATH"))
        if found is None:
            raise TargetError(f"{VARIABLE} names {named!r}, which is no program. Give the path of a browser's program.")
        return Path(found)
    for command in COMMANDS:
        if found := shutil.which(command, path=environment.get("PATH")):
            return Path(found)
    for place in PLACES.get(platform, ()):
        path = Path(_fill_in(place, environment))
        if path.is_file():
            return path
    raise TargetError(
        "No Chromium, Chrome or Edge was found on this machine. Install one (on Debian: apt install chromium), name it "
        f"with {VARIABLE}=/path/to/it, or open the page on another device: --on browser@remote"
    )


def _fill_in(place: str, environment: Mapping[str, str]) -> str:
    for name, value in environment.items():
        place = place.replace(f"${{{name.upper()}}}", value)
    return place
