"""Operators on each element: arithmetic, comparison, logic, casting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import add, kernel

Array = NDArray[Any]

DTYPES: dict[str, type[np.generic]] = {
    "fp16": np.float32,  # rounded by the evaluator
    "fp32": np.float32,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "bool": np.bool_,
}
"""The evaluator's dtype for each of MIL's names."""


def _unary(function: Callable[..., Any]) -> Callable[[Array], Array]:
    return lambda x: function(x)


def _binary(function: Callable[..., Any]) -> Callable[[Array, Array], Array]:
    return lambda x, y: function(x, y)


_FLOATS: dict[str, Callable[..., Any]] = {
    "acos": np.arccos,
    "asin": np.arcsin,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "exp2": np.exp2,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
    "tanh": np.tanh,
}
for _name, _one in _FLOATS.items():
    add(_name, _unary(_one))

_STEPS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "identity": np.asarray,
    "logical_not": np.logical_not,
    "round": np.rint,  # half to even, as NumPy and TensorFlow do
    "sign": np.sign,
}
for _name, _one in _STEPS.items():
    add(_name, _unary(_one), moves=True)

for _name, _two in {"add": np.add, "mul": np.multiply, "pow": np.power, "sub": np.subtract}.items():
    add(_name, _binary(_two))

for _name, _two in {
    "equal": np.equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "not_equal": np.not_equal,
}.items():
    add(_name, _binary(_two), moves=True)


@kernel("real_div")
def real_div(x: Array, y: Array) -> Array:
    quotient: Array = np.divide(x, y)
    # Integers divide towards zero there, as in C.
    return quotient if np.asarray(x).dtype.kind == "f" else np.trunc(quotient)


@kernel("floor_div")
def floor_div(x: Array, y: Array) -> Array:
    if np.asarray(x).dtype.kind == "f":
        return np.asarray(np.floor(np.divide(x, y)))
    return np.asarray(np.floor_divide(x, y))


@kernel("mod")
def mod(x: Array, y: Array) -> Array:
    return np.asarray(np.mod(x, y))


@kernel("log")
def log(x: Array, epsilon: Array | float = 1e-45) -> Array:
    return np.asarray(np.log(x + epsilon))


@kernel("inverse")
def inverse(x: Array, epsilon: Array | float = 1e-4) -> Array:
    return np.asarray(1.0 / (x + epsilon), np.float32)


@kernel("rsqrt")
def rsqrt(x: Array, epsilon: Array | float = 1e-12) -> Array:
    return np.asarray(1.0 / np.sqrt(x + epsilon), np.float32)


@kernel("clip")
def clip(x: Array, alpha: Array, beta: Array) -> Array:
    return np.asarray(np.clip(x, alpha, beta))


@kernel("threshold")
def threshold(x: Array, alpha: Array) -> Array:
    return np.asarray(np.maximum(x, alpha))


# The numerator's odd and the denominator's even coefficients of Eigen's rational approximation
# (generic_fast_erf_float in SpecialFunctionsImpl.h), which TensorFlow uses, too.
_ERF_ABOVE = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_BELOW = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


@kernel("erf")
def erf(x: Array) -> Array:
    """The error function; at most 4e-7 from the exact value (a test holds it)."""
    x = np.clip(x, np.float32(-4.0), np.float32(4.0))
    square = x * x
    return np.asarray(x * _polynomial(square, _ERF_ABOVE) / _polynomial(square, _ERF_BELOW))


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """Horner's scheme, the highest power first."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= x
        value += np.float32(coefficient)
    return value


@kernel("cast")
def cast(x: Array, dtype: str) -> Array:
    if DTYPES[dtype] is np.bool_:
        return np.asarray(x != 0)
    # Towards zero, as the cast of C and of TensorFlow.
    return np.asarray(x).astype(DTYPES[dtype])


@kernel("quantize")
def quantize(
    input: Array, scale: Array, output_dtype: str, zero_point: Array | None = None, axis: Array | None = None
) -> Array:
    """``clip(round(input / scale) + zero_point)`` into ``int8`` or ``uint8``."""
    limits = np.iinfo(DTYPES[output_dtype])  # type: ignore[type-var]
    scale = _along(scale, input, axis)
    shift = 0 if zero_point is None else _along(zero_point, input, axis).astype(np.float32)
    return np.clip(np.rint(input / scale) + shift, limits.min, limits.max).astype(DTYPES[output_dtype])


@kernel("dequantize")
def dequantize(input: Array, scale: Array, zero_point: Array | None = None, axis: Array | None = None) -> Array:
    """``scale * (input - zero_point)``."""
    values = input.astype(np.float32)
    if zero_point is not None:
        values = values - _along(zero_point, input, axis).astype(np.float32)
    return np.asarray(values * _along(scale, input, axis))


def _along(parameter: Array, values: Array, axis: Array | None) -> Array:
    """A vector with one value for each place of an axis, shaped to multiply with the whole."""
    parameter = np.asarray(parameter)
    if parameter.ndim == 0 or axis is None:
        return parameter
    shape = [1] * values.ndim
    shape[int(axis)] = -1
    return parameter.reshape(shape)
