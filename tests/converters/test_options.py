"""What a user writes for a converter's options."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from edgekit.converters.base import MODULES, NoOptions, get_converter
from edgekit.converters.options import make_options, option, parse_options, rules_of
from edgekit.errors import UsageError

EXPORT_PAGE = Path(__file__).parents[2] / "docs" / "export.md"


@dataclass(frozen=True)
class Options:
    author: str = ""
    bits: int = 4
    share: float | None = None
    fast: bool = False


@dataclass(frozen=True)
class RuledOptions:
    bits: int | None = option(None, least=2, most=lambda: print("found out") or 8)
    share: float = option(0.5, most=1)
    way: str = option("exact", choices=("exact", "fast"))
    table: bool = option(False, precisions=("int8", "int4"))


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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bits": "9"}, r"The option onnx\.bits is a number from 2 to 8\. Got: 9\."),
        ({"bits": 1}, r"The option onnx\.bits is a number from 2 to 8\. Got: 1\."),
        ({"share": "1.5"}, r"The option onnx\.share is a number of at most 1\. Got: 1\.5\."),
        ({"way": "slow"}, r"The option onnx\.way is exact or fast\. Got: 'slow'\."),
        ({"table": "no"}, r"onnx\.table changes int8 and int4 only, not onnx:fp32 and onnx:fp16\. .* --to onnx:int8$"),
    ],
)
def test_a_fields_rules_hold(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_options("onnx", RuledOptions, given, ["fp32", "fp16"])


def test_what_keeps_the_rules_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"bits": "8", "share": "1", "way": "fast", "table": "yes"}
    assert make_options("onnx", RuledOptions, given, ["fp32", "int4"]) == RuledOptions(8, 1.0, "fast", True)
    assert make_options("onnx", RuledOptions, {"bits": None, "table": True}) == RuledOptions(table=True)
    assert capsys.readouterr().out == ""  # a limit that prints would spoil a --json document


def test_every_option_is_documented_with_its_rules() -> None:
    """What a converter's fields say is what the page says."""
    rows = {}
    for line in EXPORT_PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        for name in re.findall(r"`(\w+\.\w+)`", cells[1]) if len(cells) == 5 else ():
            rows[name] = (cells[2], cells[3])
    known = {f"{format}.{field.name}": field for format in MODULES for field in fields(get_converter(format).Options)}
    assert {name for name in rows if name.partition(".")[0] in MODULES} == set(known)
    for name, field in known.items():
        rules = rules_of(field)
        values, meaning = rows[name]
        assert all(f"`{choice}`" in values for choice in rules.choices), name
        assert rules.least is None or str(rules.least) in values, name
        assert all(f"`{precision}`" in meaning for precision in rules.precisions), name


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


def test_a_deployment_target_that_is_too_old_is_refused_with_the_options() -> None:
    """Before any work, as all that is wrong with an option."""
    kind = get_converter("coreml").Options
    with pytest.raises(UsageError, match=r"coreml:int8 needs iOS16 or newer, so it cannot be made for macOS12"):
        make_options("coreml", kind, {"deployment_target": "macOS12"}, ("fp16", "int8"))
    assert (
        make_options("coreml", kind, {"deployment_target": "macOS12"}, ("fp16", "fp32")).deployment_target == "macOS12"
    )
    assert make_options("coreml", kind, {}, ("int8",)) == kind()
