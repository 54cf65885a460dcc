"""What a user writes for a converter's options."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from edgekit.converters.base import NoOptions
from edgekit.converters.options import make_options, parse_options
from edgekit.errors import UsageError


@dataclass(frozen=True)
class Options:
    author: str = ""
    bits: int = 4
    share: float | None = None
    fast: bool = False


def test_texts_become_the_fields_types() -> None:
    given = {"author": "007", "bits": "6", "share": "0.5", "fast": "yes"}
    assert make_options("coreml", Options, given) == Options("007", 6, 0.5, True)
    assert make_options("coreml", Options, {}) == Options()
    assert make_options("coreml", Options, {"share": None, "bits": 8}) == Options(bits=8)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"autor": "Ada"}, r"coreml has no option 'autor'\. Known: author, bits, share, fast\."),
        ({"bits": "six"}, r"coreml\.bits is a whole number\. Got: 'six'"),
        ({"bits": True}, r"coreml\.bits is a whole number\. Got: True"),
        ({"bits": 1.5}, r"coreml\.bits is a whole number\. Got: 1\.5"),
        ({"fast": "maybe"}, r"coreml\.fast is true or false\. Got: 'maybe'"),
        ({"author": 7}, r"coreml\.author is a text\. Got: 7"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_options("coreml", Options, given)


def test_a_converter_without_options() -> None:
    with pytest.raises(UsageError, match="It has none"):
        make_options("tflite", NoOptions, {"a": 1})


def test_the_command_lines_form() -> None:
    assert parse_options(["coreml.author=Ada = Lovelace", "onnx.opset= 18 "]) == {
        "coreml": {"author": "Ada = Lovelace"},
        "onnx": {"opset": "18"},
    }


@pytest.mark.parametrize("text", ["author=Ada", "coreml.author", "=", ".a=b", "coreml.=x"])
def test_a_form_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"Write FORMAT\.NAME=VALUE"):
        parse_options([text])
