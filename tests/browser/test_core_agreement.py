"""What the library computes, compared with Python: resize, specs, probabilities, statistics, model files."""

from __future__ import annotations

import base64
import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import EdgeKitError
from edgekit.language import in_language
from edgekit.measure.latency import summarize
from edgekit.outputs import class_probabilities, decision_threshold
from edgekit.preprocess import prepare
from edgekit.runtime.engines.base import TensorInfo
from edgekit.runtime.engines.litert_names import find_signature, name_tensors
from edgekit.runtime.prediction import top_predictions
from edgekit.spec import COLORS, RESIZE_MODES, ImageFormat, Label, ModelSpec, image_classifier, tensor_classifier
from edgekit.tflite.model import Tensor, TFLiteModel, read_model
from edgekit.tflite.spec_io import read_spec

Ask = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]

IMAGE = ImageFormat(8, 8)


@pytest.fixture(scope="module")
def ask(node: Path, repository: Path) -> Ask:
    """Answers of the library's own functions, see ``tests/core/answer.ts``."""

    def answers(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        result = subprocess.run(
            [node, "--no-warnings", repository / "targets" / "browser" / "tests" / "core" / "answer.ts"],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        found: list[dict[str, Any]] = json.loads(result.stdout)
        assert len(found) == len(questions)
        return found

    return answers


def test_photos_of_any_size_become_the_same_bytes(ask: Ask) -> None:
    random = np.random.default_rng(8)
    questions, expected = [], []
    for number in range(120):
        longest = 700 if number % 10 == 0 else 80
        width, height = (int(size) for size in random.integers(1, longest, 2))
        channels = int(random.choice([1, 3, 4]))
        photo = random.integers(0, 256, (height, width, channels), np.uint8)
        if channels == 4 and number % 2:
            photo[..., 3] = 255
        image = ImageFormat(
            *(int(size) for size in random.integers(1, 64, 2)),
            COLORS[number % 2],
            RESIZE_MODES[number % 3],
            int(random.integers(0, 256)),
        )
        data = base64.b64encode(photo.tobytes()).decode()
        questions.append(
            {
                "op": "prepare",
                "image": vars(image),
                "photo": {"width": width, "height": height, "channels": channels, "data": data},
            }
        )
        expected.append(base64.b64encode(prepare(photo, image).tobytes()).decode())
    for question, answer, right in zip(questions, ask(questions), expected, strict=True):
        assert answer == {"answer": right}, (question["image"], question["photo"]["width"], question["photo"]["height"])


def test_statistics(ask: Ask) -> None:
    random = np.random.default_rng(9)
    counts = [1, 2, 3, 5, 6, 7, 20, 99, 100, 101, 500, 1000, 1001, 4000]
    runs = [(random.gamma(2.0, 2e6, count) + 1e5).astype(np.int64) for count in counts]
    found = ask([{"op": "statistics", "milliseconds": (times / 1e6).tolist()} for times in runs])
    for times, answer in zip(runs, found, strict=True):
        assert answer["answer"] == pytest.approx(summarize(times.tolist()).to_dict(), rel=1e-12)


def _specs() -> list[ModelSpec]:
    names = (Label("a", {"de": "Ä", "en": "A"}, {"de": "ein A"}), Label("b", {"fr": "B"}), Label("c"))
    two = names[:2]
    return [
        image_classifier("softmax", names, IMAGE),
        image_classifier("scores", names, ImageFormat(4, 5, "grayscale", "letterbox", 7), "none"),
        image_classifier("sure", names, IMAGE, confidence_threshold=0.6),
        image_classifier("binary", two, IMAGE, "sigmoid"),
        image_classifier("binary scores", two, IMAGE, "none", binary=True),
        image_classifier("many", names, IMAGE, multi_label=True),
        image_classifier("many scores", names, IMAGE, "none", multi_label=True, confidence_threshold=0.3),
        tensor_classifier("sound", (None, 100), "float32", names),
        tensor_classifier("two of them", (None, 4), "float32", two, "sigmoid", multi_label=True),
    ]


def test_specs_are_read_as_they_were_written(ask: Ask) -> None:
    specs = _specs()
    for spec, answer in zip(specs, ask([{"op": "spec", "text": spec.to_json()} for spec in specs]), strict=True):
        written = spec.to_dict()
        del written["provenance"]
        assert answer == {"answer": written}


def _without(key: str) -> Callable[[Any], None]:
    return lambda document: document.pop(key)


def _with(*path: Any) -> Callable[[Any], None]:
    *way, last, value = path

    def change(document: Any) -> None:
        for step in way:
            document = document[step]
        document[last] = value

    return change


BROKEN: dict[str, Callable[[Any], None]] = {
    "no name": _without("name"),
    "no inputs": _without("inputs"),
    "no output left": _with("outputs", []),
    "another task": _with("task", "segmentation"),
    "a number for a name": _with("name", 7),
    "a path for a name": _with("name", "a/b"),
    "older than all": _with("schema", 0),
    "newer than this": _with("schema", 2),
    "no schema": _with("schema", None),
    "a label twice": _with("labels", 1, "id", "a"),
    "a label too few": lambda document: document["labels"].pop(),
    "no image": _with("inputs", 0, "image", None),
    "image without pixels": _with("inputs", 0, "image", "width", 0),
    "image beyond limits": _with("inputs", 0, "image", "height", 70_000),
    "half a pixel": _with("inputs", 0, "image", "width", 1.5),
    "unknown colour": _with("inputs", 0, "image", "color", "bgr"),
    "fill beyond a byte": _with("inputs", 0, "image", "fill", 256),
    "range the wrong way": _with("inputs", 0, "value_range", [1.0, 0.0]),
    "range of three": _with("inputs", 0, "value_range", [0, 1, 2]),
    "negative size": _with("outputs", 0, "shape", [None, -3]),
    "threshold beyond one": _with("confidence_threshold", 1.5),
    "threshold in words": _with("confidence_threshold", "half"),
    "names in a list": _with("labels", 0, "names", ["A"]),
    "a name that is none": _with("labels", 0, "names", {"de": None}),
    "half of a pair": _with("labels", 0, "names", {"de": "\ud800"}),
    "softmax of many": _with("task", "multi-label-classification"),
    "inputs no list": _with("inputs", {}),
    "an input no object": _with("inputs", [1]),
}


def test_broken_specs_are_refused_in_the_same_words(ask: Ask) -> None:
    questions, expected = [], []
    for change in BROKEN.values():
        document = image_classifier("m", ("a", "b", "c"), IMAGE).to_dict()
        change(document)
        questions.append({"op": "spec", "text": json.dumps(document)})
        with pytest.raises(EdgeKitError) as refusal:
            ModelSpec.from_dict(document, "m")
        expected.append(str(refusal.value))
    for case, answer, words in zip(BROKEN, ask(questions), expected, strict=True):
        assert answer.get("kind") == "EdgeKitError", case
        # Python has its own quotes; the way to a newer version is another here.
        same = words.split(" (spec schema")[0].replace("'", '"')
        assert same in answer["error"].replace("'", '"'), case
    texts = ["", "{", "[]", "null", "[" * 5000]
    for text, answer in zip(texts, ask([{"op": "spec", "text": text} for text in texts]), strict=True):
        assert answer.get("kind") == "EdgeKitError", (text[:10], answer)


def test_probabilities_and_the_best_of_them(ask: Ask) -> None:
    random = np.random.default_rng(10)
    questions, expected = [], []
    for spec in _specs():
        outputs = spec.classes or 1
        for number in range(12):
            scores = random.uniform(0, 1, outputs) if spec.activation != "none" else random.normal(0, 3, outputs)
            if number == 0:
                scores[:] = 0.5  # all equal: the first one comes first
            if number == 1 and spec.activation == "none":
                scores[0] = 200.0  # far beyond what exp takes in float32
            values = scores.astype(np.float32)
            language = ("de", None, "fr-CA")[number % 3]
            asked = {"top": number % 4 + 1, "language": language}
            questions.append({"op": "outputs", "spec": spec.to_json(), "scores": values.tolist(), **asked})
            probabilities = class_probabilities(values[np.newaxis], spec)[0]
            threshold = decision_threshold(spec) if spec.multi_label else spec.confidence_threshold
            best = top_predictions(
                probabilities, spec.labels, asked["top"], threshold, multi_label=spec.multi_label, language=language
            )
            expected.append((probabilities, [prediction.to_dict() for prediction in best]))
    for question, found, (probabilities, best) in zip(questions, ask(questions), expected, strict=True):
        answer = found["answer"]
        np.testing.assert_allclose(answer["probabilities"], probabilities, rtol=2e-6, atol=1e-7)
        shares = [prediction.pop("probability") for prediction in answer["top"]]
        assert shares == pytest.approx([prediction.pop("probability") for prediction in best], rel=2e-6, abs=1e-7)
        assert answer["top"] == best, question
    refused = ask([{**questions[0], "top": top} for top in (0, -1, 1.5)])
    assert [answer.get("kind") for answer in refused] == ["EdgeKitError"] * 3


def test_stored_values_mean_the_same(ask: Ask) -> None:
    values = list(range(-128, 128))
    questions, expected = [], []
    for scale, zero_point in [(0.00390625, -128), (float(np.float32(0.1)), 3), (None, 0), (1.7e-3, 0)]:
        questions.append({"op": "dequantize", "values": values, "scale": scale, "zeroPoint": zero_point})
        info = TensorInfo("y", (256,), "int8", scale, zero_point)
        expected.append(info.dequantize(np.array(values, np.int8)).tolist())
    assert [answer["answer"] for answer in ask(questions)] == expected


def test_languages(ask: Ask) -> None:
    texts = [
        {},
        {"de": "d"},
        {"de": "", "fr": "f"},
        {"en": "e", "pt-BR": "p", "de": "d"},
        {"zh-Hant-TW": "z", "en_GB": "e"},
    ]
    wanted = [None, "", "de", "de-AT", "de_AT.UTF-8", "de@euro", "pt", "pt-PT", "zh", "zh-Hant", "EN", "xx", "e"]
    questions = [{"op": "language", "texts": one, "language": language} for one in texts for language in wanted]
    found = [answer["answer"] for answer in ask(questions)]
    assert found == [in_language(question["texts"], question["language"]) for question in questions]


def _tensors(model: TFLiteModel, kind: str, indices: tuple[int, ...]) -> list[dict[str, Any]]:
    graph = model.subgraphs[0]
    signatures = {
        signature.key: {"inputs": signature.inputs, "outputs": signature.outputs}
        for signature in model.signatures
        if signature.subgraph == 0
    }
    signature = find_signature(signatures, graph.inputs, graph.outputs)
    names = name_tensors(
        kind, indices, [graph.tensors[index].name for index in indices], signature[f"{kind}s"] if signature else None
    )
    return [_describe(name, graph.tensors[index]) for name, index in zip(names, indices, strict=True)]


def _describe(name: str, tensor: Tensor) -> dict[str, Any]:
    quantization = tensor.quantization
    scales = quantization.scales if quantization else ()
    zero_points = quantization.zero_points if quantization else ()
    return {
        "name": name,
        "shape": list(tensor.shape_signature),
        "dtype": tensor.dtype,
        "scale": scales[0] if len(scales) == 1 else None,
        "zeroPoint": zero_points[0] if len(zero_points) == 1 else 0,
    }


def test_tflite_files_say_the_same(ask: Ask, shared_data: Path) -> None:
    paths = sorted(shared_data.rglob("*.tflite"))
    assert paths
    for path, found in zip(paths, ask([{"op": "tflite", "path": str(path)} for path in paths]), strict=True):
        model = read_model(path)
        graph, spec = model.subgraphs[0], read_spec(model.data, "m")
        answer = found["answer"]
        assert answer["inputs"] == _tensors(model, "input", graph.inputs), path
        assert answer["outputs"] == _tensors(model, "output", graph.outputs), path
        assert (answer["spec"] is None) == (spec is None), path


def test_damaged_tflite_files_are_refused_or_read(ask: Ask, shared_data: Path) -> None:
    """Every error is one for people: nothing reads beyond the end, and nothing goes on for ever."""
    path = min(shared_data.rglob("*.tflite"), key=lambda file: file.stat().st_size)
    data = path.read_bytes()
    random = np.random.default_rng(11)
    damaged = [b"", b"PK\x03\x04" + bytes(60), b"<html></html>", data[:8], data[: len(data) // 2], bytes(64)]
    damaged += [data[:cut] for cut in random.integers(8, len(data), 30)]
    for _ in range(200):
        bytes_ = bytearray(data)
        for place in random.integers(0, min(len(data), 4096), 4):
            bytes_[place] = random.integers(0, 256)
        damaged.append(bytes(bytes_))
    found = ask([{"op": "tflite", "data": base64.b64encode(one).decode()} for one in damaged])
    assert all(answer.get("kind", "EdgeKitError") == "EdgeKitError" for answer in found), found
    assert all("error" in answer for answer in found[:6])
    assert all(word in answer["error"] for word, answer in zip(("empty", "zip", "HTML"), found, strict=False))


def test_numbers_are_finite(ask: Ask) -> None:
    """JSON of the browser has neither NaN nor infinity, so that a report of them would be refused."""
    (answer,) = ask([{"op": "statistics", "milliseconds": [0.0, 0.0]}])
    assert all(map(math.isfinite, answer["answer"].values()))
