"""Files at which the compiler stops: what it said of each in public, and that what it reads is not refused."""

from __future__ import annotations

import pytest

from edgekit.edgetpu.mapping import map_model
from edgekit.edgetpu.rules import RULES
from edgekit.edgetpu.versions import highest_read
from edgekit.tflite.ops import BUILTIN_NAMES
from tests.edgetpu.models import Op, T, bias, build, ints, weights

IMAGE = T((1, 8, 8, 4))
NO_VERSION = "Didn't find op for builtin opcode '{}' version '{}'"


def refused(name: str, version: int = 1, compiler: str = "16", tensor: T = IMAGE) -> str | None:
    """What is said of a model of this op alone, behind an ADD, which every compiler takes."""
    ops = [Op("ADD", [0, 0], [1]), Op(name, [1], [2], version)]
    return map_model(build([tensor, tensor, tensor], ops, [0], [2]), compiler).refused


@pytest.mark.parametrize(
    ("name", "version", "compiler", "said"),
    [
        ("GELU", 2, "16", "Op builtin_code out of range: 150"),
        ("DYNAMIC_UPDATE_SLICE", 1, "16", "Op builtin_code out of range: 151"),
        ("RELU_0_TO_1", 1, "16", "Op builtin_code out of range: 152"),
        ("STABLEHLO_ADD", 1, "16", "Op builtin_code out of range: "),
        ("EXP", 2, "16", NO_VERSION.format("EXP", 2)),
        ("DEPTH_TO_SPACE", 2, "15", NO_VERSION.format("DEPTH_TO_SPACE", 2)),
        ("REVERSE_V2", 3, "15", NO_VERSION.format("REVERSE_V2", 3)),
        ("BATCH_MATMUL", 4, "15", NO_VERSION.format("BATCH_MATMUL", 4)),
        ("CAST", 7, "16", NO_VERSION.format("CAST", 7)),
        ("BROADCAST_TO", 2, "15", "Op builtin_code out of range: 130"),
        ("CUSTOM:Atan", 1, "16", "Encountered unresolved custom op: Atan"),
        ("CUSTOM:Atan", 1, "2", "Encountered unresolved custom op: Atan"),
        ("CUSTOM:FlexSplitV", 1, "16", "Regular TensorFlow ops are not supported by this interpreter"),
    ],
)
def test_the_compiler_stops_and_why(name: str, version: int, compiler: str, said: str) -> None:
    reason = refused(name, version, compiler)
    assert reason is not None
    assert said in reason
    assert reason.startswith(f"Compiler {compiler} stops at this file: ")
    assert reason.endswith(".")


@pytest.mark.parametrize(
    ("name", "version", "compiler"),
    [
        ("EXP", 1, "16"),
        ("DEPTH_TO_SPACE", 2, "16"),
        ("DEPTH_TO_SPACE", 1, "15"),
        ("REVERSE_V2", 3, "16"),
        ("BATCH_MATMUL", 4, "16"),
        ("BROADCAST_TO", 3, "16"),
        ("HARD_SWISH", 1, "16"),
        ("LEAKY_RELU", 2, "16"),
        ("CUSTOM:TFLite_Detection_PostProcess", 1, "16"),
        ("CUSTOM:TFLite_Detection_PostProcess", 3, "2"),
        ("CUSTOM:PosenetDecoderOp", 1, "16"),
    ],
)
def test_what_it_reads_stays_on_the_cpu(name: str, version: int, compiler: str) -> None:
    assert refused(name, version, compiler) is None


def test_what_to_do_is_about_that_very_op() -> None:
    assert str(refused("GELU", 2)).endswith("GELU (op 1) is newer than the compiler. Use ReLU or ReLU6.")
    assert str(refused("EXP", 2)).endswith("Use LOGISTIC or TANH, or compute it from the model's answer.")
    assert "--to edgetpu" in str(refused("TRANSPOSE_CONV", 4))
    assert "cut the model in front of it" in str(refused("ATAN2"))
    assert "Convert the model with a TensorFlow of the compiler's time" in str(refused("CAST", 7))


@pytest.mark.parametrize("compiler", [2, 14, 15, 16])
def test_every_op_has_a_version_for_every_compiler(compiler: int) -> None:
    """Nothing that a compiler reads is lost with a later one, and nothing newer than TensorFlow 2.6 is read."""
    for code, name in enumerate(BUILTIN_NAMES):
        known = highest_read(name, compiler)
        assert known is not None
        assert known <= (highest_read(name, 16) or 0)
        if name in RULES:
            assert known > 0
        if code > BUILTIN_NAMES.index("BROADCAST_ARGS"):
            assert known == 0


@pytest.mark.parametrize("compiler", ["14", "15"])
def test_a_model_without_quantized_activations_stops_compilers_14_and_15(compiler: str) -> None:
    floats = T((1, 8, 8, 4), "float32")
    data = build([floats, floats], [Op("RELU", [0], [1])], [0], [1])
    assert "Model not quantized" in str(map_model(data, compiler).refused)
    weighted = [floats, weights(6, 3, 3, 4), bias(6), T((1, 8, 8, 6), "float32")]
    assert "Model not quantized" in str(
        map_model(build(weighted, [Op("CONV_2D", [0, 1, 2], [3])], [0], [3]), compiler).refused
    )
    assert map_model(data, "16").refused is None
    assert map_model(data, "2").refused is None
    mixed = build([floats, IMAGE], [Op("QUANTIZE", [0], [1])], [0], [1])
    assert map_model(mixed, compiler).refused is None


def test_computed_sizes_stop_it() -> None:
    data = build([IMAGE, T((2,), "int32", scales=()), T((1, 256))], [Op("RESHAPE", [0, 1], [2])], [0, 1], [2])
    assert "the sizes of RESHAPE (op 0) are computed" in str(map_model(data).refused)
    data = build([IMAGE, ints(1, 256), T((1, 256))], [Op("RESHAPE", [0, 1], [2])], [0], [2])
    assert map_model(data).refused is None


def test_an_unknown_size_besides_the_batch_stops_it() -> None:
    unknown = T((1, 8, 8, 4), signature=(1, -1, -1, 4))
    assert "unknown size" in str(map_model(build([unknown, IMAGE], [Op("RELU", [0], [1])], [0], [1])).refused)
