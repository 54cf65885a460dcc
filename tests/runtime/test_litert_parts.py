"""The pure parts of the LiteRT engine: names, kernels, explanations."""

from __future__ import annotations

import pytest

from edgekit.runtime.engines.litert_kernels import Node, count_delegated, describe_kernels
from edgekit.runtime.engines.litert_names import find_signature, name_tensors, readable
from edgekit.runtime.engines.litert_problems import explain

ENGINE = "ai-edge-litert 2.3.0"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("serving_default_image:0", "image"),
        ("StatefulPartitionedCall:0", ""),
        ("StatefulPartitionedCall_1:0", ""),
        ("Identity", ""),
        ("Identity_2", ""),
        ("", ""),
        ("MobilenetV1/Predictions/Reshape_1", "MobilenetV1/Predictions/Reshape_1"),
        ("Identity_int8", "Identity_int8"),
    ],
)
def test_readable_names(raw, expected):
    assert readable(raw) == expected


def test_names_come_from_the_signature_first():
    assert name_tensors("input", [4, 7], ["x", "y"], {"right": 7, "left": 4}) == ("left", "right")


def test_names_are_unique_and_never_empty():
    assert name_tensors("output", [0], ["Identity"], None) == ("output",)
    assert name_tensors("output", [0, 1, 2], ["Identity", "a:0", "a:1"], None) == ("output_0", "a", "a_2")


def test_the_signature_of_the_main_graph_is_found():
    other = {"inputs": {"x": 1}, "outputs": {"y": 9}}
    main = {"inputs": {"a": 0, "b": 1}, "outputs": {"c": 2}}
    signatures = {"encode": other, "serving_default": main}
    assert find_signature(signatures, [1, 0], [2]) is main
    assert find_signature({"encode": other}, [0, 1], [2]) is None
    assert find_signature({}, [0], [1]) is None


CHAIN = [Node("CONV_2D", (0, 10), (1,)), Node("MEAN", (1, 11), (2,)), Node("SOFTMAX", (2,), (3,))]


@pytest.mark.parametrize(
    ("delegates", "text"),
    [
        ([], "builtin"),
        ([Node("DELEGATE", (0, 10, 11), (3,))], "XNNPACK"),
        ([Node("DELEGATE", (0, 10), (1,)), Node("DELEGATE", (2,), (3,))], "XNNPACK (2 of 3 operators), builtin"),
        ([Node("DELEGATE", (2,), (3,))], "XNNPACK (1 of 3 operators), builtin"),
    ],
)
def test_kernels(delegates, text):
    assert describe_kernels(CHAIN + delegates, 3) == text


def test_kernels_that_are_not_told_are_unknown():
    assert describe_kernels([], 3) == "unknown"
    assert describe_kernels(CHAIN, None) == "unknown"


def test_an_operator_that_nothing_needs_is_not_claimed():
    nodes = [*CHAIN, Node("ASSIGN_VARIABLE", (1,), ()), Node("DELEGATE", (0, 10, 11), (3,))]
    assert count_delegated(nodes, 4) == 3


@pytest.mark.parametrize(
    ("message", "expected", "broken"),
    [
        ("Encountered unresolved custom op: MyOp.\nSee instructions: https://x", "custom operator 'MyOp'", False),
        ("Encountered unresolved custom op: ethos-u.\nSee instructions: https://x", "Arm Ethos-U", False),
        ("Encountered unresolved custom op: edgetpu-custom-op.\nSee instructions: x", "Coral Edge TPU", False),
        ("Select TensorFlow op(s), included in the given model, is(are) not supported", "(Flex)", False),
        (
            "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'. An older version",
            "FULLY_CONNECTED in version 12",
            False,
        ),
        ("failed to create XNNPACK runtimeNode number 31 failed to prepare", "as it does when memory runs out", False),
        ("The model is not a valid Flatbuffer buffer", "damaged", True),
        ("Node number 3 (ADD) failed to prepare.", f"{ENGINE} refuses it (Node number 3 (ADD) failed", False),
        ("", "without a reason, as it does when memory runs out", False),
    ],
)
def test_native_messages_are_explained(message, expected, broken):
    problem = explain(RuntimeError(message), ENGINE)
    assert expected in problem.reason
    assert problem.broken is broken


def test_long_messages_are_cut():
    assert len(explain(ValueError("Tensor 33 has invalid quantization parameters. " * 50), ENGINE).reason) < 200


def test_running_out_of_memory_has_a_sentence():
    assert "more memory" in explain(MemoryError(), ENGINE).reason
