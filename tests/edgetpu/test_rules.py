"""Each documented rule: an op that keeps to it is mapped, one that breaks it is not, for the reason of the compiler."""

from __future__ import annotations

import pytest

from edgekit.edgetpu import reasons
from edgekit.edgetpu.mapping import OpFate, map_model
from edgekit.edgetpu.rules import RULES
from edgekit.edgetpu.versions import highest_mapped, highest_read
from edgekit.errors import UsageError
from edgekit.tflite.flatbuffer_writer import Scalar
from tests.edgetpu.models import Op, T, bias, build, ints, weights

IMAGE = T((1, 8, 8, 4))
ROW = T((1, 16))


def number(value: int) -> Scalar:
    return Scalar("i", value)


def code(value: int) -> Scalar:
    return Scalar("b", value)


# One op each: tensors (the last one is the output), and the op with the inputs in that order.
GOOD: dict[str, tuple[list[T], dict[int, Scalar]]] = {
    "ADD": ([IMAGE, IMAGE, IMAGE], {}),
    "AVERAGE_POOL_2D": ([IMAGE, T((1, 4, 4, 4))], {}),
    "CONCATENATION": ([IMAGE, IMAGE, T((1, 8, 8, 8))], {0: number(3)}),
    "CONV_2D": ([IMAGE, weights(6, 3, 3, 4, scales=6), bias(6), T((1, 8, 8, 6))], {}),
    "DEPTHWISE_CONV_2D": ([IMAGE, weights(1, 3, 3, 4, scales=4), bias(4), IMAGE], {}),
    "EXPAND_DIMS": ([ROW, ints(0), T((1, 1, 16))], {}),
    "FULLY_CONNECTED": ([ROW, weights(5, 16), bias(5), T((1, 5))], {}),
    "L2_NORMALIZATION": ([ROW, ROW], {}),
    "LOGISTIC": ([IMAGE, IMAGE], {}),
    "MAXIMUM": ([IMAGE, IMAGE, IMAGE], {}),
    "MAX_POOL_2D": ([IMAGE, T((1, 4, 4, 4))], {}),
    "MEAN": ([IMAGE, ints(1, 2), T((1, 4))], {}),
    "MINIMUM": ([IMAGE, IMAGE, IMAGE], {}),
    "MUL": ([IMAGE, weights(4), IMAGE], {}),
    "PACK": ([T((8, 4)), T((8, 4)), T((8, 2, 4))], {1: number(1)}),
    "PAD": ([IMAGE, ints(0, 0, 1, 1, 1, 1, 0, 0), T((1, 10, 10, 4))], {}),
    "PRELU": ([IMAGE, weights(1, 1, 4), IMAGE], {}),
    "QUANTIZE": ([T((1, 8, 8, 4), "uint8"), IMAGE], {}),
    "REDUCE_MAX": ([IMAGE, ints(1, 2), T((1, 4))], {}),
    "REDUCE_MIN": ([IMAGE, ints(-1), T((1, 8, 8))], {}),
    "RELU": ([IMAGE, IMAGE], {}),
    "RELU6": ([IMAGE, IMAGE], {}),
    "RELU_N1_TO_1": ([IMAGE, IMAGE], {}),
    "RESHAPE": ([IMAGE, ints(1, 256), T((1, 256))], {}),
    "RESIZE_BILINEAR": ([IMAGE, ints(16, 16), T((1, 16, 16, 4))], {}),
    "RESIZE_NEAREST_NEIGHBOR": ([IMAGE, ints(16, 16), T((1, 16, 16, 4))], {}),
    "RSQRT": ([ROW, ROW], {}),
    "SLICE": ([IMAGE, ints(0, 0, 0, 0), ints(1, 4, 4, 4), T((1, 4, 4, 4))], {}),
    "SOFTMAX": ([ROW, ROW], {}),
    "SPACE_TO_DEPTH": ([IMAGE, T((1, 4, 4, 16))], {}),
    "SPLIT": ([ints(3), IMAGE, T((1, 8, 8, 2))], {}),
    "SQUARED_DIFFERENCE": ([IMAGE, IMAGE, IMAGE], {}),
    "SQUEEZE": ([T((1, 1, 1, 16)), ROW], {}),
    "STRIDED_SLICE": ([IMAGE, ints(0, 0, 0, 0), ints(1, 4, 8, 4), ints(1, 1, 1, 1), T((1, 4, 8, 4))], {}),
    "SUB": ([IMAGE, IMAGE, IMAGE], {}),
    "SUM": ([IMAGE, ints(2), T((1, 8, 4))], {}),
    "TANH": ([IMAGE, IMAGE], {}),
    "TRANSPOSE": ([IMAGE, ints(0, 2, 1, 3), IMAGE], {}),
    "TRANSPOSE_CONV": ([ints(1, 16, 16, 6), weights(6, 2, 2, 4, scales=6), IMAGE, bias(6), T((1, 16, 16, 6))], {}),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ([T((1, 8, 4)), weights(6, 4), weights(6, 6), T((1, 8, 6))], {}),
}

BAD: list[tuple[str, list[T], dict[int, Scalar], str, str]] = [
    ("AVERAGE_POOL_2D", [IMAGE, IMAGE], {5: code(3)}, reasons.LIMITATION, "RELU6 is fused"),
    ("MAX_POOL_2D", [IMAGE, IMAGE], {5: code(1)}, reasons.LIMITATION, "RELU is fused"),
    ("CONCATENATION", [IMAGE, IMAGE, IMAGE], {1: code(1)}, reasons.LIMITATION, "RELU is fused"),
    ("CONCATENATION", [IMAGE, weights(1, 8, 8, 4), T((1, 8, 8, 8))], {}, reasons.LIMITATION, "not zero"),
    (
        "CONCATENATION",
        [IMAGE, IMAGE, T((1, 8, 8, 4), data=bytes(256)), T((1, 8, 8, 12))],
        {},
        reasons.LIMITATION,
        "one of its 3 inputs is a constant",
    ),
    ("CONV_2D", [IMAGE, T((1, 3, 3, 4)), bias(1), T((1, 8, 8, 1))], {}, reasons.PARAMETER, "computed, not a constant"),
    (
        "CONV_2D",
        [IMAGE, weights(6, 3, 3, 4), bias(6), IMAGE],
        {4: number(2), 5: number(1)},
        reasons.LIMITATION,
        "dilation is 1 down and 2 across",
    ),
    (
        "DEPTHWISE_CONV_2D",
        [IMAGE, weights(1, 3, 3, 4), bias(4), IMAGE],
        {5: number(1), 6: number(3)},
        reasons.LIMITATION,
        "dilation is 3 down and 1 across",
    ),
    ("FULLY_CONNECTED", [ROW, T((5, 16)), T((1, 5))], {}, reasons.PARAMETER, "computed, not a constant"),
    ("FULLY_CONNECTED", [ROW, weights(5, 16), T((1, 5))], {1: code(1)}, reasons.LIMITATION, "shuffled"),
    ("FULLY_CONNECTED", [ROW, weights(5, 16, scales=5), T((1, 5))], {}, reasons.LIMITATION, "5 scales"),
    ("FULLY_CONNECTED", [T((3, 16)), weights(5, 16), T((3, 5))], {}, reasons.LIMITATION, "more than one row"),
    (
        "TRANSPOSE_CONV",
        [ints(1, 16, 16, 1), T((1, 2, 2, 4)), IMAGE, T((1, 16, 16, 1))],
        {},
        reasons.PARAMETER,
        "computed, not a constant",
    ),
    ("MEAN", [IMAGE, ints(0), T((8, 8, 4))], {}, reasons.LIMITATION, "the batch dimension"),
    ("MEAN", [T((1, 8, 8, 6)), ints(3), T((1, 8, 8))], {}, reasons.LIMITATION, "6 channels, no multiple of 4"),
    ("SUM", [IMAGE, ints(-4), T((8, 8, 4))], {}, reasons.LIMITATION, "the batch dimension"),
    ("REDUCE_MAX", [IMAGE, ints(0, 1), T((8, 4))], {}, reasons.LIMITATION, "the batch dimension"),
    ("PACK", [T((8, 8, 4)), T((1, 8, 8, 4))], {1: number(0)}, reasons.LIMITATION, "the batch dimension"),
    ("PAD", [IMAGE, ints(0, 0, 0, 0, 0, 0, 0, 1), T((1, 8, 8, 5))], {}, "", ""),
    ("PAD", [IMAGE, ints(1, 0, 0, 0, 0, 0, 0, 0), IMAGE], {}, reasons.LIMITATION, "pads the batch"),
    ("PRELU", [IMAGE, weights(8, 8, 4), IMAGE], {}, reasons.LIMITATION, "alpha is 8x8x4"),
    ("RESIZE_BILINEAR", [T((1, 1, 1, 4)), ints(8, 8), IMAGE], {}, reasons.LIMITATION, "single row or column"),
    ("RESIZE_BILINEAR", [IMAGE, ints(512, 512), T((1, 512, 512, 4))], {}, reasons.LIMITATION, "512x512"),
    (
        "SOFTMAX",
        [T((1, 20_000)), T((1, 20_000))],
        {},
        reasons.LIMITATION,
        "its axis is 20,000 long, the limit is 16,000",
    ),
    ("SOFTMAX", [T((1, 16_000)), T((1, 16_000))], {}, "", ""),
    ("SOFTMAX", [IMAGE, IMAGE], {}, "", ""),
    ("SPLIT", [ints(0), IMAGE, IMAGE], {}, reasons.LIMITATION, "splits the batch"),
    (
        "STRIDED_SLICE",
        [IMAGE, ints(0, 0, 0, 0), ints(1, 8, 8, 4), ints(1, 2, 2, 1), T((1, 4, 4, 4))],
        {},
        reasons.LIMITATION,
        "its strides are 1, 2, 2, 1, not 1",
    ),
    ("STRIDED_SLICE", [IMAGE, ints(0), ints(1), ints(1), IMAGE], {2: number(1)}, reasons.LIMITATION, "ellipsis"),
    ("STRIDED_SLICE", [IMAGE, ints(0), ints(1), ints(1), IMAGE], {3: number(1)}, reasons.LIMITATION, "adds an axis"),
    ("LEAKY_RELU", [IMAGE, IMAGE], {}, reasons.NOT_SUPPORTED, "no such op"),
    ("CUSTOM:Mine", [IMAGE, IMAGE], {}, reasons.NOT_SUPPORTED, "no such op"),
    ("CUSTOM:Mine", [IMAGE, T((1, 4), "float32")], {}, reasons.DATA_TYPE, "float32"),
    ("ARG_MAX", [IMAGE, ints(3), T((1, 8, 8), "int64", scales=())], {}, reasons.DATA_TYPE, "int64"),
    ("ADD", [T((1, 8), "int16"), T((1, 8), "int16"), T((1, 8), "int16")], {}, reasons.DATA_TYPE, "int16"),
    ("QUANTIZE", [T((1, 8), "float32"), T((1, 8))], {}, reasons.LIMITATION, "float32"),
    ("DEQUANTIZE", [T((1, 8)), T((1, 8), "float32")], {}, reasons.DATA_TYPE, "float32"),
    ("ADD", [T((2, 8, 8, 4)), T((2, 8, 8, 4)), T((2, 8, 8, 4))], {}, reasons.RANK, "2x8x8x4"),
    ("RESHAPE", [T((1, 8, 8, 4), "float32"), ints(8), T((8, 1, 8, 1, 4), "float32")], {}, reasons.RANK, "8x1x8x1x4"),
]


def only(name: str, tensors: list[T], options: dict[int, Scalar], compiler: str = "16", version: int = 1) -> OpFate:
    """What becomes of a model of this one op."""
    *inputs, _ = range(len(tensors))
    op = Op(name, inputs, [len(tensors) - 1], version, options)
    computed = [index for index in inputs if not tensors[index].data]
    mapping = map_model(build(tensors, [op], computed, [len(tensors) - 1]), compiler)
    assert len(mapping.fates) == sum(row.count for row in mapping.ops) == 1
    return mapping.fates[0]


def test_every_op_of_the_table_has_an_example() -> None:
    assert GOOD.keys() == RULES.keys()


@pytest.mark.parametrize("name", sorted(RULES))
def test_an_op_within_its_limits_is_mapped(name: str) -> None:
    tensors, options = GOOD[name]
    assert only(name, tensors, options).finding is None
    highest = highest_mapped(name, 16)
    assert highest is not None
    assert only(name, tensors, options, version=highest).finding is None


@pytest.mark.parametrize(("name", "tensors", "options", "reason", "detail"), BAD)
def test_a_broken_limit_is_named(
    name: str, tensors: list[T], options: dict[int, Scalar], reason: str, detail: str
) -> None:
    finding = only(name, tensors, options).finding
    if not reason:
        assert finding is None
        return
    assert finding is not None
    assert finding.reason == reason
    assert detail in finding.detail
    assert finding.fix.endswith(".")
    assert finding.source.startswith("https://")


@pytest.mark.parametrize("name", sorted(RULES))
def test_older_runtimes_have_fewer_ops(name: str) -> None:
    tensors, options = GOOD[name]
    unsigned = [T(t.shape, "uint8", t.data, t.scales) if t.dtype == "int8" else t for t in tensors]
    for compiler, runtime in (("1", 10), ("2", 13), ("14", 13), ("15", 13), ("16", 14)):
        finding = only(name, unsigned, options, compiler).finding
        if runtime < RULES[name].since:
            assert finding is not None
            assert finding.reason == reasons.NOT_SUPPORTED
        else:
            assert finding is None


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_newer_version_is_left_and_the_compiler_may_stop(name: str) -> None:
    tensors, options = GOOD[name]
    for compiler in (2, 15, 16):
        highest, read = highest_mapped(name, compiler), highest_read(name, compiler)
        assert highest is not None
        assert read is not None
        finding = only(name, tensors, options, "16" if compiler == 16 else str(compiler), highest + 1).finding
        if compiler == 16:
            assert finding is not None
            assert finding.reason == reasons.VERSION
            assert f"maps {highest} at most" in finding.detail
        assert highest <= read


def test_a_version_that_the_compiler_cannot_read_is_a_refusal() -> None:
    tensors, options = GOOD["CONV_2D"]
    data = build(tensors, [Op("CONV_2D", [0, 1, 2], [3], 6, options)], [0], [3])
    refused = map_model(data).refused
    assert refused is not None
    assert "Didn't find op for builtin opcode 'CONV_2D' version '6'" in refused
    data = build(tensors, [Op("CONV_2D", [0, 1, 2], [3], 5, options)], [0], [3])
    assert map_model(data).refused is None


@pytest.mark.parametrize(
    ("name", "tensors", "options", "detail"),
    [
        (
            "DEPTHWISE_CONV_2D",
            [T((1, 8, 8, 4), "uint8"), T((1, 3, 3, 4), "uint8", b"\1" * 36), bias(4), T((1, 8, 8, 4), "uint8")],
            {5: number(2), 6: number(2)},
            "dilated by 2x2",
        ),
        (
            "MEAN",
            [T((1, 8, 8, 4), "uint8"), ints(3), T((1, 8, 8), "uint8")],
            {},
            "it reduces the channels",
        ),
        (
            "PAD",
            [T((1, 8, 8, 4), "uint8"), ints(0, 0, 0, 0, 0, 0, 0, 1), T((1, 8, 8, 5), "uint8")],
            {},
            "it pads the channels",
        ),
        ("SOFTMAX", [T((1, 8, 8, 4), "uint8"), T((1, 8, 8, 4), "uint8")], {}, "more than one row"),
        ("SQUEEZE", [T((1, 5, 1, 10), "uint8"), T((1, 5, 10), "uint8")], {}, "not in front"),
    ],
)
def test_limits_that_newer_runtimes_dropped(
    name: str, tensors: list[T], options: dict[int, Scalar], detail: str
) -> None:
    old, new = only(name, tensors, options, "1").finding, only(name, tensors, options, "16").finding
    assert old is not None
    assert detail in old.detail
    assert new is None


def test_runtimes_before_12_take_unsigned_numbers_only() -> None:
    tensors, _ = GOOD["ADD"]
    data = build(tensors, [Op("ADD", [0, 1], [2])], [0, 1], [2])
    for runtime, mapped in ((10, 0), (11, 0), (12, 1), (14, 1)):
        mapping = map_model(data, runtime=runtime)
        assert mapping.mapped == mapped
        assert mapped or mapping.ops[0].reason == reasons.DATA_TYPE


def test_a_signed_quantize_has_another_reason_there() -> None:
    tensors, _ = GOOD["QUANTIZE"]
    data = build(tensors, [Op("QUANTIZE", [0], [1])], [0], [1])
    mapping = map_model(data, "14", 10)
    assert [(row.mapped, row.reason) for row in mapping.ops] == [(False, reasons.LIMITATION)]
    assert "runtime 12" in str(mapping.ops[0].fix)


@pytest.mark.parametrize("name", ["FULLY_CONNECTED", "SOFTMAX"])
def test_compiler_2_has_its_own_words_for_several_rows(name: str) -> None:
    rows = T((7, 16), "uint8")
    tensors = [rows, T((5, 16), "uint8", b"\1" * 80), T((7, 5), "uint8")] if name == "FULLY_CONNECTED" else [rows, rows]
    for compiler, reason in (("2", reasons.TWO_DIMENSIONS), ("15", reasons.LIMITATION)):
        finding = only(name, tensors, {}, compiler).finding
        assert finding is not None
        assert finding.reason == reason
        assert "more than one row" in finding.detail


def test_a_row_says_of_how_many_ops_each_thing_holds() -> None:
    floats, whole = T((1, 8), "float32"), T((1, 8), "int32", scales=())
    casts = [Op("CAST", [0], [1]), Op("CAST", [0], [2]), Op("CAST", [3], [4])]
    mapping = map_model(build([floats, floats, floats, whole, whole], casts, [0, 3], [1, 2, 4]))
    (row,) = mapping.ops
    assert (row.count, row.reason) == (3, reasons.DATA_TYPE)
    assert str(row.fix).startswith("It works on float32 (2 of them). ")
    assert "It works on int32 (1 of them). " in str(row.fix)


def test_resizing_with_half_pixel_centres_needs_compiler_16() -> None:
    tensors, _ = GOOD["RESIZE_NEAREST_NEIGHBOR"]
    assert only("RESIZE_NEAREST_NEIGHBOR", tensors, {}, "16", 3).finding is None
    finding = only("RESIZE_NEAREST_NEIGHBOR", tensors, {}, "15", 3).finding
    assert finding is not None
    assert finding.reason == reasons.VERSION


def test_a_constant_zero_may_be_appended() -> None:
    zeros = T((1, 8, 8, 4), data=b"\xf6" * 256, zero_point=-10)
    assert only("CONCATENATION", [IMAGE, zeros, T((1, 8, 8, 8))], {}).finding is None


@pytest.mark.parametrize("version", ["3", "99", "", "sixteen", "16.x"])
def test_an_unknown_compiler_is_a_usage_error(version: str) -> None:
    with pytest.raises(UsageError, match="Known: 1, 2, 14, 15, 16"):
        map_model(build([ROW, ROW], [Op("TANH", [0], [1])], [0], [1]), version)


def test_the_full_version_of_a_compiler_is_understood() -> None:
    mapping = map_model(build([ROW, ROW], [Op("TANH", [0], [1])], [0], [1]), "16.0.384591198")
    assert (mapping.compiler, mapping.runtime, mapping.mapped) == ("16.0.384591198", 14, 1)
    with pytest.raises(UsageError, match="10 to 13"):
        map_model(build([ROW, ROW], [Op("TANH", [0], [1])], [0], [1]), "15", 14)
