"""The table of MIL operators that the evaluator can compute."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Refuse = Callable[[Mapping[str, Any]], str | None]
"""From an operator's constant parameters to what of them is not covered, as a clause; ``None``: all is."""


@dataclass(frozen=True)
class Kernel:
    """How one MIL operator is computed.

    Attributes:
        function: called with the operator's parameters by their MIL names; a parameter that the file
            leaves out is not passed. Tensors are NumPy arrays: float32 (also where the file says
            float16), int32 or narrower integers, bool. It answers one array, or a tuple of them.
        parameters: the names it understands.
        moves: it only moves, selects or compares values, so float16 in gives float16 out.
        refuse: finds combinations of constant parameters that it does not cover.
    """

    function: Callable[..., Any]
    parameters: frozenset[str]
    moves: bool = False
    refuse: Refuse | None = None


KERNELS: dict[str, Kernel] = {}
"""MIL operator to kernel; filled when :mod:`edgekit.coreml.ops` is imported."""

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def kernel(*names: str, moves: bool = False, refuse: Refuse | None = None) -> Callable[[AnyFunction], AnyFunction]:
    """Decorator: registers a function for the MIL operators of these names.

    The sources of all semantics are the operators' pages in the coremltools documentation ("MIL Ops")
    and, where these are silent, what TensorFlow or PyTorch answers for the operator that becomes it.
    """

    def register(function: AnyFunction) -> AnyFunction:
        for name in names:
            add(name, function, moves, refuse)
        return function

    return register


def add(name: str, function: Callable[..., Any], moves: bool = False, refuse: Refuse | None = None) -> None:
    """Registers a function that needs no decorator, a NumPy one wrapped in a lambda say.

    Raises:
        ValueError: the operator is there already.
    """
    if name in KERNELS:
        raise ValueError(f"The MIL operator {name} has two kernels.")
    KERNELS[name] = Kernel(function, frozenset(inspect.signature(function).parameters), moves, refuse)
