"""What the Edge TPU compiler makes of a model, for a terminal: its table, and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.edgetpu.mapping import Mapping, map_read_model
from edgekit.edgetpu.reasons import MAPPED
from edgekit.language import printable
from edgekit.report.table import format_size, format_table
from edgekit.tflite.model import read_model

_LEFT = "Left to the CPU"


def inspect_edgetpu(path: Path, compiler: str = "16", runtime: int | None = None) -> tuple[str, dict[str, Any]]:
    """What the compiler would do with a file: the text, and the JSON document.

    Args:
        path: of a ``.tflite`` file.
        compiler: its version, as in ``16``.
        runtime: the Edge TPU runtime to compile for; by default the compiler's own.

    Raises:
        ModelFileError: missing, unreadable, or not a sound TFLite model.
        UsageError: an unknown compiler or runtime.
    """
    mapping = map_read_model(read_model(path, path.name), compiler, runtime)
    return mapping_text(mapping, str(path)), {"file": str(path), **mapping.to_dict()}


def mapping_text(mapping: Mapping, file: str) -> str:
    """The table like the compiler's, then each op that stays on the CPU with why and what to change."""
    # Names of ops and tensors come from the file, which may be anybody's.
    return "\n".join(printable(line) for part in _lines(mapping, file) for line in part.split("\n"))


def _lines(mapping: Mapping, file: str) -> Iterator[str]:
    yield file
    if mapping.compiled:
        yield f"  Edge TPU    compiled already, for runtime {mapping.runtime} or later"
        yield f"  parameters  {_compiled_parameters(mapping)}"
    else:
        yield f"  compiler    {mapping.compiler}, for runtime {mapping.runtime}: a prediction; nothing was run"
    if mapping.refused:
        yield f"  refused     {mapping.refused}"
        yield "              The table is that of the file without this fault."
    total = mapping.mapped + mapping.left
    if not mapping.compiled:
        yield f"  Edge TPU    {mapping.mapped} of {total} ops{', the rest runs on the CPU' if mapping.left else ''}"
        yield f"  parameters  {_parameters(mapping)}"
    if mapping.ops:
        yield ""
        rows = [(row.op, str(row.count), MAPPED if row.mapped else row.reason or _LEFT) for row in mapping.ops]
        yield format_table(("Operator", "Count", "Status"), rows, right=(1,))
    if not mapping.compiled:
        yield from _advice(mapping)
    for note in mapping.notes:
        yield f"\nNote: {note}"


def _advice(mapping: Mapping) -> Iterator[str]:
    """A paragraph for each thing to change, with the ops that it is about."""
    by_fix: dict[str, list[str]] = {}
    for row in mapping.ops:
        if row.fix:
            by_fix.setdefault(row.fix, []).append(f"{row.op} ({row.count})" if row.count > 1 else row.op)
    for fix, ops in by_fix.items():
        said = fix[:1].lower() + fix[1:]
        if len(ops) == 1:
            yield f"\n{ops[0]} {'run' if ops[0].endswith(')') else 'runs'} on the CPU: {said}"
        else:
            yield f"\n{', '.join(ops)} run on the CPU, each of them for this: {said}"


def _compiled_parameters(mapping: Mapping) -> str:
    memory = mapping.memory
    cached = format_size(memory.parameter_bytes - memory.streamed_bytes)
    return f"{cached} stay on the chip, {format_size(memory.streamed_bytes)} are sent in every call"


def _parameters(mapping: Mapping) -> str:
    memory = mapping.memory
    if not memory.parameter_bytes:
        return "none on the Edge TPU"
    room = f"{format_size(memory.parameter_bytes)}; the chip has room for about {format_size(memory.available_bytes)}"
    if not memory.streamed_bytes:
        return f"{room}: all stay there"
    return f"{room}: about {format_size(memory.streamed_bytes)} are sent in every call, which is slow over USB"
