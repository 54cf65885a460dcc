"""What the Edge TPU takes, as data: each op with the runtime that first has it, and its limits.

The table is Coral's "All operations supported by the Edge TPU and any known limitations"
(:data:`edgekit.edgetpu.sources.OPERATIONS`). Where a limit is not from there, it has its own source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgekit.edgetpu import fixes, limits, sources
from edgekit.edgetpu.compilers import FIRST_RUNTIME, LAST_RUNTIME
from edgekit.edgetpu.reasons import LIMITATION, PARAMETER, TWO_DIMENSIONS
from edgekit.edgetpu.view import Check


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of an op.

    Attributes:
        text: for people, as in the documentation.
        check: says how an op breaks it.
        fix: what to do about it, a sentence or two.
        since: the first runtime that it holds for.
        until: the last one.
        reason: what the compiler says.
        early_reason: what compiler 2.0 said, where that was something else; else empty.
        source: where it is documented.
    """

    text: str
    check: Check
    fix: str
    since: int = FIRST_RUNTIME
    until: int = LAST_RUNTIME
    reason: str = LIMITATION
    early_reason: str = ""
    source: str = sources.OPERATIONS

    def holds(self, runtime: int) -> bool:
        """Whether it is a limit of this runtime."""
        return self.since <= runtime <= self.until

    def reason_of(self, compiler: int) -> str:
        """What this compiler says, by its major version."""
        return self.early_reason if self.early_reason and compiler <= _EARLY else self.reason


_EARLY = 2


@dataclass(frozen=True, slots=True)
class OpRule:
    """One op that the Edge TPU has.

    Attributes:
        since: the first runtime with it.
        limits: all must be kept.
        note: what is known and cannot be checked beforehand, for the documentation; else empty.
        note_source: who says so; empty where that is ``source``.
        source: where it is documented.
    """

    since: int = FIRST_RUNTIME
    limits: tuple[Limit, ...] = ()
    note: str = ""
    note_source: str = ""
    source: str = sources.OPERATIONS


# Where options have the activation: Pool2DOptions, ConcatenationOptions.
_POOL_ACTIVATION, _CONCATENATION_ACTIVATION = 5, 1

_NO_BATCH = Limit("Not along the batch dimension.", limits.reduced_axes, fixes.BATCH)
_POOL = (Limit("No fused activation.", limits.fused_activation(_POOL_ACTIVATION), fixes.FUSED),)
_SAME_DILATION = Limit("The same dilation in both directions.", limits.unequal_dilation, fixes.DILATION)
_WEIGHTS = Limit(
    "Weights and biases are constants.",
    limits.computed_parameters(1, 2),
    fixes.CONSTANT,
    reason=PARAMETER,
    source=sources.REQUIREMENTS,
)
_LARGE = "From about 65,000 elements on it may stay on the CPU; the limit is not documented."
_RESIZE = OpRule(
    limits=(
        Limit("Input and output have three dimensions.", limits.resized_dimensions, fixes.RESIZE_ONE),
        Limit(
            f"Not to {limits.RESIZE_LIMIT} or more rows or columns (the documentation names no number; this one is "
            "from public reports).",
            limits.resized_size,
            fixes.RESIZE,
            source=sources.RESIZE_SIZE,
        ),
    ),
    note="Depending on the sizes it may stay on the CPU, to avoid a loss of precision.",
)

RULES: Mapping[str, OpRule] = {
    "ADD": OpRule(),
    "AVERAGE_POOL_2D": OpRule(limits=_POOL),
    "CONCATENATION": OpRule(
        limits=(
            Limit("No fused activation.", limits.fused_activation(_CONCATENATION_ACTIVATION), fixes.FUSED),
            Limit(
                "With a constant there are two inputs, and the constant is all zeros.",
                limits.constants_of_concatenation,
                fixes.CONCATENATION,
            ),
        ),
        note=_LARGE,
        note_source=sources.LARGE_ACTIVATIONS,
    ),
    "CONV_2D": OpRule(limits=(_WEIGHTS, _SAME_DILATION)),
    "DEPTHWISE_CONV_2D": OpRule(
        limits=(
            _WEIGHTS,
            Limit("No dilated kernels.", limits.any_dilation, fixes.DILATION, until=12),
            _SAME_DILATION,
        )
    ),
    "EXPAND_DIMS": OpRule(since=13),
    "FULLY_CONNECTED": OpRule(
        limits=(
            Limit(
                "Weights and biases are constants.",
                limits.computed_parameters(1, 2),
                fixes.MATMUL,
                reason=PARAMETER,
                source=sources.COMPUTED_PARAMETER,
            ),
            Limit("Weights in the default format.", limits.shuffled_weights, fixes.CONVERT_AGAIN),
            Limit(
                "One scale for all weights; a scale for each output is newer than the compiler.",
                limits.scales_per_channel,
                fixes.PER_TENSOR,
                source=sources.OP_VERSIONS,
            ),
            Limit("The output has one dimension.", limits.several_rows, fixes.DENSE_ROWS, early_reason=TWO_DIMENSIONS),
        ),
        note="Compiler 16 seems to map several rows in YOLOv9's heads. One of 14,400 inputs was too big.",
        note_source=sources.DENSE_SIZE,
    ),
    "L2_NORMALIZATION": OpRule(),
    "LOGISTIC": OpRule(note=_LARGE, note_source=sources.LARGE_HEADS),
    "MAXIMUM": OpRule(),
    "MAX_POOL_2D": OpRule(limits=_POOL),
    "MEAN": OpRule(
        limits=(
            _NO_BATCH,
            Limit("Along rows and columns only.", limits.mean_beyond_rows_and_columns, fixes.MEAN_CHANNELS, until=12),
            Limit(
                f"Along the channels only if they are a multiple of {limits.MEAN_MULTIPLE}.",
                limits.mean_over_channels,
                fixes.MEAN_CHANNELS,
                since=13,
            ),
        ),
        note=f"{_LARGE} 1x256x128x3 does, 1x64x128x3 does not.",
        note_source=sources.MEAN_SIZE,
    ),
    "MINIMUM": OpRule(),
    "MUL": OpRule(
        note="A constant of one channel for a tensor of several has stopped compiler 16.", note_source=sources.BROADCAST
    ),
    "PACK": OpRule(since=13, limits=(Limit("Not along the batch dimension.", limits.packed_batch, fixes.BATCH),)),
    "PAD": OpRule(
        limits=(
            Limit("Not along the batch dimension.", limits.padded_batch, fixes.BATCH),
            Limit("Along rows and columns only.", limits.padded_channels, fixes.PAD_CHANNELS, until=12),
        )
    ),
    "PRELU": OpRule(since=13, limits=(Limit("Alpha has one dimension.", limits.alpha_of_prelu, fixes.PRELU),)),
    # The documentation says 13; compiled files that ask for runtime 12 have it.
    "QUANTIZE": OpRule(since=12, source=sources.EXECUTABLE),
    "REDUCE_MAX": OpRule(since=14, limits=(_NO_BATCH,)),
    "REDUCE_MIN": OpRule(since=14, limits=(_NO_BATCH,)),
    "RELU": OpRule(),
    "RELU6": OpRule(),
    "RELU_N1_TO_1": OpRule(),
    "RESHAPE": OpRule(note=_LARGE, note_source=sources.LARGE_ACTIVATIONS),
    "RESIZE_BILINEAR": _RESIZE,
    "RESIZE_NEAREST_NEIGHBOR": _RESIZE,
    "RSQRT": OpRule(since=14),
    "SLICE": OpRule(),
    "SOFTMAX": OpRule(
        limits=(
            Limit(f"Its axis has {limits.SOFTMAX_LIMIT:,} elements at most.", limits.softmax_axis, fixes.SOFTMAX),
            # The documentation has this without an end; compiler 16 maps the many rows of YOLO's heads.
            Limit(
                "One dimension.",
                limits.softmax_rows,
                fixes.SOFTMAX,
                until=13,
                early_reason=TWO_DIMENSIONS,
                source=sources.SOFTMAX_ROWS,
            ),
        ),
        note="The documentation says one dimension for all runtimes; public logs of compiler 16 have more mapped.",
    ),
    "SPACE_TO_DEPTH": OpRule(),
    "SPLIT": OpRule(limits=(Limit("Not along the batch dimension.", limits.split_batch, fixes.BATCH),)),
    "SQUARED_DIFFERENCE": OpRule(since=14),
    "SQUEEZE": OpRule(
        limits=(Limit("Only leading ones, so that nothing moves.", limits.squeezed_layout, fixes.SQUEEZE, until=12),)
    ),
    "STRIDED_SLICE": OpRule(
        limits=(Limit("Strides of 1, no ellipsis, no new axis.", limits.strided, fixes.STRIDED_SLICE),),
        note=f"{_LARGE} Another stride may also stop compiler 16 altogether.",
        note_source=sources.STRIDES,
    ),
    "SUB": OpRule(),
    "SUM": OpRule(since=13, limits=(_NO_BATCH,)),
    "TANH": OpRule(),
    "TRANSPOSE": OpRule(since=14, note=f"{_LARGE} Measured: 65,536 elements.", note_source=sources.TRANSPOSE_SIZE),
    "TRANSPOSE_CONV": OpRule(
        since=13,
        limits=(
            Limit(
                "Weights and biases are constants.",
                limits.computed_parameters(1, 3),
                fixes.CONSTANT,
                reason=PARAMETER,
                source=sources.REQUIREMENTS,
            ),
        ),
        note=_LARGE,
        note_source=sources.LARGE_TRANSPOSE_CONV,
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": OpRule(
        since=14, note="With inputs of more than some 900 numbers the compiler may fail.", note_source=sources.LSTM_SIZE
    ),
}
"""By TFLite's name of the op. An op that is not here runs on the CPU."""
