"""Where a prediction may be too good: cases that public logs show on the CPU, or at which the compiler stopped.

None of them changes the table: each is known from single reports, and others of the kind are mapped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgekit.edgetpu.limits import several_rows
from edgekit.edgetpu.memory import ON_CHIP_BYTES
from edgekit.edgetpu.view import EIGHT_BITS, OpView, inner
from edgekit.tflite.model import Tensor

LARGE = 1 << 16
"""Elements from which on the ops of :data:`SIZED` may stay on the CPU (:data:`~edgekit.edgetpu.sources.TRANSPOSE_SIZE`
measured it for TRANSPOSE; :data:`~edgekit.edgetpu.sources.LARGE_ACTIVATIONS` has logs with the others)."""

SIZED = frozenset(
    {
        "CONCATENATION",
        "LOGISTIC",
        "MEAN",  # sources.MEAN_SIZE
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "STRIDED_SLICE",
        "TRANSPOSE",
        "TRANSPOSE_CONV",
    }
)
"""Of YOLO's heads, of U-Nets and of segmentation networks, large ones of these were left by a limitation."""

LARGE_ACTIVATION_BYTES = ON_CHIP_BYTES // 2
"""What an op reads and writes, from which on the compiler may fail for it. No limit is documented, and public failures
(:data:`~edgekit.edgetpu.sources.LARGE_ACTIVATIONS`) have no sharp one: half of the chip's memory is a guess."""

DENSE_INPUTS = 14_400
"""Of a dense layer that was too big (:data:`~edgekit.edgetpu.sources.DENSE_SIZE`)."""

LSTM_INPUTS = 900
"""Of an LSTM, up to which one is known to compile (:data:`~edgekit.edgetpu.sources.LSTM_SIZE`)."""

_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_SHOWN = 3


@dataclass
class _Found:
    """What the cautions are about, gathered op by op."""

    sized: set[str]
    large: list[str]
    dense: int = 0
    rows: int = 0
    sequence: int = 0
    strided: int = 0
    broadcast: int = 0
    unscaled: int = 0
    padded: int = 0


def find_cautions(ops: list[OpView], mapped: frozenset[int], compiler: int) -> Iterator[str]:
    """Sentences, one for each kind of doubt.

    Args:
        ops: all ops of the graph.
        mapped: the indices of those that are predicted to be mapped.
        compiler: its major version.
    """
    found = _Found(set(), [])
    makers: dict[int, str] = {}
    for op in ops:
        made_by = {makers.get(index, "") for index in op.operator.inputs}
        found.padded += op.name == "ADD" and "PAD" in made_by and any(name.startswith("RESIZE_") for name in made_by)
        makers.update(dict.fromkeys(op.operator.outputs, op.name))
        found.rows += op.operator.index not in mapped and _has_rows(op)
        found.strided += op.name == "STRIDED_SLICE" and any(stride != 1 for stride in op.integers(3) or ())
        if op.operator.index in mapped:
            _examine(op, found)
    yield from _sizes(found, compiler)
    if found.strided and compiler >= 16:
        yield (
            "STRIDED_SLICE with a stride other than 1 has stopped compiler 16 (\"'tfl.strided_slice' op is not "
            'supported on DarwiNN"). Slice with strides of 1; a strided convolution or pooling can skip pixels.'
        )
    if found.broadcast:
        yield (
            "MUL with a constant that has one channel, of a tensor that has several, has stopped compiler 16 "
            '("non-broadcastable operands"). Give the constant all channels.'
        )
    if found.padded:
        yield (
            "A PAD and a resize that feed one ADD have made compiler 16 fail on the whole graph. Resize to the size "
            "that is added, or pad elsewhere."
        )
    if found.rows and compiler >= 16:
        yield (
            "FULLY_CONNECTED with several rows is not mapped by the documentation; of YOLOv9's heads compiler 16 seems "
            "to map it, and more may run on the chip than the table says."
        )
    if found.unscaled:
        yield (
            f"{found.unscaled} of the ops counted as mapped work on 8-bit numbers without a scale, which the compiler "
            "may leave to the CPU: quantize the model with calibration photos."
        )


def _examine(op: OpView, found: _Found) -> None:
    sizes = [tensor.elements for tensor in op.computed]
    if op.name in SIZED and max(sizes, default=0) >= LARGE:
        found.sized.add(op.name)
    if sum(tensor.nbytes for tensor in op.computed) > LARGE_ACTIVATION_BYTES and op.name not in found.large:
        found.large.append(op.name)
    data = op.input(0)
    columns = _columns(data)
    if op.name == "FULLY_CONNECTED" and columns >= DENSE_INPUTS:
        found.dense = max(found.dense, columns)
    if op.name == _LSTM and columns > LSTM_INPUTS:
        found.sequence = max(found.sequence, columns)
    found.broadcast += op.name == "MUL" and _lacks_channels(op)
    found.unscaled += any(_is_unscaled(tensor) for tensor in op.computed)


def _sizes(found: _Found, compiler: int) -> Iterator[str]:
    if found.sized:
        yield (
            f"{', '.join(sorted(found.sized))} of large tensors (from about {LARGE:,} elements on) may stay on the CPU "
            "all the same: public logs have them on either side, and the compiler's limit is not documented."
        )
    if found.dense:
        yield (
            f"A FULLY_CONNECTED of {found.dense:,} inputs may stay on the CPU: one of {DENSE_INPUTS:,} was too big. "
            "Pool before the dense layer."
        )
    if found.sequence:
        yield (
            f"{_LSTM} with inputs of {found.sequence:,} numbers may make the compiler fail: it is known to succeed up "
            f"to about {LSTM_INPUTS}, and to fail above 1,000. Put a smaller dense layer in front of it."
        )
    if found.large:
        said = ", ".join(found.large[:_SHOWN]) + (", ..." if len(found.large) > _SHOWN else "")
        failure = (
            "Compilation failed due to large activation tensors in model" if compiler >= 16 else "an internal error"
        )
        yield (
            f"What {said} reads and writes is more than {LARGE_ACTIVATION_BYTES >> 20} MiB, and the compiler may fail "
            f'("{failure}"). Then use smaller images or fewer channels'
            + (", or run edgetpu_compiler --search_delegate." if compiler >= 16 else ".")
        )


def _has_rows(op: OpView) -> bool:
    """A quantized dense layer of several rows."""
    quantized = all(tensor.dtype in EIGHT_BITS for tensor in op.computed)
    return op.name == "FULLY_CONNECTED" and quantized and several_rows(op) is not None


def _columns(tensor: Tensor | None) -> int:
    return abs(tensor.shape[-1]) if tensor is not None and tensor.shape else 0


def _lacks_channels(op: OpView) -> bool:
    """A constant 1xHxWx1 beside a computed 1xHxWxC."""
    constants = [tensor for tensor in op.inputs if tensor.is_constant]
    computed = [tensor for tensor in op.inputs if not tensor.is_constant]
    return any(
        constant.elements > 1 and inner(constant)[2] == 1 and any(inner(tensor)[2] > 1 for tensor in computed)
        for constant in constants
    )


def _is_unscaled(tensor: Tensor) -> bool:
    scales = tensor.quantization.scales if tensor.quantization is not None else ()
    return tensor.dtype in EIGHT_BITS and not scales
