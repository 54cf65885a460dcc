from __future__ import annotations

from collections.abc import Callable

import pytest

import edgekit.tflite.schema as fields
from edgekit.tflite.ops import BUILTIN_NAMES, CUSTOM, op_name
from edgekit.tflite.schema import TENSOR_TYPES, bits_of


def _constants(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if name.isupper()}


def test_names_are_those_of_the_schema() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    assert dict(enumerate(BUILTIN_NAMES)) == _constants(schema.BuiltinOperator)


def test_tensor_types_are_those_of_the_schema() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    assert {index: name.upper() for index, name in enumerate(TENSOR_TYPES)} == _constants(schema.TensorType)


def test_custom_and_unknown_ops_have_names() -> None:
    assert op_name(3, "") == "CONV_2D"
    assert op_name(CUSTOM, "FlexErf") == "CUSTOM:FlexErf"
    assert op_name(9999, "") == "BUILTIN_9999"
    assert op_name(-1, "") == "BUILTIN_-1"


@pytest.mark.parametrize(
    ("dtype", "bits"),
    [
        ("float32", 32),
        ("int8", 8),
        ("int4", 4),
        ("uint4", 4),
        ("int2", 2),
        ("bool", 8),
        ("bfloat16", 16),
        ("float8_e4m3fn", 8),
        ("float64", 64),
        ("complex64", 64),
        ("string", 0),
        ("resource", 0),
    ],
)
def test_bits_of_each_kind_of_type(dtype: str, bits: int) -> None:
    assert bits_of(dtype) == bits


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("ModelField", "Model"),
        ("OperatorCodeField", "OperatorCode"),
        ("SubGraphField", "SubGraph"),
        ("TensorField", "Tensor"),
        ("QuantizationField", "QuantizationParameters"),
        ("BlockwiseField", "BlockwiseQuantization"),
        ("OperatorField", "Operator"),
        ("BufferField", "Buffer"),
        ("MetadataField", "Metadata"),
        ("SignatureField", "SignatureDef"),
        ("TensorMapField", "TensorMap"),
    ],
)
def test_field_numbers_are_those_of_the_schema(ours: str, theirs: str) -> None:
    """The generated functions ``<Table>Add<Field>`` tell a builder the number."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    for name, number in vars(getattr(fields, ours)).items():
        if name.isupper():
            recorder = _Recorder()
            camel = "".join(part.capitalize() for part in name.split("_"))
            getattr(schema, f"{theirs}Add{camel}")(recorder, 1)
            assert recorder.slots == [number], name


class _Recorder:
    """A builder that only notes which slot is written."""

    def __init__(self) -> None:
        self.slots: list[int] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda slot, *_: self.slots.append(slot)
