"""``OneHot`` in every format: any dtype, axis and depth, and indices that there is no class for, as in TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.bundle import find_built
from edgekit.converters.base import get_converter
from edgekit.converters.graph.one_hot import write_down_one_hots
from edgekit.errors import ConversionError
from edgekit.program import freeze_function
from edgekit.spec import ModelSpec, TensorSpec
from edgekit.tfjs.graph import Graph, Node, constant
from tests.conftest import missing

tf = pytest.importorskip("tensorflow")

TOKENS = np.array([[-7, -1, 0, 4, 8], [3, 2, 1, -100_000, 70_000], [0, 1, 2, 3, 4]], np.int32)

CALLS: dict[str, dict[str, Any]] = {
    "plain": {"depth": 9},
    "smoothed": {"depth": 9, "on_value": 0.9, "off_value": 0.1 / 9, "axis": 1},
    "one class": {"depth": 1, "on_value": 3, "off_value": -4},
    "flags": {"depth": 9, "on_value": True, "off_value": False},
    "integers": {"depth": 4, "dtype": tf.int32},
    "wide integers": {"depth": 5, "on_value": 2**30 + 1, "off_value": -3, "dtype": tf.int64, "axis": 1},
}


@pytest.fixture(autouse=True, scope="module")
def _runner() -> None:
    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")


@pytest.mark.parametrize("form", ["tfjs", "onnx", "tflite", "coreml"])
def test_each_call_answers_as_tensorflow_does(form: str, tmp_path: Path) -> None:
    expected = {name.replace(" ", "_"): tf.one_hot(TOKENS, **call).numpy() for name, call in CALLS.items()}
    spec = ModelSpec(
        "m",
        "tensors",
        (TensorSpec("tokens", (None, 5), "int32"),),
        tuple(TensorSpec(name, (None, *values.shape[1:]), values.dtype.name) for name, values in expected.items()),
    )
    converter = get_converter(form)
    pytest.importorskip(converter.module)
    program = freeze_function(
        lambda tensors: [tf.one_hot(tensors[0], **call) for call in CALLS.values()],
        spec,
        tmp_path / "program",
        converter.batch,
    )
    out = tmp_path / f"m.fp32{converter.suffix}"
    converter.convert(program, spec, "fp32", None, converter.Options(), out)
    with edgekit.load(out, trust=True) as model:
        answers = model.answers({"tokens": TOKENS})
        assert "JavaScript" not in model.engine.info.kernels  # all of it on TensorFlow.js' WebAssembly backend
    for name, values in expected.items():
        np.testing.assert_array_equal(answers[name], values.astype(answers[name].dtype), name)


def test_an_axis_is_refused_where_nobody_knows_the_rank() -> None:
    values = {"depth": np.array(4, np.int32), "on": np.array(1, np.float32), "off": np.array(0, np.float32)}
    attrs = {"T": {"type": "DT_FLOAT"}, "TI": {"type": "DT_INT32"}, "axis": {"i": "1"}}
    nodes = (
        Node("x", "Placeholder"),
        *(constant(name, value) for name, value in values.items()),
        Node("hot", "OneHot", ("x", *values), attrs),
    )
    with pytest.raises(ConversionError, match=r"hot \(OneHot\) puts its classes on axis 1 of a tensor whose rank"):
        write_down_one_hots(Graph(nodes, {"x": "x"}, {"y": "hot"}, values))
