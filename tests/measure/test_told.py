"""What others tell is believed only where it can be: any JSON at all is a value in its range, or a sentence."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgekit.measure.told import Told, ToldError, one_line

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=5), parts, max_size=4),
    max_leaves=8,
)


@given(st.text(max_size=400), st.integers(1, 120))
@example("a\nFAILED b\r\x1b[2Jc\u202e\ud800\u2028d\x9b", 100)
def test_a_text_is_one_line_that_steers_nothing(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line.isprintable()
    line.encode()


def test_plain_texts_stay_as_they_are() -> None:
    assert one_line("Apple M4, „schön“ – 漢字") == "Apple M4, „schön“ – 漢字"
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line(None) == ""
    assert one_line("x" * 101) == "x" * 99 + "…"


@given(ANY_JSON)
@example(10**400)
@example(-1.0)
@example(1e300)
@example(math.nan)
@example(math.inf)
@example(True)
@example("1")
def test_a_number_is_finite_and_in_its_range(value: Any) -> None:
    told = Told({"x": value})
    if type(value) in (int, float) and 0 <= value <= 1000:
        assert told.number("x", 0, 1000) == value
    else:
        with pytest.raises(ToldError, match=r"^x is .{1,90}$"):
            told.number("x", 0, 1000)


@given(ANY_JSON)
@example([])
@example([1, math.nan])
def test_anything_is_read_or_refused(value: Any) -> None:
    """As it comes from a device: through JSON, with the NaN that Python's reader lets through."""
    told = Told({"x": json.loads(json.dumps(value))})
    found: list[Any] = []
    for read in (
        lambda: found.append(told.part("x")),
        lambda: found.append(told.text("x")),
        lambda: found.extend(told.texts("x")),
        lambda: found.extend(told.numbers("x", 0, 10)),
        lambda: found.append(told.whole("x", 1, 1024)),
    ):
        with contextlib.suppress(ToldError):
            read()
    assert all(not isinstance(one, float) or 0 <= one <= 10 for one in found)
    assert all(not isinstance(one, int) or isinstance(one, bool) or 1 <= one <= 1024 for one in found)


def test_a_message_says_where() -> None:
    told = Told({"benchmark": {"durations": [1.0, -1.0], "read": None, "engine": {"threads": 1.5}}})
    benchmark = told.part("benchmark")
    with pytest.raises(ToldError, match=r"^benchmark\.durations\[1\] is -1\.0, outside of 0 to 100$"):
        benchmark.numbers("durations", 0, 100)
    with pytest.raises(ToldError, match=r"^benchmark\.read is missing and no object$"):
        benchmark.part("read")
    with pytest.raises(ToldError, match=r"^benchmark\.engine\.threads is 1\.5 and no whole number$"):
        benchmark.part("engine").whole("threads", 1, 1024)
    with pytest.raises(ToldError, match="it is a list and no object"):
        Told([])
