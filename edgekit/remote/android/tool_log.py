"""What LiteRT's ``benchmark_model`` prints. Pure functions over its log, of TensorFlow Lite's tool and of LiteRT's own.

Sources: ``tensorflow/lite/tools/benchmark/benchmark_model.cc`` and ``benchmark_tflite_model.cc``; LiteRT's
``litert/tools/benchmark_litert_model.h``, which has the same runs and sums them up in another block. The statistics of
both are those of ``stats_calculator.h`` (``OutputToStream``), with ``p5``, ``median`` and ``p95`` in newer ones. Before
a line may stand ``INFO: ``, a source file in brackets, or logcat's columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgekit.errors import first_line
from edgekit.measure.told_times import ToldTimes

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][-+]?[0-9]{1,2})?(?![0-9.eE])"
_COUNT = re.compile(rf"count=(?P<count>[0-9]{{1,9}}) (?P<rest>.*\bcurr={_NUMBER}.*)")
_FIELD = re.compile(rf"(\w+)=({_NUMBER})")

_INIT_US = re.compile(rf"Inference timings in us: Init: ({_NUMBER}), First inference: ({_NUMBER}),")
_INIT_MS = re.compile(rf"Model initialization: ({_NUMBER}) ms[\s\S]{{0,2000}}?Warmup \(first\):\s+({_NUMBER}) ms")
_AVG_MS = re.compile(rf"Inference \(avg\):\s+({_NUMBER}) ms \(([0-9]{{1,9}}) runs\)")
_PART_MS = re.compile(rf"Inference \((min|max|std)\):\s+({_NUMBER})")
_PEAK = re.compile(rf"(?:Overall peak memory footprint \(MB\) via periodic monitoring|Peak memory):\s+({_NUMBER})")

_REPLACED = re.compile(r"Replacing (\d+)(?: out of (\d+))? node\(s\) with delegate \((\w+)\)")
_APPLIED = re.compile(
    r"Explicitly applied (\w+) delegate, and the model graph will be (completely|partially) executed by the delegate"
)
_XNNPACK = "XNNPACK"

_SIGNALS = {132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 137: "SIGKILL", 139: "SIGSEGV"}
"""Exit codes of a shell whose command was killed, on ARM and x86."""


@dataclass(frozen=True)
class ToolTimes:
    """What one run of the tool says.

    Attributes:
        times: of the measured runs.
        init_ms: from the path to a model that is ready to run.
        first_ms: the first run.
        peak_bytes: of the whole process; ``None`` where it was not watched.
        kernels: what ran, as far as it says.
        delegates: those beside the processor's own that took the graph, or a part of it.
    """

    times: ToldTimes
    init_ms: float
    first_ms: float
    peak_bytes: int | None
    kernels: str
    delegates: tuple[str, ...]


def parse_tool_log(log: str) -> ToolTimes | None:
    """Reads a log; ``None`` for one that did not come to its end."""
    begin, scale = _INIT_US.search(log), 1e3
    if begin is None:
        begin, scale = _INIT_MS.search(log), 1.0
    times = _read_times(log)
    if begin is None or times is None:
        return None
    peak = _PEAK.search(log)
    kernels, delegates = _read_kernels(log)
    return ToolTimes(
        times=times,
        init_ms=float(begin[1]) / scale,
        first_ms=float(begin[2]) / scale,
        peak_bytes=round(float(peak[1]) * 2**20) if peak and float(peak[1]) > 0 else None,
        kernels=kernels,
        delegates=delegates,
    )


def explain_tool_log(log: str, code: int) -> str:
    """Why the tool has no result, a clause."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\bERROR\b|\bE tflite\b|[Ff]ailed|not executable|[Ee]rror:", line)]
    said = first_line((errors or lines[-1:] or ["it printed nothing"])[0])
    ending = f"signal {code - 128}, {_SIGNALS[code]}" if code in _SIGNALS else f"exit code {code}"
    return f"{said} ({ending})"


def _read_times(log: str) -> ToldTimes | None:
    """Of the measured runs: the warm-up's line comes before theirs."""
    counts = list(_COUNT.finditer(log))
    if len(counts) > 1 and int(counts[-1]["count"]) > 0:
        fields = {name: float(value) / 1e3 for name, value in _FIELD.findall(counts[-1]["rest"])}
        only = fields["curr"]  # of a single run, or of some that all took the same, nothing else is printed
        return ToldTimes(
            runs=int(counts[-1]["count"]),
            mean=fields.get("avg", only),
            std=fields.get("std", 0.0),
            min=fields.get("min", only),
            max=fields.get("max", only),
            median=fields.get("median", None if "avg" in fields else only),
        )
    mean, parts = _AVG_MS.search(log), {name: float(value) for name, value in _PART_MS.findall(log)}
    if mean is None or int(mean[2]) < 1 or not {"min", "max", "std"} <= parts.keys():
        return None
    return ToldTimes(int(mean[2]), float(mean[1]), parts["std"], parts["min"], parts["max"])


def _read_kernels(log: str) -> tuple[str, tuple[str, ...]]:
    """What ran the graph, and the delegates among it that are not the processor's."""
    words, delegates = [], []
    for taken, of, name in _REPLACED.findall(log):
        ours = _XNNPACK if _XNNPACK.lower() in name.lower() else f"{name} delegate"
        words.append(f"{ours} ({taken} of {of} operators)" if of and of != taken else ours)
        delegates += [] if ours == _XNNPACK else [name]
    if not words:
        for name, how in _APPLIED.findall(log):
            words.append(f"{name} delegate" if name != _XNNPACK else name)
            words[-1] += " (a part of the graph)" if how == "partially" else ""
            delegates += [] if name == _XNNPACK else [name]
    if not words and "Created TensorFlow Lite XNNPACK delegate for CPU" in log:
        words.append(_XNNPACK)
    return ", ".join(dict.fromkeys(words)) or "unknown", tuple(dict.fromkeys(delegates))
