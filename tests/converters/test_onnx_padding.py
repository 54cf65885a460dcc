"""Zeros around a MaxPool, which onnxruntime would take for minus infinity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converters.base import get_converter
from edgekit.program import FrozenProgram, freeze
from edgekit.quantization.calibration import Calibration
from edgekit.runtime import load
from edgekit.spec import ModelSpec, TensorSpec

pytest.importorskip("tensorflow")
onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
pytest.importorskip("tf2onnx", reason="needs the extra 'onnx'")
import keras  # noqa: E402
from keras import layers  # noqa: E402

from edgekit.converters.onnx import ONNXOptions  # noqa: E402
from edgekit.converters.onnx_padding import keep_zeros  # noqa: E402

SPEC = ModelSpec(
    "pooled", "tensors", (TensorSpec("x", (None, 9, 9, 2)),), (TensorSpec("y", (None, 5, 5, 3)),), activation="none"
)


def pooling(activation: str | None) -> Any:
    """As ResNet50V2 begins: a convolution, zeros around it, the greatest of each window. Most values are negative."""
    keras.utils.set_random_seed(4)
    convolution = layers.Conv2D(
        3, 3, padding="same", activation=activation, bias_initializer=keras.initializers.Constant(-1)
    )
    return keras.Sequential(
        [keras.Input((9, 9, 2), name="x"), convolution, layers.ZeroPadding2D(1), layers.MaxPooling2D(3, 2)]
    )


def samples() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 1, (16, 9, 9, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    return freeze(pooling(None), SPEC, tmp_path_factory.mktemp("pooled") / "program", batch=None)


@pytest.mark.parametrize(
    ("precision", "options", "limit"),
    [
        ("fp32", ONNXOptions(), 1e-5),
        ("fp32", ONNXOptions(opset=15), 1e-5),  # there onnxruntime would move it when it loads the file, too
        ("fp16", ONNXOptions(), 2e-3),
        ("fp16", ONNXOptions(opset=15, fp16_compute=True), 1e-2),
        ("int8", ONNXOptions(), 0.1),
    ],
)
def test_zeros_around_negative_values_win(
    precision: str, options: ONNXOptions, limit: float, program: FrozenProgram, tmp_path: Path
) -> None:
    expected = np.asarray(pooling(None)(samples()))
    border, middle = expected[:, 0], expected[:, 2, 2]
    assert border.min() == 0
    assert middle.min() < -0.5  # minus infinity around it would give other answers
    out = tmp_path / "pooled.onnx"
    calibration = Calibration(samples(), np.zeros(16, np.int64), "made for this test")
    get_converter("onnx").convert(program, SPEC, precision, calibration, options, out)
    with load(out) as predictor:
        assert np.abs(predictor.answers({"x": samples()})["y"] - expected).max() < limit


def test_behind_a_relu_the_padding_goes_into_the_pooling(tmp_path: Path) -> None:
    model = pooling("relu")
    program = freeze(model, SPEC, tmp_path / "program", batch=None)
    out = tmp_path / "pooled.onnx"
    get_converter("onnx").convert(program, SPEC, "fp32", None, ONNXOptions(), out)
    assert "Pad" not in {node.op_type for node in onnx.load(out).graph.node}
    with load(out) as predictor:
        assert np.abs(predictor.answers({"x": samples()})["y"] - np.asarray(model(samples()))).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "steps", "changed"),
    [
        ("float", "p = Pad(v, pads)", True),
        ("float", "p = Pad(v, pads, zero)", True),
        ("double", "p = Pad(v, pads)", True),
        ("float16", "p = Pad(v, pads)", True),
        ("float", "p = Pad(v, pads, two)", False),
        ("float", "p = Pad<mode='reflect'>(v, pads)", False),
        ("uint8", "p = Pad(v, pads)", False),
    ],
)
def test_only_zeros_in_danger_are_replaced(kind: str, steps: str, changed: bool) -> None:
    model = onnx.parser.parse_model(f"""<ir_version: 8, opset_import: ["" : 15]>
        g ({kind}[1, 1, 8, 8] x) => ({kind}[1, 1, 8, 8] y)
        <int64[8] pads = {{0, 0, 1, 1, 0, 0, 1, 1}}, {kind} zero = {{0}}, {kind} two = {{2}}>
        {{ v = Identity(x) {steps.replace("'", '"')} y = MaxPool<kernel_shape=[3, 3]>(p) }}""")
    before = model.SerializeToString()
    keep_zeros(model)
    assert (model.SerializeToString() != before) is changed
    onnx.checker.check_model(model, full_check=True)
    if changed:
        added = onnx.numpy_helper.to_array(model.graph.initializer[-1])
        assert added.any()  # a bit of it is set
        assert 0 < added < 1e-7
