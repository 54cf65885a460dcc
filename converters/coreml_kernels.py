"""A pass of coremltools that rounds weights before anything else does.

It runs where all fusions are done, just before coremltools makes float16 of float32 by rounding each
weight to the nearest. The weights that it leaves are float16 values, or lie on the steps of 8-bit
integers, so later rounding finds nothing to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.coreml_bias import LAYERS, Means, mean_inputs, shift_of
from edgekit.converters.coreml_rounding import round_to_half, round_to_steps
from edgekit.coreml.checks import BITS, SMALLEST_WEIGHTS, may_have_8_bits
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ModelSpec

Round = Callable[[NDArray[Any]], NDArray[np.float32]]

_BEFORE = "common::add_fp16_cast"
_NAME = "round_weights"


@dataclass(frozen=True)
class Rounding:
    """How a model's weights are rounded.

    Attributes:
        precision: of the model.
        exact: it computes in float32.
        palettize: 8 bits are indices into a table.
    """

    precision: str
    exact: bool
    palettize: bool

    def choose(self, shape: tuple[int, ...]) -> Round | None:
        """For weights of this shape, (outputs, inputs, *kernel); ``None`` where coremltools rounds them.

        That is: float16 to the nearest where a kernel has one weight, since there is no sum to keep; and tables.
        """
        if self.precision in BITS and math.prod(shape) > SMALLEST_WEIGHTS:
            linear = not self.palettize if BITS[self.precision] == 8 else may_have_8_bits(shape)
            return self._steps if linear else None
        return None if self.exact or math.prod(shape[2:]) == 1 else round_to_half

    def _steps(self, weights: NDArray[Any]) -> NDArray[np.float32]:
        return round_to_steps(weights, np.float32 if self.exact else np.float16)


def make_pipeline(coremltools: Any, spec: ModelSpec, rounding: Rounding, calibration: Calibration | None) -> Any:
    """A ``PassPipeline``: the default one of coremltools with the rounding of weights in its place.

    Args:
        coremltools: the package.
        spec: of the model.
        rounding: what is asked for.
        calibration: samples with which integer weights' biases are corrected; ``None``: they are not.
    """
    from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
    from coremltools.converters.mil.mil.passes.pass_registry import register_pass

    class RoundWeights(AbstractGraphPass):  # type: ignore[misc]
        def apply(self, program: Any) -> None:
            for function in program.functions.values():
                known = calibration is not None and rounding.precision in BITS
                means = mean_inputs(function, spec, calibration) if known and calibration else {}
                _round_block(function, rounding, means)

    # Anew for each model: the pass knows its precision.
    register_pass(namespace="edgekit", override=True, name=_NAME)(RoundWeights)
    pipeline = coremltools.PassPipeline.DEFAULT
    pipeline.insert_pass(pipeline.passes.index(_BEFORE), f"edgekit::{_NAME}")
    return pipeline


def _round_block(block: Any, rounding: Rounding, means: Means) -> None:
    with block:
        for op in list(block.operations):
            for inner in op.blocks:
                _round_block(inner, rounding, means)
            if op.op_type in LAYERS and _is_constant(op.weight):
                _round_layer(op, rounding, means)


def _round_layer(op: Any, rounding: Rounding, means: Means) -> None:
    """Gives a layer constants of its own: equal ones of several layers are one before."""
    weights = op.weight.val
    choice = rounding.choose(weights.shape) if weights.dtype == np.float32 else None
    if choice is None:
        return
    found: dict[str, NDArray[Any]] = {"weight": choice(weights)}
    bias = op.inputs.get("bias")
    if op.name in means and (bias is None or _is_constant(bias)):
        before = np.zeros(len(weights), np.float32) if bias is None else bias.val
        found["bias"] = before - shift_of(found["weight"] - weights.astype(np.float64), means[op.name])
    op.set_inputs(**{key: _constant(value.astype(np.float32), key, op) for key, value in found.items()})


def _is_constant(var: Any) -> bool:
    return var.op is not None and var.op.op_type == "const"


def _constant(value: NDArray[np.float32], parameter: str, op: Any) -> Any:
    """A constant for a parameter of an operator, under a name that no other has."""
    from coremltools.converters.mil.mil import Builder

    old = op.inputs.get(parameter)
    own = old is not None and len(old.child_ops) == 1
    return Builder.const(val=value, name=f"{old.name if own else f'{op.name}_{parameter}'}_rounded", before_op=op)
