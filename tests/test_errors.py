"""Errors cross process borders: converters and decoders run in processes of their own."""

from __future__ import annotations

import pickle

import pytest

from edgekit import errors

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EdgeKitError)]
TWO_ARGUMENTS = (errors.ImageError, errors.MissingExtraError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_error_survives_pickling(kind: type[errors.EdgeKitError]) -> None:
    error = kind("photo.jpg", "truncated file") if kind in TWO_ARGUMENTS else kind("what, why, and what now")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_exit_codes() -> None:
    assert {kind for kind in KINDS if kind.exit_code != 1} == {errors.UsageError}
    assert errors.UsageError.exit_code == 2


def test_messages() -> None:
    assert str(errors.ImageError("a.jpg", "truncated file")) == "a.jpg is not a readable image (truncated file)."
    message = str(errors.MissingExtraError("Training", "train"))
    assert message.startswith("Training needs the extra 'train'")
    assert message.endswith("pip install '.[train]' (in EdgeKit's checkout)")


def test_the_first_line_of_others_errors() -> None:
    assert errors.first_line(ValueError("\n what\nand pages of numbers")) == "what"
    assert errors.first_line(KeyError()) == "KeyError"
    assert errors.first_line("long " * 100, limit=8) == "long lo…"
