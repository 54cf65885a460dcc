"""The project under a model's name: the app's id, what stands below its icon, and what Android Studio calls it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from edgekit.language import in_one_line

_PREFIX = "dev.edgekit."
_LONGEST = 50
"""Letters of the id's last part: folders on the phone are called by the id."""

# Chapter 3.9 of the Java Language Specification (17), its literals, and Kotlin's hard keywords. Lower case, as ids are.
_WORDS = """
abstract as assert boolean break byte case catch char class const continue default do double else enum extends
false final finally float for fun goto if implements import in instanceof int interface is long native new null
object package private protected public return short static strictfp super switch synchronized this throw throws
transient true try typealias typeof val var void volatile when while
"""


def application_id(name: str) -> str:
    """The app's id, by which a phone tells it from all others: ``dev.edgekit.`` and the name.

    Each part of an id begins with a letter, and has ASCII letters, digits and underscores; Java's and Kotlin's words
    are none. A name that has none of these letters is told from others by its digest.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    part = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST].strip("_")
    if not part:
        part = f"app_{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"
    elif not part[0].isalpha() or part in _WORDS.split():
        part = f"app_{part}"
    return _PREFIX + part


def name_properties(properties: str, name: str) -> str:
    """``gradle.properties`` with the app's id."""
    return _fill_in(properties, "edgekit.applicationId=", application_id(name))


def name_settings(settings: str, name: str) -> str:
    """``settings.gradle.kts`` with the project's name: the last part of the id. Gradle forbids some characters."""
    return _fill_in(settings, "rootProject.name = ", f'"{application_id(name).removeprefix(_PREFIX)}"')


def name_resource(_: str, name: str) -> str:
    """``name.xml``: the name as Android's resource compiler reads it.

    It takes backslashes, quotes, and an ``@`` or ``?`` at the beginning for its own, and percent signs for places to
    fill in; see "String resources" in Android's documentation.
    """
    shown = re.sub(r"([\\'\"])", r"\\\1", in_one_line(name) or "EdgeKit")
    if shown[0] in "@?":
        shown = f"\\{shown}"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        "<resources>\n"
        f'    <string name="app_name" formatted="false" translatable="false">{escape(shown)}</string>\n'
        "</resources>\n"
    )


def _fill_in(text: str, beginning: str, value: str) -> str:
    """A text with a value in the one line that begins so."""
    named, count = re.subn(f"(?m)^{re.escape(beginning)}.*$", beginning + value, text)
    if count != 1:
        raise ValueError(f"there are {count} lines that begin with {beginning!r}, not one")
    return named


NAMED: Mapping[str, Callable[[str, str], str]] = {
    "gradle.properties": name_properties,
    "settings.gradle.kts": name_settings,
    "app/src/main/res/values/name.xml": name_resource,
}
"""The files of the project that have a name in them, with what writes another one."""
