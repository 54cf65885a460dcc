"""Dense layers told as convolutions of one pixel, which have the same answers, bit for bit::

    y = FULLY_CONNECTED(x, w)    becomes    y = RESHAPE(CONV_2D(RESHAPE(x), w))

For who takes a scale for each output of a convolution, but not of a dense layer: the Edge TPU's compiler. Networks
that end so by themselves (MobileNet) it maps as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgekit.tflite.flatbuffer_writer import Integers, Scalar
from edgekit.tflite.flatbuffer_writer import Table as NewTable
from edgekit.tflite.model import Operator, Quantization, Tensor, TFLiteModel
from edgekit.tflite.rewrite import NewOperator, Options, Rewriting

_CONVOLUTION_OPTIONS, _RESHAPE_OPTIONS = 1, 17
"""In the schema's ``BuiltinOptions``."""

_VALID = 1
"""Of the schema's ``Padding``: none."""


def with_dense_as_convolutions(model: TFLiteModel) -> bytes:
    """An int8 model without dense layers whose weights have several scales.

    Args:
        model: read from a FlatBuffer without anything behind it. Dense layers of more than one row stay as they are.
    """
    rewriting = Rewriting(model)
    for operator in model.subgraphs[0].operators:
        by = list(_as_convolution(rewriting, operator)) if operator.name == "FULLY_CONNECTED" else []
        if by:
            rewriting.replace(operator, by)
    return rewriting.apply()


def _as_convolution(rewriting: Rewriting, operator: Operator) -> Iterator[NewOperator]:
    model = rewriting.model
    tensors, options = model.subgraphs[0].tensors, model.options(operator)
    data, weights, answer = (tensors[index] for index in (*operator.inputs[:2], operator.outputs[0]))
    scales = weights.quantization.scales if weights.quantization else ()
    if len(scales) < 2 or not weights.is_constant or weights.dtype != "int8" or data.dtype != "int8":
        return
    outputs, inputs = weights.shape
    if data.elements != inputs or data.quantization is None:
        return
    kernel = rewriting.add_tensor(
        f"{weights.name}/kernel", (outputs, 1, 1, inputs), "int8", weights.quantization, buffer=weights.buffer
    )
    bias = operator.inputs[2] if len(operator.inputs) > 2 else -1
    if bias < 0:  # every convolution of TensorFlow's has one
        own = Quantization(tuple(data.quantization.scales[0] * scale for scale in scales), (0,) * outputs)
        zeros = np.zeros(outputs, np.int32).tobytes()
        bias = rewriting.add_tensor(f"{weights.name}/bias", (outputs,), "int32", own, zeros)
    pixel = rewriting.like(data, "/pixel", (1, 1, 1, inputs))
    row = rewriting.like(answer, "/pixel", (1, 1, 1, outputs))
    plain = {0: Scalar("b", _VALID), 3: Scalar("b", options.int8(0) if options else 0)}
    ones = {field: Scalar("i", 1) for field in (1, 2, 4, 5)}  # strides, dilation
    yield _reshape(rewriting, operator.inputs[0], pixel, (1, 1, 1, inputs), weights)
    yield NewOperator(
        "CONV_2D", 3, (pixel, kernel, bias), (row,), Options(_CONVOLUTION_OPTIONS, NewTable(plain | ones))
    )
    yield _reshape(rewriting, row, operator.outputs[0], answer.shape, weights)


def _reshape(rewriting: Rewriting, source: int, target: int, shape: tuple[int, ...], named: Tensor) -> NewOperator:
    content = np.asarray(shape, np.int32).tobytes()
    sizes = rewriting.add_tensor(f"{named.name}/shape", (len(shape),), "int32", content=content)
    return NewOperator(
        "RESHAPE", 1, (source, sizes), (target,), Options(_RESHAPE_OPTIONS, NewTable({0: Integers(shape)}))
    )
