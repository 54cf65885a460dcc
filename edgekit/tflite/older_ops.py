"""Newer versions of operators, told in older ones: for runtimes and compilers that stopped at TensorFlow 2.5.

What an operator's version says is in ``tensorflow/lite/tools/versioning/op_version.cc``, which TensorFlow has
which version in ``runtime_version.cc`` beside it. Of what TensorFlow 2.21 writes into an int8 model these two
are newer than 2.5, and both have an older form with the same answers, bit for bit:

- a grouped convolution, ``CONV_2D`` 6 (2.9)::

      y = CONV_2D(x, w)    becomes    x1, x2, ... = SPLIT(x);  y = CONCATENATION(CONV_2D(x1, w1), ...)

- a transposed convolution with an activation, ``TRANSPOSE_CONV`` 4 (2.15)::

      y = TRANSPOSE_CONV(w, x, RELU)    becomes    y = RELU(TRANSPOSE_CONV(w, x))

  The numbers in between have the scale of those behind, so the activation cuts the same levels off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from edgekit.tflite.flatbuffer_writer import Scalar
from edgekit.tflite.flatbuffer_writer import Table as NewTable
from edgekit.tflite.model import Operator, Quantization, Tensor, TFLiteModel
from edgekit.tflite.rewrite import NewOperator, Options, Rewriting

_SPLIT_OPTIONS, _CONCATENATION_OPTIONS, _TRANSPOSED_OPTIONS = 35, 10, 49
"""In the schema's ``BuiltinOptions``."""

_ACTIVATIONS = {1: "RELU", 3: "RELU6"}
"""Of ``ActivationFunctionType``: those that are operators with an integer kernel."""

_CHANNELS = 3
"""The axis of channels."""


def with_older_operators(model: TFLiteModel) -> tuple[bytes, tuple[str, ...]]:
    """The model without the newer versions, and what was done, a sentence each.

    TensorFlow writes one version for all operators of a name, the newest that any of them needs: the others get
    an older number, and stay as they are.

    Args:
        model: an int8 model; read from a FlatBuffer without anything behind it. What has no older form with the
            same answers stays as it is.
    """
    rewriting = Rewriting(model)
    changed: Counter[str] = Counter()
    for operator in model.subgraphs[0].operators:
        older = _OLDER.get((operator.name, operator.version))
        by = list(older(rewriting, operator)) if older else []
        if by:
            rewriting.replace(operator, by)
            changed[operator.name] += len(by) > 1
    return rewriting.apply(), tuple(_DONE[name].format(count) for name, count in changed.items() if count)


def _ungrouped(rewriting: Rewriting, operator: Operator) -> Iterator[NewOperator]:
    tensors = rewriting.model.subgraphs[0].tensors
    data, weights = (tensors[index] for index in operator.inputs[:2])
    bias = tensors[operator.inputs[2]] if len(operator.inputs) > 2 and operator.inputs[2] >= 0 else None
    answer = tensors[operator.outputs[0]]
    groups = data.shape[_CHANNELS] // weights.shape[_CHANNELS]
    if not (weights.is_constant and weights.dtype == "int8" and (bias is None or bias.is_constant)):
        return
    if groups == 1:
        yield NewOperator("CONV_2D", 3, operator.inputs, operator.outputs, rewriting.options_of(operator))
        return
    axis = rewriting.add_tensor(f"{answer.name}/axis", (), "int32", content=np.int32(_CHANNELS).tobytes())
    taken = tuple(
        rewriting.like(data, f"/group{group}", (*data.shape[:_CHANNELS], weights.shape[_CHANNELS]))
        for group in range(groups)
    )
    split = NewTable({0: Scalar("i", groups)})
    yield NewOperator("SPLIT", 2, (axis, operator.inputs[0]), taken, Options(_SPLIT_OPTIONS, split))
    given = []
    for group in range(groups):
        part = slice(group * weights.shape[0] // groups, (group + 1) * weights.shape[0] // groups)
        own = [_part(rewriting, constant, part) for constant in (weights, bias) if constant is not None]
        given.append(
            rewriting.like(answer, f"/group{group}", (*answer.shape[:_CHANNELS], answer.shape[_CHANNELS] // groups))
        )
        inputs = (taken[group], *own, *operator.inputs[1 + len(own) :])
        yield NewOperator("CONV_2D", 3, inputs, (given[-1],), rewriting.options_of(operator))
    concatenation = NewTable({0: Scalar("i", _CHANNELS)})
    yield NewOperator(
        "CONCATENATION", 2, tuple(given), operator.outputs, Options(_CONCATENATION_OPTIONS, concatenation)
    )


def _part(rewriting: Rewriting, tensor: Tensor, part: slice) -> int:
    """A new constant: some of the first axis of another, with their scales."""
    values = np.frombuffer(rewriting.model.buffer(tensor.buffer), np.dtype(tensor.dtype)).reshape(tensor.shape)[part]
    old = tensor.quantization
    quantization = old
    if old is not None and len(old.scales) == tensor.shape[0] and old.axis == 0:
        points = old.zero_points[part] if len(old.zero_points) == len(old.scales) else old.zero_points
        quantization = Quantization(old.scales[part], points)
    name = f"{tensor.name}/{part.start}"
    return rewriting.add_tensor(name, values.shape, tensor.dtype, quantization, np.ascontiguousarray(values).tobytes())


def _plain_transposed(rewriting: Rewriting, operator: Operator) -> Iterator[NewOperator]:
    model = rewriting.model
    options = model.options(operator)
    answer = model.subgraphs[0].tensors[operator.outputs[0]]
    if options is None or options.int8(3) not in (0, *_ACTIVATIONS) or answer.dtype != "int8":
        return
    if options.int8(3) == 0:
        yield NewOperator("TRANSPOSE_CONV", 3, operator.inputs, operator.outputs, rewriting.options_of(operator))
        return
    between = rewriting.like(answer, "/before_activation")
    plain = NewTable(
        {0: Scalar("b", options.int8(0)), 1: Scalar("i", options.int32(1)), 2: Scalar("i", options.int32(2))}
    )
    yield NewOperator("TRANSPOSE_CONV", 3, operator.inputs, (between,), Options(_TRANSPOSED_OPTIONS, plain))
    yield NewOperator(_ACTIVATIONS[options.int8(3)], 2, (between,), operator.outputs)


_OLDER: dict[tuple[str, int], Callable[[Rewriting, Operator], Iterator[NewOperator]]] = {
    ("CONV_2D", 6): _ungrouped,
    ("TRANSPOSE_CONV", 4): _plain_transposed,
}

_DONE = {
    "CONV_2D": "Grouped convolutions (CONV_2D 6, here {}) are written as convolutions of one group each.",
    "TRANSPOSE_CONV": "Activations of transposed convolutions (TRANSPOSE_CONV 4, here {}) are written as operators.",
}
