"""The compiler's log, of every version, as the same table that the mapper makes.

Two texts are known: the operation log that the compiler writes beside its output (``NAME_edgetpu.log``: version,
input, output, table), and what it prints (sizes and memory, with ``-s`` the table, too). Compilers 1 to 16 write
both nearly alike; compiler 1 and 2.0 say how much memory is available instead of how much remains.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.edgetpu.log_values import count, remaining, size, value
from edgekit.edgetpu.outcome import OpOutcome
from edgekit.edgetpu.reasons import EARLY_REASONS, MAPPED, REASONS
from edgekit.errors import ConversionError

_STATUSES = (MAPPED, *REASONS, *EARLY_REASONS)

_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
"""What mail and issue threads put in front of each line."""

_VERSION = re.compile(r"^\s*Edge TPU Compiler version\s+([0-9]{1,9}(?:\.[0-9]{1,12}){0,8})\s*$", re.MULTILINE)
_TABLE = re.compile(r"^\s*Operator\s+Count\s+Status\s*$", re.MULTILINE)
_ROW = re.compile(r"\s*(\S{1,200})\s+([0-9]{1,9})\s+(\S.{0,300}?)\s*")
_FAILURES = (
    "Compilation failed",
    "Compilation timeout",
    "Internal compiler error",
    "ERROR:",
    "Invalid model",
    "Model could not be parsed",
    "Model not quantized",
    "Unable to",
)
_LOCATED = re.compile(r"loc\(.*\): error: .*")
"""The compiler's MLIR front end, as in ``loc("stem/Slice"): error: 'tfl.strided_slice' op is not supported``."""

_SHOWN = 100
"""Characters of a damaged row in an error."""

_LONGEST, _MOST = 500, 8
"""Characters and lines of a failure: a search for a delegate prints its failures by the hundred."""

_SEGMENT = re.compile(r"^(?=[ \t]*Input model:)", re.MULTILINE)


@dataclass(frozen=True)
class CompilerLog:
    """What the compiler said about one model.

    Attributes:
        version: of the compiler, in full, as in ``16.0.384591198``.
        ops: its table; empty where the text has none (without ``-s`` it prints none).
        input: the model that was compiled, as the log names it; empty where it does not.
        output: what was written.
        on_chip_used: bytes of parameters that stay on the chip; ``None`` where the text does not say.
        on_chip_remaining: bytes left there for more.
        streamed: bytes of parameters that are sent in every call.
        subgraphs: how many subgraphs run on the Edge TPU.
        total: how many ops the model has.
        error: why nothing was compiled, in the compiler's words; ``None`` where something was.
    """

    version: str
    ops: tuple[OpOutcome, ...]
    input: str = ""
    output: str = ""
    on_chip_used: int | None = None
    on_chip_remaining: int | None = None
    streamed: int | None = None
    subgraphs: int | None = None
    total: int | None = None
    error: str | None = None

    @property
    def compiler(self) -> str:
        """The major version, as :func:`edgekit.edgetpu.mapping.map_model` takes it."""
        return self.version.split(".")[0]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "version": self.version,
            "ops": [outcome.to_dict() for outcome in self.ops],
            "input": self.input,
            "output": self.output,
            "on_chip_used": self.on_chip_used,
            "on_chip_remaining": self.on_chip_remaining,
            "streamed": self.streamed,
            "subgraphs": self.subgraphs,
            "total": self.total,
            "error": self.error,
        }


def parse_log(text: str, name: str = "The log", counts: Mapping[str, int] | None = None) -> CompilerLog:
    """Reads a log of the compiler, of the last model in it where there are several.

    Args:
        text: the operation log or what the compiler printed.
        name: what to call it in an error.
        counts: the model's ops by name, where it is known: a log that was cut between two rows of its table
            can be told by them alone.

    Raises:
        ConversionError: it is no log of the compiler, it is cut off, or it is that of another model.
    """
    log = parse_logs(text, name)[-1]
    if counts is not None and log.ops:
        _check_model(log, counts, name)
    return log


def parse_logs(text: str, name: str = "The log") -> tuple[CompilerLog, ...]:
    """The same for all models in a log: segments of one, or several runs.

    Raises:
        ConversionError: it is no log of the compiler, or one of its parts is cut off.
    """
    text = _QUOTE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    starts = list(_VERSION.finditer(text))
    if not starts:
        raise ConversionError(f"{name} is no log of the Edge TPU compiler ({_what_it_is(text)}).{_AGAIN}")
    ends = [*(match.start() for match in starts[1:]), len(text)]
    logs: list[CompilerLog] = []
    for match, end in zip(starts, ends, strict=True):
        head, *segments = _SEGMENT.split(text[match.end() : end])
        bodies = [head + segments[0], *segments[1:]] if segments else [head]
        logs.extend(_read(match[1], body, name) for body in bodies)
    return tuple(logs)


_AGAIN = " Run edgetpu_compiler again, and keep the _edgetpu.log that it writes."


def _what_it_is(text: str) -> str:
    if not text.strip():
        return "it is empty"
    if "Edge TPU Compiler" in text:
        return "it is cut off before the version's end"
    return 'it does not begin with "Edge TPU Compiler version"'


def _read(version: str, body: str, name: str) -> CompilerLog:
    table = _TABLE.search(body)
    ops = _rows(body[table.end() :], name) if table else ()
    head = body[: table.start()] if table else body
    error = None if ops else _failure(body)
    log = CompilerLog(
        version=version,
        ops=ops,
        input=value(head, "Input model") or value(head, "Input"),
        output=value(head, "Output model") or value(head, "Output"),
        on_chip_used=size(head, "On-chip memory used for caching model parameters"),
        on_chip_remaining=remaining(head),
        streamed=size(head, "Off-chip memory used for streaming uncached model parameters"),
        subgraphs=count(head, "Number of Edge TPU subgraphs"),
        total=count(head, "Total number of operations"),
        error=error,
    )
    if not ops and error is None and not _ends_without_table(head):
        raise _cut(name, "it has no table of operators")
    _check_counts(log, head, name)
    return log


def _ends_without_table(text: str) -> bool:
    """Without ``-s`` the compiler names the file of the table, and says so once more where ops are left to the CPU."""
    _, named, rest = text.partition("Operation log:")
    name, _, rest = rest.partition("\n")
    ends = ("See the operation log file", "Compilation child process completed")
    return bool(named) and name.rstrip().endswith(".log") and (not rest.strip() or any(end in rest for end in ends))


def _rows(text: str, name: str) -> tuple[OpOutcome, ...]:
    """The table's rows: up to the first line that is none."""
    rows: list[OpOutcome] = []
    for line in text.strip("\n").split("\n"):
        if not line.strip():
            if rows:
                break
            continue
        match = _ROW.fullmatch(line)
        if match is None or not _is_status(match[3]):
            if rows and not line.split()[0].isupper():
                break  # "Compilation succeeded!": the table is over; names of ops are in capitals
            raise _cut(name, f"a row of its table is {line.strip()[:_SHOWN]!r}")
        mapped = match[3] == MAPPED
        rows.append(OpOutcome(match[1], int(match[2]), mapped, None if mapped else match[3]))
    if not rows:
        raise _cut(name, "its table has no rows")
    return tuple(rows)


def _is_status(text: str) -> bool:
    """A known status, or a new one: a sentence of some words that is not the beginning of a known one."""
    if text in _STATUSES:
        return True
    return len(text.split()) > 2 and not any(status.startswith(text) for status in _STATUSES)


def _check_counts(log: CompilerLog, head: str, name: str) -> None:
    """The numbers that the compiler printed above the table must be those of its rows."""
    if not log.ops:
        return
    mapped = sum(row.count for row in log.ops if row.mapped)
    rows = sum(row.count for row in log.ops)
    announced = (
        (log.total, rows, "operations"),
        (count(head, "Number of operations that will run on Edge TPU"), mapped, "operations on the Edge TPU"),
        (count(head, "Number of operations that will run on CPU"), rows - mapped, "operations on the CPU"),
    )
    for wanted, found, what in announced:
        if wanted is not None and wanted != found:
            raise _cut(name, f"it announces {wanted:,} {what}, and its table has {found:,}")


def _check_model(log: CompilerLog, counts: Mapping[str, int], name: str) -> None:
    wanted: Counter[str] = Counter()
    for op, number in counts.items():
        wanted["CUSTOM" if op.startswith("CUSTOM:") else op] += number
    found: Counter[str] = Counter()
    for row in log.ops:
        found[row.op] += row.count
    if wanted == found:
        return
    differing = sorted({op for op in {*wanted, *found} if wanted[op] != found[op]})
    op = differing[0]
    raise ConversionError(
        f"{name} is cut off, or that of another model: it has {found[op]:,} {op}, and the model has {wanted[op]:,}"
        f"{f' (and {len(differing) - 1} more differences)' if len(differing) > 1 else ''}.{_AGAIN}"
    )


def _failure(body: str) -> str | None:
    said = [line.strip() for line in body.split("\n")]
    lines = [line for line in said if line.startswith(_FAILURES) or _LOCATED.fullmatch(line)]
    reasons = [line for line in lines if not re.fullmatch(r"Compilation failed!?", line)]
    first = list(dict.fromkeys(line[:_LONGEST] for line in reasons or lines))[:_MOST]
    return " ".join(first) or None


def _cut(name: str, reason: str) -> ConversionError:
    return ConversionError(f"{name} is cut off or damaged: {reason}.{_AGAIN}")
