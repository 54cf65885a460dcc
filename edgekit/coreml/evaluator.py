"""Computes what a Core ML program says, without Core ML.

Core ML runs only on Apple's systems. Elsewhere this evaluator reads the package that was written and
computes it operator by operator, so that a wrong weight, a lost layer or a swapped axis is found where
the file is made. It is not Core ML: it says nothing of speed, and its numbers are those of exact
arithmetic, not of a GPU or Neural Engine.

What is emulated of float16 programs: each operator computes in float32 from operands that are float16
values, and its answer is rounded to float16 (to the nearest, half to even; infinite beyond 65,504). Sums
inside one operator, of a convolution say, are thus more exact than on hardware that adds in float16.
Apple's GPUs add in float32 unless ``MLModelConfiguration.allowLowPrecisionAccumulationOnGPU`` is set; of the
Neural Engine Apple says nothing, and who measured it found a wide accumulator
(https://ane-guide.readthedocs.io, "Numerics"). A clamp after a convolution, as in ReLU6, adds no rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.milprogram import load_function
from edgekit.coreml.package import Package
from edgekit.coreml.plan import Block, Plan, Step, compute, make_plan
from edgekit.errors import ModelFileError, NotRunHereError, UnsupportedModelError, UsageError, first_line

MAX_ITERATIONS = 1 << 20
"""Passes through the loops of one run: a million time steps. A broken condition would never end."""

Watch = Callable[[Step, Sequence[Any]], None]
"""Takes an operator and the values of all slots."""

_KERNEL_ERRORS = (
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)
"""What NumPy raises where a file asks for the impossible."""


class Evaluator:
    """A program that is ready to run.

    Args:
        package: checked (:func:`edgekit.coreml.package.read_package`).

    Raises:
        NotRunHereError: an operator, or a combination of its parameters, has no kernel.
        ModelFileError: the program contradicts itself.
    """

    def __init__(self, package: Package) -> None:
        self._name = str(package.path)
        function = load_function(package)
        try:
            with np.errstate(all="ignore"):
                self._plan = make_plan(function, self._name)
        except NotImplementedError as error:
            raise NotRunHereError(f"{self._name} cannot be run here: it has {error}. Run it on macOS.") from error
        except _KERNEL_ERRORS as error:
            raise self._unsound(first_line(error)) from error
        description = package.model.description
        given = {feature.name for feature in description.input}
        asked = {feature.name for feature in description.output}
        if given != set(self._plan.inputs) or not asked <= set(self._plan.outputs):
            raise self._unsound("its description has other inputs or outputs than its program")

    def _unsound(self, reason: str) -> ModelFileError:
        return ModelFileError(f"{self._name} is not a sound Core ML program ({reason}). Export the model again.")

    @property
    def plan(self) -> Plan:
        """What is computed."""
        return self._plan

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """Evaluates the program once. Safe from several threads.

        Args:
            inputs: an array for each of the program's inputs, in the program's layout (images are
                (1, channels, height, width)).

        Returns:
            The outputs by name: arrays in float32, integers or bool; of a classifier the label and a
            dictionary of all labels' probabilities.

        Raises:
            UsageError: an input is missing, or has another shape than the program says.
            UnsupportedModelError: an operator fails at the values it gets, a loop does not end, or the
                memory is not enough.
        """
        return evaluate(self._plan, self._name, inputs)


def evaluate(plan: Plan, source: str, inputs: Mapping[str, NDArray[Any]], watch: Watch | None = None) -> dict[str, Any]:
    """Evaluates a plan once.

    Args:
        plan: what to compute.
        source: the name of what it was made from, for errors.
        inputs: see :meth:`Evaluator.run`, also for what is answered and raised.
        watch: told of each operator before it is computed.
    """
    values = list(plan.values)
    for name, result in plan.inputs.items():
        try:
            values[result.slot] = result.settle(inputs[name])
        except (KeyError, ValueError) as error:
            got = np.shape(inputs[name]) if name in inputs else "nothing"
            raise UsageError(f"{source}: {name} has the shape {result.shape}. Got: {got}.") from error
    with np.errstate(all="ignore"):
        _Run(source, values, watch).steps(plan.steps)
    return {name: values[result.slot] for name, result in plan.outputs.items()}


class _Run:
    def __init__(self, name: str, values: list[Any], watch: Watch | None) -> None:
        self._name = name
        self._values = values
        self._watch = watch
        self._left = MAX_ITERATIONS

    def steps(self, steps: tuple[Step, ...]) -> None:
        values = self._values
        for step in steps:
            if step.kernel is None:
                answers = self._loop(step) if step.op_type == "while_loop" else self._branch(step)
            else:
                answers = self._compute(step)
            for result, answer in zip(step.results, answers, strict=True):
                values[result.slot] = answer
            for slot in step.frees:
                values[slot] = None

    def _compute(self, step: Step) -> tuple[Any, ...]:
        if self._watch is not None:
            self._watch(step, self._values)
        try:
            return compute(step, self._values)
        except _KERNEL_ERRORS as error:
            reason = "the memory is not enough" if isinstance(error, MemoryError) else first_line(error)
            raise UnsupportedModelError(
                f"{self._name} cannot be evaluated: the operator {step.name} ({step.op_type}) fails: {reason}."
            ) from error

    def _branch(self, step: Step) -> tuple[Any, ...]:
        chosen = step.operands["pred"]
        assert isinstance(chosen, int)
        return self._block(step.blocks[0 if np.all(self._values[chosen]) else 1], ())

    def _loop(self, step: Step) -> tuple[Any, ...]:
        condition, body = step.blocks
        slots = step.operands["loop_vars"]
        state = tuple(self._values[slot] for slot in (slots if isinstance(slots, tuple) else (slots,)))
        while np.all(self._block(condition, state)[0]):
            self._left -= 1
            if self._left < 0:
                raise UnsupportedModelError(
                    f"{self._name} cannot be evaluated: its loops do not end within {MAX_ITERATIONS:,} passes."
                )
            state = self._block(body, state)
        return state

    def _block(self, block: Block, given: tuple[Any, ...]) -> tuple[Any, ...]:
        for slot, value in zip(block.inputs, given, strict=True):
            self._values[slot] = value
        self.steps(block.steps)
        return tuple(self._values[slot] for slot in block.outputs)
