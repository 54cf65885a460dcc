"""Labels in a person's language, in a form that a terminal can show."""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgekit.spec import Label

DEFAULT_LANGUAGE = "en"

_UNSAFE = re.compile(
    # Control characters, with which a label could move the cursor or change the terminal's title;
    # line and paragraph separators; and the marks that turn the direction of all the text that
    # follows. Joiners stay: Persian and emoji need them.
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)

_NOT_IN_A_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Control characters, separators of lines, and what XML 1.0 (2.2) has no place for."""


def display_name(label: Label, language: str | None = None) -> str:
    """What to call a label: in the language, else in English, else in the first there is, else its id."""
    if not label.names:
        return label.id
    return in_language(label.names, language) or label.id


def description(label: Label, language: str | None = None) -> str:
    """A label's description: in the language, else in English, else in the first there is, else empty."""
    return in_language(label.descriptions, language) if label.descriptions else ""


def in_language(texts: Mapping[str, str], language: str | None = None) -> str:
    """The text for a reader of a language; empty where there is none at all.

    Args:
        texts: locale to text.
        language: as in ``de``, ``de-AT`` or ``de_AT.UTF-8``; ``None`` for English. What is more
            special than any locale there is gets the more general one, and the other way round.
    """
    wanted = (language, DEFAULT_LANGUAGE) if language else (DEFAULT_LANGUAGE,)
    for one in wanted:
        # The common case first: classify has microseconds.
        text = texts.get(one) or _nearest(texts, one)
        if text:
            return text
    return next(filter(None, texts.values()), "")


def printable(text: str) -> str:
    """A text without characters that a terminal would obey; an escape is shown as its code."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def in_one_line(text: str) -> str:
    """A text as a page's or an app's name: without what HTML and XML forbid, and in one line."""
    return " ".join(_NOT_IN_A_NAME.sub(" ", text).split())


def _nearest(texts: Mapping[str, str], language: str) -> str:
    tags = {_subtags(locale): text for locale, text in texts.items() if text}
    wanted = _subtags(language)
    for length in range(len(wanted), 0, -1):  # RFC 4647, lookup
        if wanted[:length] in tags:
            return tags[wanted[:length]]
    return next((text for tag, text in tags.items() if tag[:1] == wanted[:1]), "")


def _subtags(locale: str) -> tuple[str, ...]:
    return tuple(locale.partition(".")[0].partition("@")[0].replace("_", "-").lower().split("-"))
