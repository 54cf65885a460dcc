from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.spec import ModelSpec, tensor_classifier
from edgekit.tflite.checks import PRECISIONS, find_problems
from edgekit.tflite.embed import embed
from edgekit.tflite.model import Quantization, TFLiteModel, read_model


def _problems(zoo: dict[str, Path], file: str, precision: str) -> str:
    return "\n".join(find_problems(read_model(zoo[file]), precision))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_converted_model_keeps_its_promises(converted: dict[str, bytes], spec: ModelSpec, precision: str) -> None:
    assert find_problems(read_model(converted[precision]), precision) == []
    assert find_problems(read_model(embed(converted[precision], spec)), precision) == []


@pytest.mark.parametrize("made", PRECISIONS)
@pytest.mark.parametrize("claimed", PRECISIONS)
def test_no_precision_passes_for_another(converted: dict[str, bytes], made: str, claimed: str) -> None:
    assert (find_problems(read_model(converted[made]), claimed) == []) == (made == claimed)


def test_only_photos_must_be_the_bytes_of_an_int8_input(converted: dict[str, bytes], spec: ModelSpec) -> None:
    model = read_model(embed(converted["int8"], spec))
    (pixels,) = model.inputs
    other = dataclasses.replace(pixels, quantization=Quantization((0.5,), (3,), 0))
    main = model.subgraphs[0]
    tensors = tuple(other if tensor is pixels else tensor for tensor in main.tensors)
    shifted = dataclasses.replace(model, subgraphs=(dataclasses.replace(main, tensors=tensors), *model.subgraphs[1:]))
    assert "pixels would have to be rescaled" in "".join(find_problems(shifted, "int8"))
    samples = tensor_classifier("m", (None, 24, 24, 3), "float32", spec.labels)
    entries = {**model.metadata, "EDGEKIT_SPEC": memoryview(samples.to_json().encode())}
    assert find_problems(dataclasses.replace(shifted, metadata=entries), "int8") == []


def test_an_unknown_precision_lists_those_there_are(converted: dict[str, bytes]) -> None:
    with pytest.raises(UsageError, match=r"'int4'.*fp32, fp16, int8, int8-dynamic"):
        find_problems(read_model(converted["fp32"]), "int4")


def test_custom_ops_are_named(zoo: dict[str, Path]) -> None:
    file = "edge-tpu/test_data/posenet/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite"
    assert "'PosenetDecoderOp', is a custom op" in _problems(zoo, file, "int8")


def test_flex_ops_are_named(zoo: dict[str, Path]) -> None:
    file = zoo["tflite-zoo/tflite-support/test_model_nl_classifier_with_associated_label.tflite"]
    planted = file.read_bytes().replace(b"CUSTOM_OP_GENERATE_LABELS", b"FlexGenerateLabelsXXXXXXX")
    problems = find_problems(read_model(planted), "fp32")
    assert any("FlexGenerateLabelsXXXXXXX, is a TensorFlow kernel" in problem for problem in problems)


def test_a_missing_signature_is_told(zoo: dict[str, Path], converted: dict[str, bytes]) -> None:
    file = "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_default_1.tflite"
    assert _problems(zoo, file, "fp32") == "The signature 'serving_default' is missing."
    other = converted["fp32"].replace(b"\x0f\0\0\0serving_default\0", b"\x0f\0\0\0serving_another\0")
    assert find_problems(read_model(other), "fp32") == ["The signature 'serving_default' is missing."]


def test_a_nameless_output_is_told(converted: dict[str, bytes]) -> None:
    model = read_model(converted["fp32"])
    planted = dataclasses.replace(model, signatures=(dataclasses.replace(model.signatures[0], outputs={}),))
    (problem,) = find_problems(planted, "fp32")
    assert "The output" in problem
    assert "has no name in the signature 'serving_default'" in problem


def test_float_tensors_in_an_int8_model_are_named(zoo: dict[str, Path]) -> None:
    problems = _problems(zoo, "tflite-zoo/ai-edge-quantizer/partly_quantized_mnist.tflite", "int8")
    assert "is float32; nothing in an int8 model may be." in problems
    assert "The input" in problems


def test_an_int8_interface_is_not_uint8(zoo: dict[str, Path]) -> None:
    problems = _problems(zoo, "tflite-zoo/ai-edge-quantizer/conv_fc_mnist_srq_a8w8.tflite", "int8")
    assert "is int8, not uint8." in problems
    assert "pixels would have to be rescaled" in problems


def test_another_scale_is_told(zoo: dict[str, Path]) -> None:
    problems = _problems(zoo, "edge-tpu/test_data/mobilenet_v2_1.0_224_quant.tflite", "int8")
    assert "has scale (0.0078125,) and zero point (128,), not 1.0 and 0" in problems


def test_an_input_without_a_scale_is_told(zoo: dict[str, Path]) -> None:
    problems = _problems(zoo, "edge-tpu/test_data/movenet_single_pose_lightning_ptq.tflite", "int8")
    assert "has no scale and zero point" in problems


@pytest.mark.parametrize(
    "quantization", [Quantization((0.9999999,), (0,)), Quantization((1.0,), (1,)), Quantization((1.0, 1.0), (0, 0))]
)
def test_pixels_must_be_the_tensor_exactly(converted: dict[str, bytes], quantization: Quantization) -> None:
    problems = find_problems(_with_input(read_model(converted["int8"]), quantization), "int8")
    assert len(problems) == 1
    assert "pixels would have to be rescaled" in problems[0]


def _with_input(model: TFLiteModel, quantization: Quantization) -> TFLiteModel:
    graph = model.subgraphs[0]
    index = graph.inputs[0]
    tensors = list(graph.tensors)
    tensors[index] = dataclasses.replace(tensors[index], quantization=quantization)
    return dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tuple(tensors)),))


def test_float16_weights_are_asked_for_in_every_layer(converted: dict[str, bytes]) -> None:
    problems = "\n".join(find_problems(read_model(converted["fp32"]), "fp16"))
    for op in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        assert f"{op}, are float32, not float16." in problems
