"""Wrong types are told, not traced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.arguments import as_array, as_path, as_texts, check_whole
from edgekit.errors import UsageError


def test_a_path_is_a_string_or_a_path() -> None:
    assert as_path("a/b", "x") == as_path(Path("a/b"), "x") == Path("a/b")


@pytest.mark.parametrize("value", [None, 5, "", b"a", ["a"], np.zeros(3)])
def test_anything_else_is_no_path(value: Any) -> None:
    with pytest.raises(UsageError, match=r"The model file is a path\. Got: "):
        as_path(value, "The model file")


def test_texts_are_one_or_several() -> None:
    assert as_texts("a", "to") == ["a"]
    assert as_texts(("a", "b"), "to") == ["a", "b"]
    for wrong in (5, None, [5], b"a"):
        with pytest.raises(UsageError, match="to is a string, or a list of strings"):
            as_texts(wrong, "to")


def test_arrays() -> None:
    assert as_array([[1, 2]], "x").shape == (1, 2)
    with pytest.raises(UsageError, match=r"x is an array of numbers\. Got: a list"):
        as_array([[1], [2, 3]], "x")


def test_whole_numbers() -> None:
    check_whole(1, "top")
    check_whole(np.int64(3), "top")
    for wrong in (0, -1, "3", 1.0, None, True, [1]):
        with pytest.raises(UsageError, match=r"top is a whole number of at least 1\. Got: "):
            check_whole(wrong, "top")
