"""What stands in the way of an export is said at once, before anything is traced or read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.api.export_checks import check_requests
from edgekit.converters.base import parse_requests
from edgekit.errors import ConversionError, DataError, UsageError
from edgekit.progress import SILENT


@pytest.fixture(scope="module")
def any_size(keras: Any) -> edgekit.Model:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    stack = [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    return edgekit.Model.wrap(keras.Sequential([keras.Input((None, None, 3), name="x"), *stack], name="any"))


@pytest.fixture(scope="module")
def numbers(keras: Any) -> edgekit.Model:
    keras.utils.set_random_seed(0)
    return edgekit.Model.wrap(keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2)], name="numbers"))


@pytest.fixture(scope="module")
def two(keras: Any) -> edgekit.Model:
    a, b = keras.Input((4,), name="a"), keras.Input((5,), name="b")
    return edgekit.Model.wrap(keras.Model([a, b], keras.layers.Concatenate()([a, b]), name="two"))


def refusal(model: edgekit.Model, to: str, *, calibrated: bool = False) -> str:
    with pytest.raises(ConversionError) as caught:
        check_requests(model, parse_requests([to]), calibrated=calibrated)
    return str(caught.value)


def test_formats_of_fixed_sizes_ask_for_them(any_size: edgekit.Model, tmp_path: Path) -> None:
    message = refusal(any_size, "tflite,onnx,coreml")
    assert "tflite:fp32 and coreml:fp16 need fixed ones" in message
    assert message.endswith("as in --input-shape x=1,224,224,3")
    check_requests(any_size, parse_requests(["onnx,tfjs,savedmodel"]), calibrated=False)
    with pytest.raises(ConversionError, match="tflite:fp32 needs fixed ones"):
        edgekit.export(any_size, "tflite", tmp_path / "dist", progress=SILENT)
    assert not list((tmp_path / "dist").glob("*"))


def test_all_is_said_at_once(any_size: edgekit.Model) -> None:
    message = refusal(any_size, "tflite:int8")
    assert "tflite:int8 needs fixed ones" in message
    assert "tflite:int8 needs samples to calibrate with" in message
    assert "samples" not in refusal(any_size, "tflite:int8", calibrated=True)


def test_the_other_formats_stay_in_the_advice(numbers: edgekit.Model) -> None:
    message = refusal(numbers, "tflite:int8,onnx,coreml,onnx:int8,tflite:int8-dynamic")
    assert message.startswith("tflite:int8 and onnx:int8 need samples to calibrate with")
    assert message.endswith("--to tflite:int8-dynamic,onnx:fp32,coreml:fp16,onnx:int8-dynamic")
    check_requests(numbers, parse_requests(["tflite:int8,onnx:int8"]), calibrated=True)


@pytest.mark.parametrize("calibrated", [False, True])
def test_several_inputs_are_said_whether_or_not_there_are_samples(calibrated: bool, two: edgekit.Model) -> None:
    message = refusal(two, "onnx:int8,tflite", calibrated=calibrated)
    assert message.startswith("onnx:int8 is for models with one input")
    assert "two has 2 (a, b)" in message
    assert "needs samples" not in message
    assert message.endswith("--to onnx:int8-dynamic,tflite:fp32")


def test_a_sample_with_no_number_is_named_as_in_the_file(numbers: edgekit.Model, tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(size=(300, 4))
    samples[3:, 1] = np.nan  # whatever is chosen of these
    samples[:3] = 0
    np.save(tmp_path / "samples.npy", samples)
    with pytest.raises(DataError, match=r"Sample ([3-9]|\d\d) of .*samples\.npy"):
        edgekit.export(numbers, "tflite:int8", tmp_path / "dist", calibration=tmp_path / "samples.npy", progress=SILENT)


def test_an_option_of_no_effect_is_refused_before_the_model_is_opened(tmp_path: Path) -> None:
    for options, message in (
        ({"onnx": {"fp16_compute": True}}, r"onnx\.fp16_compute changes fp16 only, not onnx:fp32\."),
        ({"onnx": {"opset": 99}}, r"onnx\.opset is a number from 15 to \d+\. Got: 99"),
        ({"onnx": {"opset": 14}}, r"onnx\.opset is a number from 15 to \d+\. Got: 14"),
    ):
        with pytest.raises(UsageError, match=message):
            edgekit.export(tmp_path / "nothing.keras", "onnx", tmp_path / "dist", options=options, progress=SILENT)
