from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ModelFileError
from edgekit.tflite.model import Quantization, Tensor, TFLiteModel, read_model
from edgekit.tflite.ops import op_name
from edgekit.tflite.schema import TENSOR_TYPES


def test_reads_what_the_generated_reader_reads(zoo: dict[str, Path]) -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    for name, path in zoo.items():
        data = path.read_bytes()
        theirs = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
        ours = read_model(path, name)
        _compare_models(name, ours, theirs)


def _compare_models(name: str, ours: TFLiteModel, theirs: Any) -> None:
    assert (ours.version, ours.description) == (theirs.version, _text(theirs.description)), name
    assert len(ours.subgraphs) == len(theirs.subgraphs), name
    for graph, wanted in zip(ours.subgraphs, theirs.subgraphs, strict=True):
        assert graph.inputs == tuple(wanted.inputs), name
        assert graph.outputs == tuple(wanted.outputs), name
        for tensor, reference in zip(graph.tensors, wanted.tensors or [], strict=True):
            _compare_tensors(f"{name}: {tensor.name}", tensor, reference)
        for operator, reference in zip(graph.operators, wanted.operators or [], strict=True):
            code = theirs.operatorCodes[reference.opcodeIndex]
            number = max(code.builtinCode, code.deprecatedBuiltinCode)
            assert operator.name == op_name(number, _text(code.customCode)), name
            assert operator.version == code.version, name
            assert operator.inputs == _integers(reference.inputs), name
            assert operator.outputs == _integers(reference.outputs), name
    for index, buffer in enumerate(theirs.buffers):
        data = b"" if buffer.data is None else bytes(buffer.data)
        assert bytes(ours.buffer(index)) == data, f"{name}: buffer {index}"
    for entry in theirs.metadata or []:
        data = theirs.buffers[entry.buffer].data
        assert bytes(ours.metadata[_text(entry.name)]) == (b"" if data is None else bytes(data)), name
    for signature, wanted in zip(ours.signatures, theirs.signatureDefs or [], strict=True):
        assert signature.key == _text(wanted.signatureKey), name
        assert signature.inputs == {_text(entry.name): entry.tensorIndex for entry in wanted.inputs}, name
        assert signature.outputs == {_text(entry.name): entry.tensorIndex for entry in wanted.outputs}, name


def _compare_tensors(name: str, ours: Tensor, theirs: Any) -> None:
    assert ours.name == _text(theirs.name), name
    assert ours.shape == _integers(theirs.shape), name
    assert ours.dtype == TENSOR_TYPES[theirs.type], name
    assert (ours.buffer, ours.is_variable) == (theirs.buffer, theirs.isVariable), name
    assert ours.shape_signature == (_integers(theirs.shapeSignature) or ours.shape), name
    scales = () if theirs.quantization is None else _floats(theirs.quantization.scale)
    if scales:
        assert ours.quantization is not None, name
        assert ours.quantization.scales == scales, name
        assert ours.quantization.zero_points == _integers(theirs.quantization.zeroPoint), name
        assert ours.quantization.axis == theirs.quantization.quantizedDimension, name
    elif ours.quantization is not None:
        assert ours.quantization.block_size, name


def _text(value: bytes | None) -> str:
    return (value or b"").decode()


def _integers(values: Any) -> tuple[int, ...]:
    return () if values is None else tuple(int(value) for value in values)


def _floats(values: Any) -> tuple[float, ...]:
    return () if values is None else tuple(float(value) for value in values)


def test_options_are_read_from_the_file(zoo: dict[str, Path]) -> None:
    model = read_model(zoo["tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_default_1.tflite"])
    convolution = model.subgraphs[0].operators[0]
    options = model.options(convolution)
    assert convolution.name == "CONV_2D"
    assert options is not None
    padding, stride_w, stride_h, activation = 0, 1, 2, 3  # Conv2DOptions
    assert (options.int8(padding), options.int32(stride_w), options.int32(stride_h)) == (0, 2, 2)
    assert options.int8(activation) == 3  # RELU6


def test_inputs_and_outputs_are_those_of_the_first_graph(converted: dict[str, bytes]) -> None:
    model = read_model(converted["int8"], "tiny")
    assert [(tensor.shape, tensor.dtype) for tensor in model.inputs] == [((1, 24, 24, 3), "uint8")]
    assert [(tensor.shape, tensor.dtype) for tensor in model.outputs] == [((1, 3), "uint8")]
    assert model.inputs[0].quantization == Quantization((1.0,), (0,))


def test_unknown_sizes_stay_in_the_signature(zoo: dict[str, Path]) -> None:
    model = read_model(zoo["tflite-zoo/tflite-support/dilated_conv.tflite"])
    tensor = model.inputs[0]
    assert tensor.shape_signature == (-1, -1, -1, 3)
    assert (tensor.elements, tensor.nbytes) == (3, 12)


def test_constant_data_have_the_size_of_their_shape(zoo: dict[str, Path]) -> None:
    model = read_model(zoo["edge-tpu/test_data/mobilenet_v2_1.0_224_quant.tflite"])
    constants = [tensor for tensor in model.subgraphs[0].tensors if tensor.is_constant]
    assert len(constants) == 107
    assert all(tensor.nbytes == tensor.stored_bytes for tensor in constants)
    weights = np.frombuffer(model.buffer(constants[0].buffer), constants[0].dtype)
    assert weights.size == constants[0].elements


@pytest.mark.parametrize(
    ("shape", "dtype", "nbytes"),
    [((3,), "int4", 2), ((2, 3), "float16", 12), ((), "float32", 4), ((0, 5), "int8", 0), ((4,), "string", 0)],
)
def test_nbytes(shape: tuple[int, ...], dtype: str, nbytes: int) -> None:
    assert Tensor(0, "t", shape, shape, dtype, None, 0, 0).nbytes == nbytes


def test_quantization_kinds() -> None:
    assert Quantization((1.0,), (0,)).kind == "per-tensor"
    assert Quantization((1.0, 2.0), (0, 0)).kind == "per-channel"
    assert Quantization((), (), block_size=32).kind == "blockwise"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"There is no file .*gone\.tflite"):
        read_model(tmp_path / "gone.tflite")
    with pytest.raises(ModelFileError, match="is a folder"):
        read_model(tmp_path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04 and more", "zip archive"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html>", "failed download"),
        (b"just some text", "lacks the mark TFL3"),
    ],
)
def test_other_formats_are_told(data: bytes, reason: str) -> None:
    with pytest.raises(ModelFileError, match=rf"^x\.tflite is not a TFLite model \(.*{reason}"):
        read_model(data, "x.tflite")


def test_a_cut_file_is_not_sound(zoo: dict[str, Path]) -> None:
    data = zoo["mlperf-tiny/visual_wake_words/trained_models/vww_96_int8.tflite"].read_bytes()
    with pytest.raises(ModelFileError, match=r"^vww\.tflite is not a sound TFLite model \(.*cut short"):
        read_model(data[: len(data) // 2], "vww.tflite")
