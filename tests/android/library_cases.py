"""Questions and Python's answers to them, in a folder that the Kotlin library's tests read."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edgekit.errors import EdgeKitError
from edgekit.measure.latency import LatencyProtocol, measure_durations, median_ranks, summarize
from edgekit.outputs import class_probabilities, decision_threshold
from edgekit.runtime.prediction import top_predictions
from edgekit.spec import ImageFormat, Label, ModelSpec, image_classifier, tensor_classifier

ORIENTATION = 0x0112


def write_cases(folder: Path) -> None:
    """Everything but the photos' answers, which need a model."""
    documents = {
        "specs.json": {"cases": spec_cases()},
        "outputs.json": {"cases": output_cases()},
        "statistics.json": statistics_cases(),
        "exif.json": {"files": write_exif_files(folder)},
        "yuv.json": yuv_case(),
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def labelled() -> ModelSpec:
    """A classifier with all that a spec can have."""
    labels = [
        Label("rose", {"de": "Rose", "en": "rose", "pt-BR": "rosa"}, {"en": "A flower 🌹"}),
        Label("daisy", {"fr": "marguerite", "de-AT": "Gänseblümchen"}, {"de": "weiß"}),
        Label("other"),
    ]
    return image_classifier("flowers", labels, ImageFormat(32, 24, "rgb", "letterbox", 114), confidence_threshold=0.4)


def spec_cases() -> list[dict[str, Any]]:
    sound = [
        labelled(),
        image_classifier("b", ["no", "yes"], ImageFormat(8, 8, "grayscale"), binary=True),
        image_classifier("m", ["a", "b", "c"], ImageFormat(8, 8), multi_label=True),
        image_classifier("raw", ["a", "b"], ImageFormat(8, 8), "none"),
        tensor_classifier("sound", (None, 10, None), "int16", ["a", "b"], "sigmoid"),
        tensor_classifier("sound", (None, 10), "float32", ["a", "b"], "sigmoid", multi_label=True),
    ]
    texts = [(spec.to_json(), False) for spec in sound]
    texts += [(json.dumps(_changed(labelled(), *change)), same) for change, same in CHANGES]
    texts += [(text, False) for text in ("", "[]", "null", "{", "1", '{"schema": 1}', "[" * 50_000, '{"schema": 1} x')]
    return [_spec_case(text, same) for text, same in texts]


HALF_OF_A_PAIR = "\ud800"

# Where, what; and whether Python's sentence is Kotlin's, too.
CHANGES: list[tuple[tuple[list[str | int], Any], bool]] = [
    ((["schema"], 2), False),
    ((["schema"], 10**30), False),
    ((["schema"], 0), True),
    ((["schema"], "1"), True),
    ((["schema"], 1.0), True),
    ((["schema"], True), True),
    ((["later"], {"unknown": 1}), False),
    ((["name"], ""), False),
    ((["name"], "a/b"), False),
    ((["name"], ".."), False),
    ((["name"], None), True),
    ((["name"], HALF_OF_A_PAIR), True),
    ((["task"], "sorting"), True),
    ((["inputs"], []), False),
    ((["outputs"], []), False),
    ((["inputs"], {}), True),
    ((["inputs", 0, "image"], None), False),
    ((["inputs", 0, "image", "width"], 0), False),
    ((["inputs", 0, "image", "width"], 65_536), False),
    ((["inputs", 0, "image", "width"], 65_535), False),
    ((["inputs", 0, "image", "width"], 8.5), True),
    ((["inputs", 0, "image", "fill"], 256), False),
    ((["inputs", 0, "image", "fill"], -1), False),
    ((["inputs", 0, "image", "color"], "bgr"), True),
    ((["inputs", 0, "image", "resize"], "fit"), True),
    ((["inputs", 0, "shape"], [None, -1, 3]), True),
    ((["inputs", 0, "shape"], [None, "8"]), True),
    ((["inputs", 0, "shape"], [1, 24, 32, 3]), False),
    ((["inputs", 0, "value_range"], [1, 0]), False),
    ((["inputs", 0, "value_range"], [0]), True),
    ((["inputs", 0, "value_range"], [0, "1"]), True),
    ((["inputs", 0, "value_range"], [-1, 1]), False),
    ((["outputs", 0, "shape"], [None, 4]), False),
    ((["outputs", 0, "shape"], [None]), False),
    ((["outputs", 0, "dtype"], 3), True),
    ((["labels", 1, "id"], "rose"), False),
    ((["labels", 1, "names"], {"de": 5}), True),
    ((["labels", 1, "descriptions"], []), True),
    ((["labels", 1], 5), True),
    ((["activation"], "tanh"), True),
    ((["task"], "multi-label-classification"), False),
    ((["confidence_threshold"], 1.5), False),
    ((["confidence_threshold"], None), False),
    ((["confidence_threshold"], 1), False),
    ((["confidence_threshold"], "high"), True),
    ((["confidence_threshold"], False), True),
]


def _changed(spec: ModelSpec, path: list[str | int], value: Any) -> dict[str, Any]:
    document = spec.to_dict()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


def _spec_case(text: str, same_sentence: bool) -> dict[str, Any]:
    case: dict[str, Any] = {"text": text, "error": None, "same_sentence": same_sentence}
    try:
        spec = ModelSpec.from_json(text, "x.tflite")
    except EdgeKitError as error:
        return {**case, "error": str(error)}
    return case | {
        "classifier": spec.is_classifier,
        "binary": spec.binary,
        "multi_label": spec.multi_label,
        "classes": spec.classes,
        "labels": spec.label_ids,
    }


def output_cases() -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    image = ImageFormat(8, 8)
    many = [f"class {number}" for number in range(120)]
    specs = [
        labelled(),
        image_classifier("raw", many, image, "none"),
        image_classifier("binary", ["no", "yes"], image, binary=True),
        image_classifier("raw binary", ["no", "yes"], image, "none", binary=True, confidence_threshold=0.9),
        image_classifier("multi", ["a", "b", "c", "d"], image, multi_label=True),
        image_classifier("raw multi", ["a", "b", "c"], image, "none", multi_label=True, confidence_threshold=0.2),
        image_classifier("nameless", [], image),
    ]
    return [{"spec": spec.to_json(), "samples": [_sample(spec, rng) for _ in range(8)]} for spec in specs]


def _sample(spec: ModelSpec, rng: np.random.Generator) -> dict[str, Any]:
    count = spec.classes or 5
    scores = rng.normal(0, 6, count) if spec.activation == "none" else rng.random(count)
    scores = np.float32(np.round(scores, 1))[np.newaxis]  # rounded, so that some are equal
    (probabilities,) = class_probabilities(scores, spec)
    threshold = decision_threshold(spec) if spec.multi_label else spec.confidence_threshold
    choices = []
    for top in (1, 3, 500):
        for language in (None, "de", "de-CH", "fr_FR.UTF-8", "pt", "xx"):
            found = top_predictions(
                probabilities, spec.labels, top, threshold, multi_label=spec.multi_label, language=language
            )
            choices.append({"top": top, "language": language, "predictions": [one.to_dict() for one in found]})
    return {"scores": scores[0].tolist(), "probabilities": probabilities.tolist(), "choices": choices}


def statistics_cases() -> dict[str, Any]:
    rng = np.random.default_rng(11)
    cases = []
    for count in (1, 2, 3, 4, 5, 6, 7, 10, 99, 100, 101, 1000, 1001, 5000):
        durations = (rng.gamma(4, 2e5, count) + 1e5).astype(np.int64).tolist()
        cases.append({"durations": durations, "stats": summarize(durations).to_dict()})
    protocols = [
        LatencyProtocol(),
        LatencyProtocol(0, 0, 1, 0, 1),
        LatencyProtocol(3, 0, 5, 0, 60),
        LatencyProtocol(2, 0.5, 4, 1, 60),
        LatencyProtocol(50, 5, 500, 50, 0.3),
    ]
    return {
        "ranks": [median_ranks(count)[0] for count in range(1, 1201)],
        "cases": cases,
        "protocols": [_protocol_case(protocol, rng) for protocol in protocols],
    }


def _protocol_case(protocol: LatencyProtocol, rng: np.random.Generator) -> dict[str, Any]:
    steps = rng.integers(1_000_000, 40_000_000, 31).tolist()
    now, looks, calls, warmup = 0, 0, 0, -1

    def clock() -> int:
        nonlocal now, looks
        now += steps[looks % len(steps)]
        looks += 1
        return now

    def call() -> None:
        nonlocal calls
        calls += 1

    def on_start() -> None:
        nonlocal warmup
        warmup = calls

    durations = list(measure_durations(call, protocol, clock, on_start))
    return {"protocol": asdict(protocol), "clock": steps, "durations": durations, "warmup": warmup}


def write_exif_files(folder: Path) -> list[dict[str, Any]]:
    """Files of each kind with each orientation, as Pillow writes them, and some that say nothing or nonsense."""
    image = Image.new("RGB", (16, 8), (200, 100, 50))
    files = []
    for kind in ("jpg", "png", "webp"):
        for orientation in (None, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9):
            name = f"{orientation}.{kind}"
            exif = Image.Exif()
            exif[0x010F] = "A maker"  # stands before the orientation
            if orientation is not None:
                exif[ORIENTATION] = orientation
            image.save(folder / name, exif=exif)
            files.append({"file": name, "orientation": _upright(folder / name)})
        name = f"plain.{kind}"
        image.save(folder / name)
        files.append({"file": name, "orientation": 1})
    return files


def _upright(path: Path) -> int:
    with Image.open(path) as image:
        found = image.getexif().get(ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def yuv_case() -> dict[str, Any]:
    """Brightness and colours of a JPEG, and what libjpeg makes of the very same values."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (96, 160, 3), np.uint8)
    noise[:48] = np.asarray(Image.fromarray(noise[:6, :10]).resize((160, 48), Image.Resampling.BICUBIC))
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=100, subsampling=0)

    def decode(mode: str) -> Image.Image:
        image = Image.open(io.BytesIO(file.getvalue()))
        image.draft(mode, image.size)
        image.load()
        assert image.mode == mode
        return image

    yuv, rgb = decode("YCbCr"), decode("RGB")
    assert (np.ptp(np.asarray(yuv), axis=(0, 1)) > 200).all()
    return {
        "width": yuv.width,
        "height": yuv.height,
        "yuv": base64.b64encode(yuv.tobytes()).decode(),
        "rgb": base64.b64encode(rgb.tobytes()).decode(),
    }
