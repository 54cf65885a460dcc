"""Which of the compiler's reasons an op gets by itself, before the graph is cut in two."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.edgetpu import fixes, reasons, sources
from edgekit.edgetpu.rules import RULES
from edgekit.edgetpu.versions import highest_mapped
from edgekit.edgetpu.view import EIGHT_BITS, OpView, outer, sizes
from edgekit.tflite.model import Tensor
from edgekit.tflite.schema import FLOAT_TYPES

_SIGNED_SINCE = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """Why one op stays on the CPU.

    Attributes:
        reason: the compiler's words.
        detail: what is wrong with this very op, as in "its axis is 20,000 long".
        fix: what to change.
        source: of the rule.
    """

    reason: str
    detail: str
    fix: str
    source: str


def examine(op: OpView, compiler: int, runtime: int) -> Finding | None:
    """Why the compiler leaves this op to the CPU; ``None`` where it maps it, if its place in the graph allows.

    The order is the compiler's, as far as public logs show it: rank before data type
    (:data:`~edgekit.edgetpu.sources.RANK_FIRST`), data type before the op itself
    (:data:`~edgekit.edgetpu.sources.ARG_MAX_TYPE`).

    Args:
        op: the op.
        compiler: its major version.
        runtime: the Edge TPU runtime that is compiled for.

    Raises:
        ModelFileError: the op's options are broken.
    """
    return (
        _rank(op)
        or _data_type(op, runtime)
        or _supported(op, runtime)
        or _version(op, compiler)
        or _limits(op, compiler, runtime)
    )


def _rank(op: OpView) -> Finding | None:
    for tensor in op.activations:
        if any(size > 1 for size in outer(tensor)):
            detail = f"it works on {sizes(tensor)}"
            return Finding(reasons.RANK, detail, fixes.RANK, sources.REQUIREMENTS)
    return None


def _data_type(op: OpView, runtime: int) -> Finding | None:
    for tensor in op.computed:
        known = tensor.dtype in EIGHT_BITS
        if known and (tensor.dtype == "uint8" or runtime >= _SIGNED_SINCE):
            continue
        if op.name == "QUANTIZE" and known:
            # To int8 for runtimes 10 and 11; the compiler's words from a log for runtime 10.
            return Finding(reasons.LIMITATION, f"it works on {tensor.dtype}", fixes.SIGNED, sources.SIGNED_QUANTIZE)
        if op.name == "QUANTIZE" and tensor.dtype in FLOAT_TYPES:
            # The compiler's words for a QUANTIZE of floating point, in every public log that has one.
            fix = fixes.QUANTIZE_FLOAT if op.is_interface(tensor) else fixes.FLOAT_PART
            return Finding(reasons.LIMITATION, f"it works on {tensor.dtype}", fix, sources.REQUIREMENTS)
        detail = f"it works on {tensor.dtype}"
        source = sources.SIGNED if known else sources.REQUIREMENTS
        return Finding(reasons.DATA_TYPE, detail, _type_fix(op, tensor), source)
    return None


def _type_fix(op: OpView, tensor: Tensor) -> str:
    if tensor.dtype == "int8":
        return fixes.SIGNED
    if op.operator.is_custom:
        return fixes.CUSTOM
    if op.name in fixes.OTHER_OPS:
        return fixes.OTHER_OPS[op.name]
    if tensor.dtype in FLOAT_TYPES:
        if op.name == "DEQUANTIZE" and any(map(op.is_interface, op.outputs)):
            return fixes.DEQUANTIZE
        return fixes.FLOAT_PART if op.has_eight_bits else fixes.FLOAT
    return fixes.SIXTEEN_BITS if tensor.dtype == "int16" else fixes.INTEGERS


def _supported(op: OpView, runtime: int) -> Finding | None:
    rule = RULES.get(op.name)
    if rule is None:
        fix = fixes.CUSTOM if op.operator.is_custom else fixes.OTHER_OPS.get(op.name, fixes.UNKNOWN)
        return Finding(reasons.NOT_SUPPORTED, "the Edge TPU has no such op", fix, sources.OPERATIONS)
    if runtime < rule.since:
        detail = f"runtime {rule.since} is the first with it, and {runtime} is compiled for"
        return Finding(reasons.NOT_SUPPORTED, detail, fixes.NEWER_RUNTIME.format(since=rule.since), rule.source)
    return None


def _version(op: OpView, compiler: int) -> Finding | None:
    known = highest_mapped(op.name, compiler)
    if known is None or op.operator.version <= known:
        return None
    detail = f"it has version {op.operator.version}, and compiler {compiler} maps {known} at most"
    return Finding(reasons.VERSION, detail, fixes.VERSION.format(known=known), sources.OP_VERSIONS)


def _limits(op: OpView, compiler: int, runtime: int) -> Finding | None:
    for limit in RULES[op.name].limits:
        detail = limit.check(op) if limit.holds(runtime) else None
        if detail:
            return Finding(limit.reason_of(compiler), detail, limit.fix, limit.source)
    return None
