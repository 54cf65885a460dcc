"""The mapper: which ops of a ``.tflite`` the Edge TPU compiler would map, and why not the others.

Pure functions over the flatbuffer: nothing is run, nothing but the standard library is needed, so it works
wherever Python does, and takes milliseconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from edgekit.edgetpu import fixes, reasons, sources
from edgekit.edgetpu.compiled import EDGETPU_OP, CompiledModel, is_compiled, read_compiled
from edgekit.edgetpu.compilers import Compiler, compiler_of
from edgekit.edgetpu.general import Finding, examine
from edgekit.edgetpu.memory import ON_CHIP_BYTES, ParameterMemory, estimate_memory
from edgekit.edgetpu.notes import find_notes
from edgekit.edgetpu.outcome import OpOutcome
from edgekit.edgetpu.partition import blockers, first_subgraph
from edgekit.edgetpu.refusals import find_refusal
from edgekit.edgetpu.view import GraphView, OpView
from edgekit.errors import ModelFileError
from edgekit.tflite.model import Subgraph, TFLiteModel, read_model

_LATEST = "16"


@dataclass(frozen=True, slots=True)
class OpFate:
    """One op of the graph.

    Attributes:
        index: its place in the order of execution.
        op: as in ``CONV_2D``.
        finding: why it runs on the CPU; ``None`` where it is mapped.
    """

    index: int
    op: str
    finding: Finding | None


@dataclass(frozen=True)
class Mapping:
    """What the compiler would do with a model.

    Attributes:
        compiler: the version that was asked for, as in ``16``.
        runtime: the Edge TPU runtime that is compiled for; of a compiled file the oldest that can run it.
        fates: each op in the order of execution; of a compiled file none.
        ops: the same as a table, one row for each op and outcome: mapped first, then by reason.
        memory: the parameters of the mapped ops; an estimate.
        compiled: the file is the compiler's work already; its table is what the compiler did.
        refused: why the compiler would write nothing at all, else ``None``. The table then is that of the file
            without this fault.
        notes: sentences on what is unusual or cannot be known beforehand.
    """

    compiler: str
    runtime: int
    fates: tuple[OpFate, ...]
    ops: tuple[OpOutcome, ...]
    memory: ParameterMemory
    compiled: bool = False
    refused: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def parameter_bytes(self) -> int:
        """Of the mapped ops' weights and biases."""
        return self.memory.parameter_bytes

    @property
    def streamed_bytes(self) -> int:
        """Of the parameters that do not fit on the chip and are sent in every call."""
        return self.memory.streamed_bytes

    @property
    def mapped(self) -> int:
        """How many ops run on the Edge TPU."""
        return sum(outcome.count for outcome in self.ops if outcome.mapped)

    @property
    def left(self) -> int:
        """How many ops run on the CPU."""
        return sum(outcome.count for outcome in self.ops if not outcome.mapped)

    @property
    def fully_mapped(self) -> bool:
        """The compiler takes the file, and all of it runs on the Edge TPU."""
        return self.refused is None and self.mapped > 0 and self.left == 0

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``edgekit inspect --edgetpu``, but for the file's name."""
        return {
            "ops": [outcome.to_dict() for outcome in self.ops],
            "compiler": self.compiler,
            "runtime": self.runtime,
            "mapped": self.mapped,
            "left": self.left,
            "compiled": self.compiled,
            "refused": self.refused,
            "parameter_bytes": self.parameter_bytes,
            "available_bytes": self.memory.available_bytes,
            "streamed_bytes": self.streamed_bytes,
            "notes": list(self.notes),
        }


def map_model(data: bytes | memoryview, compiler: str = _LATEST, runtime: int | None = None) -> Mapping:
    """Predicts what the Edge TPU compiler does with a model.

    Args:
        data: the bytes of a ``.tflite`` file.
        compiler: its version: 1, 2, 14, 15 or 16, or in full as in ``16.0.384591198``.
        runtime: the Edge TPU runtime to compile for (``--min_runtime_version``), 10 to 14; by default the
            compiler's own.

    Raises:
        UsageError: an unknown compiler, or a runtime that it does not compile for.
        ModelFileError: the data are no sound TFLite model.
    """
    return map_read_model(read_model(data), compiler, runtime)


def map_read_model(model: TFLiteModel, compiler: str = _LATEST, runtime: int | None = None) -> Mapping:
    """The same as :func:`map_model` for a model that has been read."""
    chosen = compiler_of(compiler, runtime)
    graph = model.subgraphs[0]
    if is_compiled(model):
        return _compiled(model, chosen)
    view = GraphView(model)
    ops = [OpView(view, operator) for operator in graph.operators]
    found = [examine(op, chosen.major, chosen.runtime) for op in ops]
    supported = [finding is None for finding in found]
    taken = first_subgraph(graph, supported)
    behind = blockers(graph, taken, supported)
    fates = tuple(
        OpFate(
            operator.index,
            operator.name,
            None if operator.index in taken else finding or _behind(graph, behind.get(operator.index)),
        )
        for operator, finding in zip(graph.operators, found, strict=True)
    )
    return Mapping(
        compiler=chosen.name,
        runtime=chosen.runtime,
        fates=fates,
        ops=_table(fates),
        memory=estimate_memory(graph, (graph.operators[index] for index in sorted(taken))),
        refused=find_refusal(model, chosen.major),
        notes=tuple(find_notes(model, ops, taken, chosen.major)),
    )


def _behind(graph: Subgraph, blocker: int | None) -> Finding:
    op = "another part of the model" if blocker is None else f"{graph.operators[blocker].name} (op {blocker})"
    return Finding(reasons.SUBGRAPH, f"it is behind {op}", fixes.SUBGRAPH, sources.COMPILING)


def _table(fates: tuple[OpFate, ...]) -> tuple[OpOutcome, ...]:
    """One row for each op and outcome, in the order in which they first occur, mapped ones first."""
    groups: dict[tuple[str, str | None], list[OpFate]] = {}
    for fate in fates:
        groups.setdefault((fate.op, fate.finding.reason if fate.finding else None), []).append(fate)
    rows = [
        OpOutcome(op, len(group), reason is None, reason, fixes_of(group)) for (op, reason), group in groups.items()
    ]
    return tuple(sorted(rows, key=lambda row: not row.mapped))


_SHOWN = 3


def fixes_of(fates: list[OpFate]) -> str | None:
    """What is wrong with these ops and what to change, each thing once; ``None`` where they are mapped."""
    details: dict[str, Counter[str]] = {}
    for fate in fates:
        if fate.finding is not None:
            details.setdefault(fate.finding.fix, Counter())[fate.finding.detail] += 1
    if not details:
        return None
    several = len(details) > 1
    return " ".join(f"{_sentence(said, several)} {fix}" for fix, said in details.items())


def _sentence(said: Counter[str], several: bool) -> str:
    """What is wrong, of how many ops where the others need something else."""
    more = f", and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    text = "; ".join(list(said)[:_SHOWN])
    of = f" ({said.total()} of them)" if several else ""
    return f"{text[:1].upper()}{text[1:]}{more}{of}."


def _compiled(model: TFLiteModel, chosen: Compiler) -> Mapping:
    """The compiler's own work: what became its op is mapped, and the rest was left behind, nobody knows why."""
    counts = Counter((op.name, op.custom_code == EDGETPU_OP) for op in model.subgraphs[0].operators)
    ops = tuple(
        OpOutcome(name, count, mapped, None, None if mapped else fixes.COMPILED)
        for (name, mapped), count in sorted(counts.items(), key=lambda item: not item[0][1])
    )
    notes = ["The file is compiled already. Give the model that it was compiled from to learn the reasons."]
    try:
        program = read_compiled(model)
    except ModelFileError as error:
        program = CompiledModel(chosen.runtime, 0, 0)
        notes.append(str(error))
    memory = ParameterMemory(program.cached_bytes + program.streamed_bytes, ON_CHIP_BYTES, program.streamed_bytes)
    return Mapping(
        compiler=chosen.name,
        runtime=program.runtime,
        fates=(),
        ops=ops,
        memory=memory,
        compiled=True,
        notes=tuple(notes),
    )
