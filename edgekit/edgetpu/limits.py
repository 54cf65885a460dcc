"""The checks behind the rules: how an op breaks one of the limits that Coral documents.

Each is a pure function of an op; field numbers of options are those of TFLite's ``schema.fbs``.
"""

from __future__ import annotations

from collections.abc import Callable

from edgekit.edgetpu.view import Check, OpView, inner, is_innermost_axis, is_outer_axis, sizes
from edgekit.tflite.schema import ConvolutionField, DepthwiseConvolutionField

SOFTMAX_LIMIT = 16_000
"""Elements; "Supports only 1-D input tensor with a max of 16,000 elements"."""

MEAN_MULTIPLE = 4
"""Channels that a mean over them must be a multiple of."""

RESIZE_LIMIT = 256
"""Rows or columns of the answer from which on resizing stays on the CPU. The documentation names no number ("depending
on input/output size, this operation might not be mapped"): 64 to 128 is mapped, 256 and 512 are not."""

_ACTIVATIONS = {1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6", 4: "TANH", 5: "SIGN_BIT"}


def fused_activation(field: int) -> Check:
    """Nothing may be fused into the op; ``field`` is that of the activation in its options."""

    def check(op: OpView) -> str | None:
        code = op.code(field)
        return f"{_ACTIVATIONS.get(code, 'an activation')} is fused into it" if code else None

    return check


def constants_of_concatenation(op: OpView) -> str | None:
    """One constant among two inputs, of zeros: a padding."""
    constants = [tensor for tensor in op.inputs if tensor.is_constant]
    if not constants:
        return None
    if len(op.inputs) != 2:
        return f"one of its {len(op.inputs)} inputs is a constant"
    return None if all(map(op.is_zero, constants)) else "it appends a constant that is not zero"


def unequal_dilation(op: OpView) -> str | None:
    across, down = _dilation(op)
    return f"its dilation is {down} down and {across} across" if across != down else None


def any_dilation(op: OpView) -> str | None:
    across, down = _dilation(op)
    return f"its kernel is dilated by {down}x{across}" if across > 1 or down > 1 else None


def _dilation(op: OpView) -> tuple[int, int]:
    fields = DepthwiseConvolutionField if op.name == "DEPTHWISE_CONV_2D" else ConvolutionField
    return op.number(fields.DILATION_W, 1), op.number(fields.DILATION_H, 1)


def computed_parameters(*places: int) -> Check:
    """Weights, biases and the like at these places must be in the file."""

    def check(op: OpView) -> str | None:
        for place in places:
            tensor = op.input(place)
            if tensor is not None and not tensor.is_constant:
                return f"its parameter {tensor.name!r} is computed, not a constant"
        return None

    return check


def shuffled_weights(op: OpView) -> str | None:
    return "its weights are shuffled for ARM" if op.code(1) else None


def scales_per_channel(op: OpView) -> str | None:
    weights = op.input(1)
    if weights is None or weights.quantization is None or len(weights.quantization.scales) < 2:
        return None
    return f"its weights have {len(weights.quantization.scales):,} scales, one for each output"


def several_rows(op: OpView) -> str | None:
    """The documentation: "Output tensor is one-dimensional"."""
    for tensor in op.outputs:
        if tensor.elements != abs(tensor.shape[-1] if tensor.shape else 1):
            return f"its output is {sizes(tensor)}, more than one row"
    return None


def softmax_axis(op: OpView) -> str | None:
    tensor = op.input(0)
    length = abs(tensor.shape[-1]) if tensor is not None and tensor.shape else 0
    return f"its axis is {length:,} long, the limit is {SOFTMAX_LIMIT:,}" if length > SOFTMAX_LIMIT else None


def softmax_rows(op: OpView) -> str | None:
    tensor = op.input(0)
    if tensor is None or not tensor.shape or tensor.elements == abs(tensor.shape[-1]):
        return None
    return f"its input is {sizes(tensor)}, more than one row"


def reduced_axes(op: OpView) -> str | None:
    """The documentation: "Cannot operate on the batch dimension"."""
    return _reduction(op, is_outer_axis, "it reduces the batch dimension")


def mean_over_channels(op: OpView) -> str | None:
    tensor = op.input(0)
    if tensor is None or not tensor.shape or not abs(tensor.shape[-1]) % MEAN_MULTIPLE:
        return None
    said = f"it reduces {abs(tensor.shape[-1])} channels, no multiple of {MEAN_MULTIPLE}"
    return _reduction(op, is_innermost_axis, said)


def mean_beyond_rows_and_columns(op: OpView) -> str | None:
    return _reduction(op, is_innermost_axis, "it reduces the channels")


def _reduction(op: OpView, bad: Callable[[int, int], bool], said: str) -> str | None:
    tensor, axes = op.input(0), op.integers(1)
    if tensor is None or axes is None:
        return None
    return said if any(bad(axis, len(tensor.shape)) for axis in axes) else None


def packed_batch(op: OpView) -> str | None:
    for tensor in op.outputs:
        if is_outer_axis(op.number(1), len(tensor.shape)):
            return f"it packs along axis {op.number(1)}, the batch dimension"
    return None


def padded_batch(op: OpView) -> str | None:
    return "it pads the batch dimension" if any(_padding(op)[:-3]) else None


def padded_channels(op: OpView) -> str | None:
    return "it pads the channels" if any(_padding(op)[-1:]) else None


def _padding(op: OpView) -> list[int]:
    """The padding of each dimension, both ends together."""
    values = op.integers(1) or ()
    return [abs(first) + abs(last) for first, last in zip(values[::2], values[1::2], strict=False)]


def split_batch(op: OpView) -> str | None:
    axes, tensor = op.integers(0), op.input(1)
    if axes is None or tensor is None:
        return None
    return "it splits the batch dimension" if is_outer_axis(axes[0], len(tensor.shape)) else None


def alpha_of_prelu(op: OpView) -> str | None:
    alpha = op.input(1)
    if alpha is None or not alpha.shape or alpha.elements == abs(alpha.shape[-1]):
        return None
    return f"its alpha is {sizes(alpha)}, not one number for each channel"


def squeezed_layout(op: OpView) -> str | None:
    """Until runtime 12 only leading ones go, so that nothing moves in memory."""
    tensor = op.input(0)
    if tensor is None:
        return None
    leading = True
    for size in inner(tensor):
        if size == 1 and not leading:
            return f"it takes a one out of {sizes(tensor)} that is not in front"
        leading = leading and size == 1
    return None


def strided(op: OpView) -> str | None:
    strides = op.integers(3)
    if strides is not None and any(stride != 1 for stride in strides):
        return f"its strides are {', '.join(map(str, strides[:8]))}, not 1"
    if op.number(2):
        return "it has an ellipsis"
    return "it adds an axis" if op.number(3) else None


def resized_dimensions(op: OpView) -> str | None:
    """The documentation: "Input/output is a 3-dimensional tensor". A single row or column is not."""
    tensor = op.input(0)
    for found in (*(() if tensor is None else (tensor,)), *op.outputs):
        if min(inner(found)[:2]) < 2:
            return f"it resizes {sizes(found)}, which has a single row or column"
    return None


def resized_size(op: OpView) -> str | None:
    for tensor in op.outputs:
        if max(inner(tensor)[:2]) >= RESIZE_LIMIT:
            return f"it resizes to {inner(tensor)[0]}x{inner(tensor)[1]}, the limit lies below {RESIZE_LIMIT}"
    return None
