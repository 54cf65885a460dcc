"""What the user of a model for the Edge TPU should know, from the prediction of what runs where."""

from __future__ import annotations

from edgekit.edgetpu.compiler import find_compiler, how_to_compile
from edgekit.edgetpu.mapping import Mapping
from edgekit.edgetpu.outcome import OpOutcome

_MEGABYTE = 1 << 20


def notes_about(
    mapping: Mapping,
    file: str,
    num_segments: int = 1,
    min_runtime_version: int | None = None,
    search_delegate: bool = False,
) -> tuple[str, ...]:
    """A sentence or two for each op left behind, for memory, and for the next step.

    Args:
        mapping: of the model that is to be compiled.
        file: its name.
        num_segments: that are asked for.
        min_runtime_version: likewise.
        search_delegate: likewise.
    """
    total = mapping.mapped + mapping.left
    where = f"all {total} ops run on the Edge TPU"
    if mapping.left:
        where = f"{mapping.mapped} of {total} ops run on the Edge TPU, {mapping.left} on the CPU"
    left = [_left_behind(outcome) for outcome in mapping.ops if not outcome.mapped]
    notes = [f"Predicted for compiler {mapping.compiler}: {where}.", *left, *mapping.notes]
    if mapping.streamed_bytes:
        notes.append(
            f"Its parameters ({mapping.parameter_bytes / _MEGABYTE:.1f} MiB) do not fit into the chip's memory: about "
            f"{mapping.streamed_bytes / _MEGABYTE:.1f} MiB are sent again with every photo, which takes time. Segments "
            "on several Edge TPUs (--option edgetpu.num_segments=2) or a smaller network avoid that."
        )
    if find_compiler() is None:
        notes.append(f"Not compiled yet. {how_to_compile(file, num_segments, min_runtime_version, search_delegate)}")
    return tuple(notes)


def _left_behind(outcome: OpOutcome) -> str:
    runs = "runs" if outcome.count == 1 else f"({outcome.count}) run"
    fix = f" {outcome.fix}" if outcome.fix else ""
    return f"{outcome.op} {runs} on the CPU: {outcome.reason}.{fix}"
