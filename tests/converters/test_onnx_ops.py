"""Ops that EdgeKit translates itself, against Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx", reason="needs the extra 'onnx'")
import keras

import edgekit
from edgekit.converters.base import get_converter
from edgekit.program import freeze
from edgekit.spec import ModelSpec, TensorSpec


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_division_and_remainder_round_down(dtype: str, tmp_path: Path) -> None:
    first, second = (keras.Input((8,), dtype=dtype, name=name) for name in ("first", "second"))
    outputs: Any = [first // second, keras.ops.mod(first, second), first // 3]
    model = keras.Model([first, second], [keras.layers.Identity(name=f"out{n}")(one) for n, one in enumerate(outputs)])
    spec = ModelSpec(
        "numbers",
        "tensors",
        tuple(TensorSpec(name, (None, 8), dtype) for name in ("first", "second")),
        tuple(TensorSpec(f"out{n}", (None, 8), dtype) for n in range(3)),
    )
    converter = get_converter("onnx")
    program = freeze(model, spec, tmp_path / "program", converter.batch)
    converter.convert(program, spec, "fp32", None, converter.Options(), tmp_path / "numbers.fp32.onnx")
    dividends = np.array([[-7, -6, -4, -1, 0, 1, 5, 7], [7, 6, 4, 1, 0, -1, -5, -7]], dtype)
    divisors = np.array([[3, -3, 3, -3, 3, -3, 3, -3], [-3, 3, -3, 3, -3, 3, -3, 3]], dtype)
    expected = [dividends // divisors, np.mod(dividends, divisors), dividends // 3]
    with edgekit.load(tmp_path / "numbers.fp32.onnx") as exported:
        answers = exported.predict({"first": dividends, "second": divisors})
    for n, values in enumerate(expected):
        np.testing.assert_array_equal(answers[f"out{n}"], values)
