"""The answer for one photo."""

from __future__ import annotations

import pytest

from edgekit.report.predictions import predictions_text, wrap
from edgekit.report.table import text_width
from edgekit.runtime import Prediction


def test_names_and_bars_are_aligned_whatever_the_script() -> None:
    text = predictions_text("a.jpg", [Prediction("rose", "玫瑰", 0.75, 0), Prediction("tulip", "Tulpe", 0.25, 1)])
    assert text.split("\n") == [
        "a.jpg",
        "   75.0 %  玫瑰   ███████████████",
        "   25.0 %  Tulpe  █████",
    ]


def test_the_best_one_is_described_within_the_width() -> None:
    description = "A flower with thorns,\nused for " + "gardens and " * 12 + "tea."
    predictions = [Prediction("rose", "Rose", 0.9, 0, description), Prediction("lily", "Lily", 0.1, 1, "Not shown.")]
    text = predictions_text("a.jpg", predictions, width=60)
    assert "Not shown" not in text
    lines = text.split("\n")
    assert max(map(text_width, lines)) <= 60
    assert lines[3] == ""
    assert lines[4].startswith(" " * 11 + "A flower with thorns, used for")
    assert " ".join(" ".join(lines[4:]).split()) == " ".join(description.split())


def test_wide_characters_count_twice_and_break_anywhere_but_before_a_full_stop() -> None:
    lines = wrap("玫瑰是一种花。" * 6, 20)
    assert max(map(text_width, lines)) <= 20
    assert "".join(lines) == "玫瑰是一种花。" * 6
    assert not any(line.startswith("。") for line in lines)


@pytest.mark.parametrize("width", [1, 2, 7, 80])
@pytest.mark.parametrize(
    "text", ["", "a", "Donaudampfschifffahrt", "a bb ccc dddd", "é" * 9, "👩\u200d🌾 farmer 农民", "。。。。"]
)
def test_nothing_is_lost_and_it_ends(text: str, width: int) -> None:
    assert "".join("".join(wrap(text, width)).split()) == "".join(text.split())


def test_control_characters_do_not_reach_the_terminal() -> None:
    evil = "\x1b]0;title\x07\x9b2J"
    text = predictions_text(f"{evil}.jpg", [Prediction("x", evil, 0.5, 0, f"line{evil}\r\nnext")])
    assert not any(character != "\n" and ord(character) < 32 for character in text)
    assert "\x9b" not in text
    assert "\\x1b]0;title\\x07" in text
