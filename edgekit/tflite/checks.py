"""What a converted model must keep: no foreign ops, the precision that was asked for, named tensors.

Every function is pure and answers with sentences, one for each problem, that name the op or tensor.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.errors import SpecError, UsageError
from edgekit.spec import ModelSpec
from edgekit.tflite.model import Operator, Quantization, Tensor, TFLiteModel
from edgekit.tflite.schema import FLOAT_TYPES
from edgekit.tflite.spec_io import SPEC_ENTRY

PRECISIONS = ("fp32", "fp16", "int8", "int8-dynamic")

SIGNATURE = "serving_default"

_SMALLEST_WEIGHTS = 1024
"""Elements below which the converter leaves weights as they are: ``kWeightsMinNumElementsDefault`` in
``tensorflow/compiler/mlir/lite/quantization/lite/quantize_weights.cc``."""

_WEIGHTED_OPS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_WEIGHTS_INPUT = 1

_INTEGER_CODES = frozenset({"int2", "int4", "uint4", "int8", "uint8", "int16"})


def find_problems(model: TFLiteModel, precision: str) -> list[str]:
    """What keeps ``model`` from being a good artifact of this precision; empty where nothing does.

    Args:
        model: the model as it was written, with its spec inside, if it has one: of a model that
            takes no photos an int8 input may have any scale.
        precision: one of :data:`PRECISIONS`.

    Raises:
        UsageError: an unknown precision.
    """
    rules = {"fp32": _fp32, "fp16": _fp16, "int8": _int8, "int8-dynamic": _int8_dynamic}
    if precision not in rules:
        raise UsageError(f"Unknown precision {precision!r}. Known: {', '.join(PRECISIONS)}.")
    return [*_foreign_ops(model), *_signature(model), *rules[precision](model)]


def _foreign_ops(model: TFLiteModel) -> Iterator[str]:
    for operator in _operators(model):
        if operator.is_flex:
            yield f"Op {operator.index}, {operator.custom_code}, is a TensorFlow kernel and needs the Flex delegate."
        elif operator.is_custom:
            yield f"Op {operator.index}, {operator.custom_code!r}, is a custom op that LiteRT does not know."


def _signature(model: TFLiteModel) -> Iterator[str]:
    signature = next((found for found in model.signatures if found.key == SIGNATURE), None)
    if signature is None:
        yield f"The signature {SIGNATURE!r} is missing."
        return
    graph = model.subgraphs[signature.subgraph]
    for what, named, wanted in (
        ("input", signature.inputs, graph.inputs),
        ("output", signature.outputs, graph.outputs),
    ):
        nameless = set(wanted) - {index for name, index in named.items() if name}
        for index in sorted(nameless):
            yield f"The {what} {_label(graph.tensors[index])} has no name in the signature {SIGNATURE!r}."


def _fp32(model: TFLiteModel) -> Iterator[str]:
    for tensor in _tensors(model):
        if tensor.quantization is not None:
            yield f"Tensor {_label(tensor)} is quantized ({tensor.dtype})."
        elif tensor.dtype in FLOAT_TYPES and tensor.dtype != "float32":
            yield f"Tensor {_label(tensor)} is {tensor.dtype}, not float32."


def _fp16(model: TFLiteModel) -> Iterator[str]:
    for tensor in _tensors(model):
        if tensor.quantization is not None:
            yield f"Tensor {_label(tensor)} is quantized ({tensor.dtype})."
    yield from _interface(model, "float32")
    for operator, tensor in _weights(model):
        if tensor.dtype != "float16":
            yield f"{_weights_of(operator, tensor)} are {tensor.dtype}, not float16."
    if not any(tensor.is_constant and tensor.dtype == "float16" for tensor in _tensors(model)):
        yield "No weights are float16."


def _int8(model: TFLiteModel) -> Iterator[str]:
    for tensor in _tensors(model):
        if tensor.dtype in FLOAT_TYPES:
            yield f"Tensor {_label(tensor)} is {tensor.dtype}; nothing in an int8 model may be."
    yield from _interface(model, "uint8")
    for tensor in model.inputs:
        if tensor.quantization is None:
            yield f"The input {_label(tensor)} has no scale and zero point."
        elif _is_fed_with_photos(model) and not _takes_pixels(tensor.quantization):
            yield (
                f"The input {_label(tensor)} has scale {tensor.quantization.scales[:1]} and zero point "
                f"{tensor.quantization.zero_points[:1]}, not 1.0 and 0: pixels would have to be rescaled."
            )


def _int8_dynamic(model: TFLiteModel) -> Iterator[str]:
    yield from _interface(model, "float32")
    for operator, tensor in _weights(model):
        if tensor.elements >= _SMALLEST_WEIGHTS and not _is_quantized_integer(tensor):
            yield f"{_weights_of(operator, tensor)} are {tensor.dtype}, not int8."
    if not any(tensor.is_constant and _is_quantized_integer(tensor) for tensor in _tensors(model)):
        yield f"No weights are int8; none may have the {_SMALLEST_WEIGHTS:,} elements that the converter asks for."


def _interface(model: TFLiteModel, dtype: str) -> Iterator[str]:
    for what, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            if tensor.dtype != dtype and not _is_index(tensor):
                yield f"The {what} {_label(tensor)} is {tensor.dtype}, not {dtype}."


def _is_index(tensor: Tensor) -> bool:
    """Ids of words and the like stay what they are in every precision."""
    return tensor.quantization is None and tensor.dtype in ("int32", "int64")


def _is_fed_with_photos(model: TFLiteModel) -> bool:
    spec = model.metadata.get(SPEC_ENTRY)
    try:
        return spec is None or ModelSpec.from_json(bytes(spec), model.name).image is not None
    except SpecError:  # broken, which its reader says; the tensors are checked all the same
        return True


def _takes_pixels(quantization: Quantization) -> bool:
    return quantization.scales == (1.0,) and quantization.zero_points in ((0,), ())


def _is_quantized_integer(tensor: Tensor) -> bool:
    return tensor.quantization is not None and tensor.dtype in _INTEGER_CODES


def _weights(model: TFLiteModel) -> Iterator[tuple[Operator, Tensor]]:
    """The constant weights of convolutions and dense layers, as they are stored: before a DEQUANTIZE."""
    for graph in model.subgraphs:
        stored = {
            operator.outputs[0]: operator.inputs[0]
            for operator in graph.operators
            if operator.name == "DEQUANTIZE" and operator.inputs and operator.outputs
        }
        for operator in graph.operators:
            if operator.name in _WEIGHTED_OPS and len(operator.inputs) > _WEIGHTS_INPUT:
                index = operator.inputs[_WEIGHTS_INPUT]
                tensor = graph.tensors[stored.get(index, index)]
                if index >= 0 and tensor.is_constant:
                    yield operator, tensor


def _tensors(model: TFLiteModel) -> Iterator[Tensor]:
    for graph in model.subgraphs:
        yield from graph.tensors


def _operators(model: TFLiteModel) -> Iterator[Operator]:
    for graph in model.subgraphs:
        yield from graph.operators


def _weights_of(operator: Operator, tensor: Tensor) -> str:
    return f"The weights {_label(tensor)} of op {operator.index}, {operator.name},"


def _label(tensor: Tensor) -> str:
    return f"{tensor.name!r} ({tensor.index})"
