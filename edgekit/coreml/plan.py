"""What the evaluator will do, worked out once when a file is opened.

Every value of a MIL function has a slot. Constants, compressed ones unpacked, are in their slots from
the beginning; a step reads slots and writes slots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgekit.coreml.milprogram import CONTROL
from edgekit.coreml.ops import KERNELS, Kernel
from edgekit.coreml.values import Result, as_constant, describe
from edgekit.errors import NotRunHereError

Operand = int | tuple[int, ...]
"""A slot, or those of a parameter that takes several tensors."""


@dataclass(frozen=True)
class Block:
    """Steps in their order, and the slots that a loop or a condition hands in and takes out."""

    inputs: tuple[int, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """One operator.

    Attributes:
        name: of the operator in the file.
        op_type: its MIL type.
        kernel: computes it; ``None`` for loops and conditions.
        operands: parameter to slots; parameters that are not given are absent.
        results: what it answers.
        blocks: of a loop (condition, body) or a condition (true, false).
        frees: slots that nobody reads afterwards.
    """

    name: str
    op_type: str
    kernel: Kernel | None
    operands: Mapping[str, Operand]
    results: tuple[Result, ...]
    blocks: tuple[Block, ...] = ()
    frees: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A function.

    Attributes:
        inputs: name to the value that it takes.
        outputs: name to the value that it answers.
        steps: in their order.
        values: all slots, with the constants in theirs and ``None`` in the others.
    """

    inputs: Mapping[str, Result]
    outputs: Mapping[str, Result]
    steps: tuple[Step, ...]
    values: tuple[Any, ...]


def make_plan(function: Any, name: str) -> Plan:
    """Plans a ``mil.Function``.

    Args:
        function: as coremltools read it.
        name: of the file, for an error.

    Raises:
        NotRunHereError: an operator has a parameter, or a combination of them, that its kernel does not cover.
    """
    builder = _Builder(name)
    inputs = {key: describe(builder.slot(var), var) for key, var in function.inputs.items()}
    block = builder.block(function)
    outputs = {var.name: describe(builder.slot(var), var) for var in function.outputs}
    kept = set(builder.constants) | {result.slot for result in outputs.values()}
    steps = tuple(_with_frees(block.steps, kept))
    values = [builder.constants.get(slot) for slot in range(len(builder.slots))]
    return Plan(inputs, outputs, steps, tuple(values))


@dataclass
class _Builder:
    name: str
    slots: dict[Any, int] = field(default_factory=dict)
    constants: dict[int, Any] = field(default_factory=dict)

    def slot(self, var: Any) -> int:
        return self.slots.setdefault(var, len(self.slots))

    def block(self, block: Any) -> Block:
        given = block.inputs.values() if isinstance(block.inputs, dict) else block.inputs
        inputs = tuple(self.slot(var) for var in given)
        steps = [step for op in block.operations if (step := self._operation(op)) is not None]
        return Block(inputs, tuple(steps), tuple(self.slot(var) for var in block.outputs))

    def _operation(self, op: Any) -> Step | None:
        if op.op_type == "const":
            self.constants[self.slot(op.outputs[0])] = as_constant(op.outputs[0])
            return None
        operands = {
            parameter: tuple(map(self.slot, var)) if isinstance(var, list | tuple) else self.slot(var)
            for parameter, var in op.inputs.items()
            if var is not None and not parameter.startswith("_")
        }
        results = tuple(describe(self.slot(var), var) for var in op.outputs)
        kernel = None if op.op_type in CONTROL else self._kernel(op, operands)
        blocks = tuple(self.block(inner) for inner in op.blocks)
        step = Step(op.name, op.op_type, kernel, operands, results, blocks)
        if kernel and op.op_type.startswith("constexpr_"):
            values = compute(step, self.constants)
            self.constants.update(zip((result.slot for result in results), values, strict=True))
            return None
        return step

    def _kernel(self, op: Any, operands: Mapping[str, Operand]) -> Kernel:
        kernel = KERNELS[op.op_type]
        unknown = sorted(set(operands) - kernel.parameters)
        problem = f"its parameter {unknown[0]}" if unknown else None
        if problem is None and kernel.refuse is not None:
            constants = {key: self.constants[slot] for key, slot in operands.items() if slot in self.constants}
            problem = kernel.refuse(constants)
        if problem is not None:
            raise NotRunHereError(
                f"{self.name} cannot be run here: EdgeKit's Core ML evaluator has the MIL operator {op.op_type}, but "
                f"not {problem}, which {op.name} needs. Run it on macOS."
            )
        return kernel


def compute(step: Step, values: Any) -> tuple[Any, ...]:
    """Runs one kernel.

    Args:
        step: with a kernel.
        values: slot to value, a list or a mapping.

    Raises:
        ValueError: the answer has not the shape that the file says; also what the kernel itself raises.
    """
    arguments = {
        parameter: tuple(values[slot] for slot in operand) if isinstance(operand, tuple) else values[operand]
        for parameter, operand in step.operands.items()
    }
    assert step.kernel is not None
    answer = step.kernel.function(**arguments)
    answers = answer if isinstance(answer, tuple) else (answer,)
    return tuple(result.settle(value, step.kernel.moves) for result, value in zip(step.results, answers, strict=True))


def _with_frees(steps: tuple[Step, ...], kept: set[int]) -> Iterator[Step]:
    last: dict[int, int] = {}
    for number, step in enumerate(steps):
        last.update(dict.fromkeys(_touched(step), number))
    for number, step in enumerate(steps):
        frees = tuple(slot for slot in _touched(step) if last[slot] == number and slot not in kept)
        yield Step(step.name, step.op_type, step.kernel, step.operands, step.results, step.blocks, frees)


def _touched(step: Step) -> set[int]:
    """All slots that a step reads or writes, inner blocks included."""
    slots = {result.slot for result in step.results}
    slots.update(_flat(step.operands.values()))
    for block in step.blocks:
        slots.update(block.inputs, block.outputs)
        for inner in block.steps:
            slots |= _touched(inner)
    return slots


def _flat(operands: Iterable[Operand]) -> Iterator[int]:
    for operand in operands:
        yield from operand if isinstance(operand, tuple) else (operand,)
