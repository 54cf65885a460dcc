from __future__ import annotations

import pytest

from edgekit.report.table import (
    cut,
    format_difference,
    format_ms,
    format_percent,
    format_size,
    format_table,
    name_group,
    text_width,
)


def test_columns_are_aligned() -> None:
    text = format_table(("file", "size"), [("a", "1 KB"), ("longer.tflite", "12 KB")], right=(1,))
    assert text.splitlines() == [
        "file            size",
        "─────────────  ─────",
        "a               1 KB",
        "longer.tflite  12 KB",
    ]


def test_wide_characters_take_two_columns() -> None:
    lines = format_table(("name", "n"), [("玫瑰", "1"), ("rose", "2")]).splitlines()
    assert lines[2] == "玫瑰  1"
    assert lines[3] == "rose  2"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 KB"), (649_344, "649 KB"), (1_640_456, "1.64 MB"), (999_900, "1000 KB"),
     (2_200_000, "2.20 MB"), (74_000_000, "74.0 MB"), (2.5e9, "2.50 GB")],
)  # fmt: skip
def test_sizes_have_three_digits(size: float, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0612, "0.061 ms"), (1.456, "1.46 ms"), (12.34, "12.3 ms"), (9.996, "10.0 ms"), (103.4, "103 ms")],
)
def test_milliseconds_have_three_digits(value: float, text: str) -> None:
    assert format_ms(value) == text


@pytest.mark.parametrize(("share", "text"), [(1.0, "100.0 %"), (0.99999, "99.9 %"), (0.9127, "91.3 %"), (0.0, "0.0 %")])
def test_only_all_is_a_hundred_percent(share: float, text: str) -> None:
    assert format_percent(share) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (2.4e-7, "2.4e-07"), (0.0131, "0.013")])
def test_differences(value: float, text: str) -> None:
    assert format_difference(value) == text


@pytest.mark.parametrize(
    ("names", "total", "text"),
    [(["a"], 1, "a"), (["a", "b"], 2, "both"), (["a", "b"], 4, "a, b"), (list("abcd"), 4, "all four"),
     (list("abcdefghij"), 10, "all 10")],
)  # fmt: skip
def test_names_in_a_row(names: list[str], total: int, text: str) -> None:
    assert name_group(names, total) == text


@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_cut_keeps_to_the_width(width: int) -> None:
    for text in ("flowers", "玫瑰花园玫瑰", "a b c d e f"):
        assert text_width(cut(text, width)) <= width
    assert cut("flowers", 7) == "flowers"
    assert cut("flowers", 6) == "flowe…"
