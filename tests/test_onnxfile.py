"""Reading .onnx files without onnx, what must not be opened, and what a precision promises."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ModelFileError, SpecError, UnsupportedModelError, UsageError
from edgekit.onnxfile.checks import find_problems, find_weights
from edgekit.onnxfile.digest import DIGEST_KEY, carries_own_digest, sign
from edgekit.onnxfile.model import ONNXFile, read_onnx
from edgekit.onnxfile.safety import check_safe, lies_inside
from edgekit.onnxfile.spec_io import describe, metadata_of, read_spec
from edgekit.onnxfile.wire import WireError, as_int, as_text, read_fields
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT, HALF, INT8 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8

SPEC = ModelSpec(
    "dense", "tensors", (TensorSpec("x", (None, 40), "float32"),), (TensorSpec("y", (None, 30), "float32"),)
)


def graph(nodes: list[Any], tensors: dict[str, Any], dtype: int = FLOAT, output: str = "y") -> Any:
    taken = helper.make_tensor_value_info("x", dtype, ["batch", 40])
    given = helper.make_tensor_value_info(output, dtype, ["batch", 30])
    constants = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    return helper.make_graph(nodes, "dense", [taken], [given], constants)


def make(nodes: list[Any], tensors: dict[str, Any], **options: Any) -> Any:
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph(nodes, tensors, **options), opset_imports=opsets, ir_version=8)


def node(op: str, taken: list[str], given: list[str], **attributes: Any) -> Any:
    return helper.make_node(op, taken, given, name=f"the {op}", **attributes)


WEIGHTS = np.ones((40, 30), np.float32)
PRODUCT = node("MatMul", ["x", "w"], ["y"])


def dense() -> Any:
    return make([PRODUCT], {"w": WEIGHTS})


def test_the_outline_of_a_file() -> None:
    inner = helper.make_graph(
        [helper.make_node("Fancy", [], ["b"], domain="acme.ai"), node("Relu", ["a"], ["r"])],
        "inner",
        [],
        [helper.make_tensor_value_info("b", FLOAT, [1])],
    )
    branch = helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)
    model = make([PRODUCT, branch], {"w": WEIGHTS})
    model.opset_import.append(helper.make_opsetid("acme.ai", 3))
    model.producer_name = "me"
    helper.set_model_props(model, {"edgekit.spec": SPEC.to_json(), "ä": "ö"})
    outline = read_onnx(model.SerializeToString(), "it")
    assert (outline.ir_version, outline.producer) == (8, "me")
    assert outline.opsets == {"": 17, "acme.ai": 3}
    assert outline.operators == {("", "MatMul"), ("", "If"), ("", "Relu"), ("acme.ai", "Fancy")}
    assert outline.metadata["ä"] == "ö"
    assert read_spec(outline, "it") == SPEC


def test_operators_of_the_files_own_functions_are_known() -> None:
    model = make([helper.make_node("Twice", ["x"], ["y"], domain="mine")], {})
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(
        helper.make_function("mine", "Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])], opsets)
    )
    assert read_onnx(model.SerializeToString(), "it").operators == {("", "Add")}


def test_places_of_weights_are_found_wherever_they_are() -> None:
    model = dense()
    tensor = numpy_helper.from_array(WEIGHTS, "far")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    model.graph.initializer.append(tensor)
    model.graph.node.append(helper.make_node("Constant", [], ["k"], value=tensor))
    model.graph.node[-1].attribute[0].t.external_data[0].value = "other.bin"
    model.graph.sparse_initializer.add().values.external_data.add(key="location", value="sparse.bin")
    outline = read_onnx(model.SerializeToString(), "it")
    assert outline.external == {"weights.bin", "other.bin", "sparse.bin"}


@pytest.mark.parametrize("data", [b"", b"\x00" * 50, b"PK\x03\x04" + b"zip" * 30, b"hello world", b"\xff" * 30])
def test_what_is_no_onnx_file(data: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"^it is no (readable )?ONNX model \("):
        read_onnx(data, "it")


def test_every_truncation_is_an_error_or_an_outline() -> None:
    data = dense().SerializeToString()
    ends: list[int] = []
    sentences: list[str] = []
    for size in range(len(data)):
        try:
            read_onnx(data[:size], "it")
            ends.append(size)
        except ModelFileError as error:
            sentences.append(str(error))
    # What is left after whole fields could be a model without the last ones; here that is the opset.
    assert ends == []
    assert not [text for text in sentences if "\n" in text]


def test_graphs_without_end_are_refused() -> None:
    model = b""
    for _ in range(60):
        attribute = _field(6, model)
        model = _field(1, _field(4, b"If") + _field(5, attribute))
    whole = bytes([8, 8]) + _field(7, model) + _field(8, bytes([16, 17]))
    with pytest.raises(ModelFileError, match="more than 32 deep"):
        read_onnx(whole, "it")


def _field(number: int, value: bytes) -> bytes:
    size, length = len(value), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value


def test_the_wire_format() -> None:
    message = bytes([8, 0xAC, 2, 0x12, 2]) + "é".encode() + bytes([0x1D, 1, 2, 3, 4, 0x21]) + bytes(8)
    fields = list(read_fields(memoryview(message)))
    assert [number for number, _ in fields] == [1, 2, 3, 4]
    assert (as_int(fields[0][1]), as_text(fields[1][1])) == (300, "é")
    assert as_int(next(read_fields(memoryview(bytes([8] + [0xFF] * 9 + [1]))))[1]) == -1


@pytest.mark.parametrize("message", [[8], [8, 0x80], [8] + [0xFF] * 11, [0, 1], [11, 1], [0x12, 5, 1], [0x1D, 1]])
def test_broken_messages(message: list[int]) -> None:
    with pytest.raises(WireError):
        list(read_fields(memoryview(bytes(message))))


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        ("weights.bin", True),
        ("sub/weights.bin", True),
        ("../weights.bin", False),
        ("sub/../../weights.bin", False),
        ("/etc/passwd", False),
        ("C:\\weights.bin", False),
        ("..\\weights.bin", False),
        ("\\\\server\\share", False),
        ("link/passwd", False),
        ("a\0b", False),
        ("", False),
    ],
)
def test_places_outside_of_the_folder(place: str, inside: bool, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    assert lies_inside(tmp_path, place) is inside


def test_weights_outside_of_the_folder_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "models" / "m.onnx"
    path.parent.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    with pytest.raises(ModelFileError, match=r"from '\.\./secret', outside of its folder\. Do not use it"):
        check_safe(ONNXFile(external=frozenset({"../secret"})), path)
    with pytest.raises(ModelFileError, match=r"'w\.bin', which is missing"):
        check_safe(ONNXFile(external=frozenset({"w.bin"})), path)
    (path.parent / "w.bin").write_bytes(b"x")
    check_safe(ONNXFile(external=frozenset({"w.bin"})), path)


def test_custom_operators_are_named(tmp_path: Path) -> None:
    operators = frozenset(
        {("", "Conv"), ("com.microsoft", "FusedConv"), ("acme.ai", "Fancy"), ("ai.onnx.contrib", "Py")}
    )
    with pytest.raises(
        UnsupportedModelError, match=r"the custom operators acme\.ai\.Fancy, ai\.onnx\.contrib\.Py, which"
    ):
        check_safe(ONNXFile(operators=operators), tmp_path / "m.onnx")


def test_a_spec_that_is_broken_says_so() -> None:
    with pytest.raises(SpecError, match="it holds a spec that is not JSON"):
        read_spec(ONNXFile(metadata={"edgekit.spec": "{"}), "it")
    assert read_spec(ONNXFile(), "it") is None


def test_what_a_file_says_to_people() -> None:
    spec = image_classifier("flowers", ("rose", "tulip"), ImageFormat(8, 6))
    about = metadata_of(spec, "int8")
    assert (about["labels"], about["precision"], about["task"]) == ('["rose", "tulip"]', "int8", spec.task)
    assert "image (any, 6, 8, 3) float32" in describe(spec)
    assert "NHWC" in describe(spec)


def test_a_good_model_has_no_problems() -> None:
    assert find_problems(dense(), SPEC, "fp32") == []


def decoded(stored: Any, op: str = "Cast") -> Any:
    """``MatMul`` whose weights go through a decoder."""
    attributes = {"to": FLOAT} if op == "Cast" else {}
    taken = ["w"] if op == "Cast" else ["w", "s"]
    return make(
        [node(op, taken, ["v"], **attributes), node("MatMul", ["x", "v"], ["y"])], {"w": stored, "s": np.float32(1)}
    )


def test_weights_are_found_behind_what_decodes_them() -> None:
    for stored, dtype in ((WEIGHTS.astype(np.float16), "FLOAT16"), (WEIGHTS.astype(np.int8), "INT8")):
        (weights,) = find_weights(decoded(stored))
        assert (weights.dtype, weights.elements) == (dtype, 1200)


def quantized_activations() -> Any:
    nodes = [
        node("QuantizeLinear", ["x", "s"], ["q"]),
        node("DequantizeLinear", ["q", "s"], ["d"]),
        node("DequantizeLinear", ["w", "s"], ["v"]),
        node("MatMul", ["d", "v"], ["y"]),
    ]
    return make(nodes, {"w": WEIGHTS.astype(np.int8), "s": np.float32(0.1)})


def float_activations() -> Any:
    nodes = [
        node("QuantizeLinear", ["x", "s"], ["q"]),
        node("DequantizeLinear", ["w", "s"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    return make(nodes, {"w": WEIGHTS.astype(np.int8), "s": np.float32(0.1)})


def renamed() -> Any:
    return make([node("MatMul", ["x", "w"], ["z"])], {"w": WEIGHTS}, output="z")


def foreign() -> Any:
    return make([helper.make_node("FusedMatMul", ["x", "w"], ["y"], name="it", domain="com.microsoft")], {"w": WEIGHTS})


def elsewhere() -> Any:
    model = dense()
    model.graph.initializer[0].external_data.add(key="location", value="w.bin")
    return model


@pytest.mark.parametrize(
    ("model", "precision", "problem"),
    [
        (lambda: decoded(WEIGHTS.astype(np.float16)), "fp32", "are FLOAT16, not FLOAT"),
        (dense, "fp16", "are FLOAT, not FLOAT16"),
        (dense, "int8-dynamic", "are FLOAT, not INT8"),
        (dense, "int8", "No activation is quantized"),
        (float_activations, "int8", "'the MatMul', MatMul, takes 'x' as float"),
        (renamed, "fp32", "The outputs are z, not y"),
        (foreign, "fp32", r"com\.microsoft\.FusedMatMul, is no standard operator"),
        (elsewhere, "fp32", "'w' lie in another file"),
        (lambda: make([PRODUCT], {"w": WEIGHTS}, dtype=HALF), "fp32", "The input 'x' is float16, not float32"),
    ],
)
def test_broken_promises_are_named(model: Any, precision: str, problem: str) -> None:
    problems = " ".join(find_problems(model(), SPEC, precision))
    assert re.search(problem, problems), problems


def test_kept_promises() -> None:
    assert find_problems(decoded(WEIGHTS.astype(np.float16)), SPEC, "fp16") == []
    assert find_problems(decoded(WEIGHTS.astype(np.int8), "DequantizeLinear"), SPEC, "int8-dynamic") == []
    assert find_problems(quantized_activations(), SPEC, "int8") == []


def test_a_shape_that_is_not_the_specs() -> None:
    other = dataclasses.replace(SPEC, inputs=(TensorSpec("x", (None, 41), "float32"),))
    assert find_problems(dense(), other, "fp32") == ["The input 'x' has the shape (None, 40), not (None, 41)."]


def test_an_unknown_precision() -> None:
    with pytest.raises(UsageError, match="Unknown precision 'int3'"):
        find_problems(dense(), SPEC, "int3")


def test_a_digest_of_the_files_own() -> None:
    data = dense().SerializeToString()
    signed = sign(data)
    assert carries_own_digest(signed)
    assert carries_own_digest(memoryview(signed))
    assert not carries_own_digest(data)
    for position in range(len(signed)):
        changed = bytearray(signed)
        changed[position] ^= 1
        assert not carries_own_digest(bytes(changed)), position
    for other in (signed + b"\0", signed[:-1], b"", b"short", signed[len(data) :]):
        assert not carries_own_digest(other)


def test_every_reader_finds_the_digest_as_one_more_entry() -> None:
    model = dense()
    helper.set_model_props(model, {"a": "b"})
    signed = sign(model.SerializeToString())
    digest = read_onnx(signed, "it").metadata[DIGEST_KEY]
    assert re.fullmatch("[0-9a-f]{64}", digest)
    read = onnx.load_from_string(signed)
    assert {entry.key: entry.value for entry in read.metadata_props} == {"a": "b", DIGEST_KEY: digest}
    onnx.checker.check_model(read)
