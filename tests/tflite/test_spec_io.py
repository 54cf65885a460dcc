from __future__ import annotations

import pytest

from edgekit.errors import ModelFileError, SpecError
from edgekit.spec import ModelSpec
from edgekit.tflite.embed import embed
from edgekit.tflite.spec_io import read_spec


def test_a_foreign_model_has_no_spec(converted: dict[str, bytes]) -> None:
    assert read_spec(converted["fp32"], "x") is None


def test_a_newer_or_broken_spec_is_told(converted: dict[str, bytes], spec: ModelSpec) -> None:
    data = embed(converted["fp32"], spec)
    assert data.count(b'{"schema": 1,') == 1
    with pytest.raises(SpecError, match=r"x\.tflite was written by a newer EdgeKit"):
        read_spec(data.replace(b'{"schema": 1,', b'{"schema": 9,'), "x.tflite")
    with pytest.raises(SpecError, match="not JSON"):
        read_spec(data.replace(b'{"schema": 1,', b'["schema": 1,'), "x.tflite")


def test_no_model_at_all(spec: ModelSpec) -> None:
    with pytest.raises(ModelFileError, match=r"x\.tflite is not a TFLite model"):
        read_spec(spec.to_json().encode(), "x.tflite")
