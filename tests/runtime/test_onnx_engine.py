"""onnxruntime as an engine, on models that this file makes, and on broken ones."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.errors import EdgeKitError, ModelFileError, UnsupportedModelError, UsageError
from edgekit.onnxfile.spec_io import metadata_of
from edgekit.runtime.engines.onnx import ONNXEngine, choose_rows
from edgekit.runtime.engines.onnx_problems import explain
from edgekit.spec import ImageFormat, image_classifier

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
ort = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT, INT32, STRING = onnx.TensorProto.FLOAT, onnx.TensorProto.INT32, onnx.TensorProto.STRING

SPEC = image_classifier("tiny", ("rose", "tulip", "lily"), ImageFormat(6, 4))


def value(name: str, shape: list[int | str], dtype: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes: list[Any], taken: list[Any], given: list[Any], tensors: dict[str, Any], opset: int = 17) -> Any:
    constants = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "tiny", taken, given, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def classifier() -> Any:
    """Flatten, Gemm and Softmax on 4 x 6 pixels."""
    weights = np.random.default_rng(0).normal(0, 0.01, (72, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"]),
    ]
    made = model(nodes, [value("image", ["batch", 4, 6, 3])], [value("probabilities", ["batch", 3])], {"w": weights})
    helper.set_model_props(made, metadata_of(SPEC, "fp32"))
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    def run(made: Any) -> Path:
        path = tmp_path / "tiny.onnx"
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return path

    return run


Write = Callable[[Any], Path]


def photos(count: int) -> Any:
    return np.random.default_rng(1).integers(0, 256, (count, 4, 6, 3), np.uint8)


def test_a_classifier_of_photos(write: Write) -> None:
    made = classifier()
    weights = numpy_helper.to_array(made.graph.initializer[0])
    with edgekit.load(write(made)) as predictor:
        assert predictor.spec == SPEC
        answer = predictor.predict(photos(70))  # 32, 32 and 6
        engine = predictor.engine
        assert str(engine.info) == f"onnxruntime {ort.__version__} (CPUExecutionProvider)"
        assert (engine.info.threads, engine.batch_size) == (1, 32)
        assert [str(info) for info in engine.inputs] == ["image: float32 (any, 4, 6, 3)"]
        assert predictor.classify(photos(1)[0])[0].label in SPEC.label_ids
    scores = np.exp(photos(70).reshape(70, 72).astype(np.float32) @ weights)
    np.testing.assert_allclose(answer, scores / scores.sum(1, keepdims=True), atol=1e-5)


def test_threads_are_what_was_asked_for(write: Write) -> None:
    with edgekit.load(write(classifier()), threads=2) as predictor:
        assert predictor.engine.info.threads == 2
    with pytest.raises(UsageError, match="threads is a whole number of at least 1"):
        ONNXEngine(classifier().SerializeToString(), threads=0)


def test_tensors_by_name_of_any_dtype(write: Write) -> None:
    nodes = [
        helper.make_node("Cast", ["count"], ["real"], to=FLOAT),
        helper.make_node("Add", ["left", "real"], ["total"]),
        helper.make_node("Identity", ["word"], ["echo"]),
    ]
    taken = [value("left", [2, 3]), value("count", [2, 3], INT32), value("word", ["n"], STRING)]
    made = model(nodes, taken, [value("total", [2, 3]), value("echo", ["n"], STRING)], {})
    with edgekit.load(write(made)) as predictor:
        assert predictor.spec is None
        words = np.array(["a", "ß"], object)
        ones = np.ones((2, 3))
        given = {"left": ones.astype(np.float32), "count": ones.astype(np.int32) * 2, "word": words}
        answer = predictor.predict(given)
        assert answer["total"].tolist() == [[3, 3, 3]] * 2
        assert answer["echo"].tolist() == ["a", "ß"]
        with pytest.raises(UsageError, match="Expected count: int32"):
            predictor.predict({**given, "count": ones})
    with pytest.raises(UsageError, match="closed"):
        predictor.predict(given)


def test_calls_from_several_threads(write: Write) -> None:
    with edgekit.load(write(classifier())) as predictor:
        alone = predictor.predict(photos(8))
        with ThreadPoolExecutor(4) as pool:
            for answer in pool.map(lambda _: predictor.predict(photos(8)), range(40)):
                np.testing.assert_array_equal(answer, alone)


@pytest.mark.parametrize(
    ("shapes", "rows"),
    [
        ([(None, 224, 224, 3)], 32),
        ([(None, 600, 600, 3)], 7),
        ([(None, 9000, 9000, 3)], 1),
        ([(None, None, 6)], 32),
        ([(1, 4)], 1),
        ([(8, 4), (None, 4)], 8),
        ([()], 1),
        ([], 32),
    ],
)
def test_rows_of_one_run(shapes: list[tuple[int | None, ...]], rows: int) -> None:
    assert choose_rows(shapes) == rows


def test_weights_beside_the_model(write: Write, tmp_path: Path) -> None:
    made = classifier()
    onnx.save(made, tmp_path / "big.onnx", save_as_external_data=True, location="big.bin", size_threshold=0)
    with edgekit.load(tmp_path / "big.onnx") as predictor:
        answer = predictor.predict(photos(3))
    with edgekit.load(write(classifier())) as predictor:
        np.testing.assert_array_equal(answer, predictor.predict(photos(3)))
    (tmp_path / "big.bin").rename(tmp_path / "moved.bin")
    with pytest.raises(ModelFileError, match=r"'big\.bin', which is missing"):
        edgekit.load(tmp_path / "big.onnx")


def test_weights_elsewhere_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    onnx.save(classifier(), tmp_path / "big.onnx", save_as_external_data=True, location="big.bin", size_threshold=0)
    made = onnx.load(tmp_path / "big.onnx", load_external_data=False)
    for place in ("../big.bin", str(tmp_path / "big.bin")):
        made.graph.initializer[0].external_data[0].value = place
        (folder / "m.onnx").write_bytes(made.SerializeToString())
        with pytest.raises(ModelFileError, match="outside of its folder"):
            edgekit.load(folder / "m.onnx")


def custom(opset: int = 17) -> Any:
    node = helper.make_node("Fancy", ["x"], ["y"], domain="acme.ai")
    made = model([node], [value("x", [1])], [value("y", [1])], {}, opset)
    made.opset_import.append(helper.make_opsetid("acme.ai", 1))
    return made


def one(op: str, opset: int = 17) -> Any:
    return model([helper.make_node(op, ["x"], ["y"])], [value("x", [1])], [value("y", [1])], {}, opset)


@pytest.mark.parametrize(
    ("made", "kind", "sentence"),
    [
        (custom, UnsupportedModelError, r"the custom operators acme\.ai\.Fancy"),
        (lambda: one("Relu", 99), UnsupportedModelError, r"up to opset \d+\. Upgrade it"),
        (lambda: one("Unheard"), UnsupportedModelError, "does not know the operator Unheard"),
        (lambda: one("MatMul"), ModelFileError, r"cannot be run: onnxruntime .* says: "),
        (lambda: b"no model at all", ModelFileError, "is no"),
        (lambda: b"", ModelFileError, "is empty"),
        (lambda: classifier().SerializeToString()[:-400], ModelFileError, "is no readable ONNX model"),
    ],
)
def test_what_cannot_run_is_one_sentence(made: Any, kind: type[EdgeKitError], sentence: str, write: Write) -> None:
    path = write(made())
    with pytest.raises(kind, match=sentence) as caught:
        edgekit.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_spec_of_another_model_is_refused(write: Write) -> None:
    made = classifier()
    other = image_classifier("other", ("a", "b"), ImageFormat(6, 4))
    helper.set_model_props(made, metadata_of(other, "fp32"))
    with pytest.raises(ModelFileError):
        edgekit.load(write(made))


@pytest.mark.parametrize(
    ("text", "reason", "broken"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : Load model from a b.onnx failed:/onnxruntime_src/a/b.h:46 void f(int) "
            "ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. "
            "Opset 28 is under development. Current official support for domain ai.onnx is till opset 26.",
            "ort 1 knows ONNX operators up to opset 26. Upgrade it, or lower the opset",
            False,
        ),
        ("Unsupported model IR version: 15, max supported IR version: 13", "its IR version is 15", False),
        (
            "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation for Foo(3) node",
            "Foo(3)",
            False,
        ),
        ("std::bad_alloc", "more memory", False),
        (
            "[ONNXRuntimeError] : 1 : FAIL : /onnxruntime_src/onnxruntime/core/graph/graph.cc:1587 void "
            "onnxruntime::Graph::InitializeStateFromModelFileGraphProto() This is an invalid model. Graph output (y) "
            "does not exist in the graph.\n",
            "ort 1 says: This is an invalid model. Graph output (y) does not exist in the graph",
            False,
        ),
        (
            "[ONNXRuntimeError] : 1 : FAIL : Exception during initialization: /onnxruntime_src/onnxruntime/core/common/"
            "safeint.h:17 static void SafeIntExceptionHandler<onnxruntime::OnnxRuntimeException>::SafeIntOnOverflow() "
            "Integer overflow\n",
            "ort 1 says: Exception during initialization: Integer overflow",
            False,
        ),
    ],
)
def test_what_onnxruntime_says_is_explained(text: str, reason: str, broken: bool) -> None:
    problem = explain(RuntimeError(text), "ort 1")
    assert reason in problem.reason
    assert problem.broken is broken


def _mutants(count: int) -> list[bytes]:
    sound = classifier().SerializeToString()
    chance = random.Random(7)
    mutants = []
    for index in range(count):
        data = bytearray(sound)
        at = chance.randrange(len(data))
        if index % 4 == 0:
            del data[at:]
        elif index % 4 == 1:
            del data[at : at + chance.randrange(1, 100)]
        elif index % 4 == 2:
            data[at:at] = chance.randbytes(chance.randrange(1, 30))
        else:
            for _ in range(chance.choice((1, 3, 20))):
                data[chance.randrange(len(data))] = chance.randrange(256)
        mutants.append(bytes(data))
    return mutants + _meaningless(count)


def _meaningless(count: int) -> list[bytes]:
    """Sound protobuf with wrong sizes, kinds and connections."""
    chance = random.Random(8)
    numbers = (0, -1, 1, 7, 65536, 2**31, -(2**31), 2**62, -(2**63))
    mutants = []
    for index in range(count):
        made = classifier()
        graph, tensor = made.graph, made.graph.initializer[0]
        node = chance.choice(graph.node)
        if index % 5 == 0:
            tensor.dims[chance.randrange(2)] = chance.choice(numbers)
        elif index % 5 == 1:
            tensor.data_type = chance.randrange(30)
        elif index % 5 == 2:
            node.attribute.add(name="axis", type=onnx.AttributeProto.INT, i=chance.choice(numbers))
        elif index % 5 == 3:
            node.op_type = chance.choice(("Loop", "LSTM", "Resize", "TopK", "Conv", "ConstantOfShape"))
        else:
            graph.input[0].type.tensor_type.shape.dim[chance.randrange(4)].dim_value = chance.choice(numbers)
        mutants.append(made.SerializeToString())
    return mutants


def test_mutants_end_in_a_model_or_a_sentence(write: Write) -> None:
    models, sentences = 0, []
    for data in _mutants(150):
        try:
            # In this process, as what went well in a trial: there is no room for hundreds of them here.
            with edgekit.load(write(data), trust=True) as predictor:
                shapes = {info: [min(size or 2, 64) for size in info.shape] for info in predictor.engine.inputs}
                predictor.engine.run({info.name: np.zeros(shape, info.dtype) for info, shape in shapes.items()})
            models += 1
        except EdgeKitError as error:
            sentences.append(str(error))
    assert models > 5
    assert len(sentences) > 100
    assert not [text for text in sentences if "\n" in text]


def test_loading_needs_onnxruntime_alone(write: Write) -> None:
    path = write(classifier())
    code = (
        "import sys, edgekit; edgekit.load(sys.argv[1]).close();"
        "print(sorted({'onnx', 'tensorflow', 'keras', 'google.protobuf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
