"""What an export runs when, and how much of it side by side: decided from what is known before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

_MEMORY = 1 << 30
_MEMORY_PER_BYTE = {"tflite": 24, "edgetpu": 24, "coreml": 42, "tfjs": 32, "onnx": 80}
_MEMORY_PER_BYTE_OF_OTHERS = 40
"""Bytes at the peak of a job, and further ones for each byte of weights, by format. Seen with models of 9 to 223 MB,
the process and its children together: 0.9 to 5.8 GB for TFLite, 1.1 to 5.8 for Core ML, 1.1 to 4.6 for TensorFlow.js,
1.7 to 10.9 for ONNX. Protobuf messages are copied many times over."""

_USUAL = 1.0
_SECONDS = {
    "tflite:int8": 5.0,
    "edgetpu": 5.0,
    "coreml": 5.0,
    "onnx": 2.0,
    "onnx:int8": 8.0,
    "savedmodel": 4.5,
}
"""Processor seconds of a job, by format and precision or by format: MobileNetV2 0.35 with 200 photos. Others take
other times, but much the same order."""


def longest_first(groups: Mapping[str, Sequence[str]]) -> list[str]:
    """The formats in the order to start them in: a long one that comes last would leave processors idle.

    Args:
        groups: the precisions of each format.
    """
    return sorted(groups, key=lambda format: -sum(_seconds(format, precision) for precision in groups[format]))


def _seconds(format: str, precision: str) -> float:
    return _SECONDS.get(f"{format}:{precision}", _SECONDS.get(format, _USUAL))


def memory_of_job(format: str, program: int) -> int:
    """Bytes of memory that a conversion takes at its peak.

    Args:
        format: to convert to.
        program: bytes of the frozen program, nearly all of which are float32 weights.
    """
    return _MEMORY + program * _MEMORY_PER_BYTE.get(format, _MEMORY_PER_BYTE_OF_OTHERS)


def parallel_jobs(memory: Sequence[int], processors: int, available: int | None) -> int:
    """How many processes run side by side, whichever they are; at least one always does.

    Args:
        memory: bytes that each of them takes.
        processors: that may be used.
        available: bytes of free memory, ``None`` where unknown.
    """
    sums = accumulate(sorted(memory, reverse=True))
    by_memory = processors if available is None else sum(1 for needed in sums if needed <= available)
    return max(1, min(len(memory), processors, by_memory))
