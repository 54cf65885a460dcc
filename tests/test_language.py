"""Labels in a person's language."""

from __future__ import annotations

import pytest

from edgekit.language import description, display_name, in_language, printable
from edgekit.spec import Label

ROSE = Label(
    "rose",
    {"de": "Rose (dt.)", "en": "Rose", "pt-BR": "Rosa do Brasil", "zh-Hant-TW": "玫瑰"},
    {"de": "Eine Blume.", "en": "A flower."},
)


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (None, "Rose"),
        ("de", "Rose (dt.)"),
        ("DE", "Rose (dt.)"),
        ("de-AT", "Rose (dt.)"),  # the more general one
        ("de_AT.UTF-8@euro", "Rose (dt.)"),  # as $LANG has it
        ("pt", "Rosa do Brasil"),  # the more special one
        ("pt-PT", "Rosa do Brasil"),
        ("zh-Hant", "玫瑰"),
        ("fr", "Rose"),  # unknown: English
        ("", "Rose"),
        ("d", "Rose"),  # no part of a subtag
    ],
)
def test_the_name_in_a_language(language: str | None, name: str) -> None:
    assert display_name(ROSE, language) == name


def test_without_english_the_first_there_is_then_the_id() -> None:
    assert display_name(Label("rose", {"it": "Rosa", "de": "Die Rose"}), "fr") == "Rosa"
    assert display_name(Label("rose", {"it": ""}), "it") == "rose"
    assert display_name(Label("rose"), "de") == "rose"


def test_descriptions_fall_back_alike_and_may_be_missing() -> None:
    assert description(ROSE, "de-CH") == "Eine Blume."
    assert description(ROSE, "fr") == "A flower."
    assert description(Label("rose"), "de") == ""


def test_an_empty_text_is_none() -> None:
    assert in_language({"de": "", "en": "Rose"}, "de") == "Rose"
    assert in_language({}, "de") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Gänseblümchen 玫瑰 👩‍🌾", "Gänseblümchen 玫瑰 👩‍🌾"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
