"""The spec: a round trip through JSON, and a clear error for every other document."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.errors import SpecError
from edgekit.spec import (
    ACTIVATIONS,
    COLORS,
    MAX_SIDE,
    RESIZE_MODES,
    SCHEMA,
    ImageFormat,
    Label,
    ModelSpec,
    Provenance,
    TensorSpec,
    image_classifier,
    tensor_classifier,
)

FLOWERS = image_classifier(
    name="flowers",
    labels=(
        Label("rose", {"en": "Rose", "de": "Röschen", "zh": "玫瑰"}, {"en": "A flower with thorns."}),
        Label("tulip"),
    ),
    image=ImageFormat(224, 192, "rgb", "letterbox", 114),
    provenance=Provenance(
        data_digest="ab" * 32,
        split={"train": 2569},
        validation_share=0.2,
        versions={"keras": "3.15.1"},
        seed=7,
        metrics={"val_accuracy": 0.91},
    ),
    confidence_threshold=0.5,
)

# --- The round trip ---------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = texts.filter(lambda text: text not in ("", ".", "..") and not set(text) & set("/\\\0"))
finite = st.floats(allow_nan=False, allow_infinity=False)
image_formats = st.builds(
    ImageFormat,
    st.integers(1, MAX_SIDE),
    st.integers(1, MAX_SIDE),
    st.sampled_from(COLORS),
    st.sampled_from(RESIZE_MODES),
    st.integers(0, 255),
)
dimensions = st.lists(st.none() | st.integers(0, 2**63), max_size=5).map(tuple)
ranges = st.tuples(finite, finite).map(lambda pair: (min(pair), max(pair)))
tensors = st.builds(TensorSpec, texts, dimensions, texts, st.none() | ranges, st.none() | image_formats)
labels = st.builds(Label, texts, st.dictionaries(texts, texts), st.dictionaries(texts, texts))
provenances = st.builds(
    Provenance,
    data_digest=st.none() | texts,
    split=st.dictionaries(texts, st.integers()),
    validation_share=st.none() | st.floats(0, 1),
    versions=st.dictionaries(texts, texts),
    seed=st.none() | st.integers(),
    metrics=st.dictionaries(texts, finite),
)
thresholds = st.none() | st.floats(0, 1)


@st.composite
def specs(draw: st.DrawFn) -> ModelSpec:
    if draw(st.booleans()):
        some = st.lists(tensors, min_size=1, max_size=2).map(tuple)
        outputs = draw(st.lists(tensors, min_size=2, max_size=2).map(tuple))
        classes = tuple(draw(st.lists(labels, max_size=2)))
        activation = draw(st.sampled_from(ACTIVATIONS))
        return ModelSpec(
            draw(names), "tensors", draw(some), outputs, classes, activation, draw(thresholds), draw(provenances)
        )
    form = draw(st.sampled_from(["multi-class", "binary", "multi-label"]))
    sizes = (2, 2) if form == "binary" else (1, 3)
    chosen = draw(st.lists(labels, min_size=sizes[0], max_size=sizes[1], unique_by=lambda label: label.id))
    provenance, threshold = draw(provenances), draw(thresholds)
    if draw(st.booleans()):
        return image_classifier(
            draw(names),
            chosen,
            draw(image_formats),
            draw(st.sampled_from(["none", None])),
            provenance,
            threshold,
            multi_label=form == "multi-label",
            binary=form == "binary",
        )
    activation = "softmax" if form == "multi-class" else "sigmoid"
    multi_label = form == "multi-label"
    return tensor_classifier(
        draw(names), draw(dimensions), "int32", chosen, activation, provenance, threshold, multi_label=multi_label
    )


@settings(deadline=None)
@given(specs())
def test_round_trip_through_json(spec: ModelSpec) -> None:
    for text in (spec.to_json(), spec.to_json().encode(), spec.to_json(indent=2)):
        assert ModelSpec.from_json(text) == spec
    assert json.loads(spec.to_json()) == spec.to_dict()
    assert ModelSpec.from_dict(spec.to_dict()) == spec


def test_json_is_as_documented() -> None:
    document = json.loads(FLOWERS.to_json())
    assert next(iter(document)) == "schema"
    assert document == {
        "schema": SCHEMA,
        "name": "flowers",
        "task": "image-classification",
        "inputs": [
            {
                "name": "image",
                "shape": [None, 192, 224, 3],
                "dtype": "float32",
                "value_range": [0.0, 255.0],
                "image": {"width": 224, "height": 192, "color": "rgb", "resize": "letterbox", "fill": 114},
            }
        ],
        "outputs": [
            {
                "name": "probabilities",
                "shape": [None, 2],
                "dtype": "float32",
                "value_range": [0.0, 1.0],
                "image": None,
            }
        ],
        "labels": [
            {
                "id": "rose",
                "names": {"en": "Rose", "de": "Röschen", "zh": "玫瑰"},
                "descriptions": {"en": "A flower with thorns."},
            },
            {"id": "tulip", "names": {}, "descriptions": {}},
        ],
        "activation": "softmax",
        "confidence_threshold": 0.5,
        "provenance": {
            "data_digest": "ab" * 32,
            "split": {"train": 2569},
            "validation_share": 0.2,
            "versions": {"keras": "3.15.1"},
            "seed": 7,
            "metrics": {"val_accuracy": 0.91},
        },
    }


def test_views_of_a_spec() -> None:
    assert FLOWERS.label_ids == ("rose", "tulip")
    assert FLOWERS.image == ImageFormat(224, 192, "rgb", "letterbox", 114)
    assert FLOWERS.image.shape == (192, 224, 3)
    assert ImageFormat(4, 5, "grayscale").shape == (5, 4, 1)


IMAGE = ImageFormat(8, 8)
AB = ("a", Label("b"))

FORMS: dict[str, tuple[ModelSpec, tuple[Any, ...]]] = {
    "multi-class": (image_classifier("m", (*AB, "c"), IMAGE), ("image-classification", 3, "softmax", False, False)),
    "binary": (image_classifier("m", AB, IMAGE, "sigmoid"), ("image-classification", 1, "sigmoid", True, False)),
    "binary, too": (image_classifier("m", AB, IMAGE, binary=True), ("image-classification", 1, "sigmoid", True, False)),
    "binary, raw scores": (
        image_classifier("m", AB, IMAGE, "none", binary=True),
        ("image-classification", 1, "none", True, False),
    ),
    # As many detectors as labels, of which the best is the answer: others make such models.
    "detectors": (
        image_classifier("m", AB, IMAGE, "sigmoid", binary=False),
        ("image-classification", 2, "sigmoid", False, False),
    ),
    "multi-label": (
        image_classifier("m", AB, IMAGE, multi_label=True),
        ("multi-label-classification", 2, "sigmoid", False, True),
    ),
    "multi-label, raw scores": (
        image_classifier("m", AB, IMAGE, "none", multi_label=True),
        ("multi-label-classification", 2, "none", False, True),
    ),
    "tensors": (tensor_classifier("m", (None, 4), "float32", AB), ("tensors", 2, "softmax", False, False)),
    "binary tensors": (
        tensor_classifier("m", (None, 4), "float32", AB, "sigmoid"),
        ("tensors", 1, "sigmoid", True, False),
    ),
    "multi-label tensors": (
        tensor_classifier("m", (None, 4), "float32", AB, "sigmoid", multi_label=True),
        ("tensors", 2, "sigmoid", False, True),
    ),
    "multi-label tensors of three": (
        tensor_classifier("m", (None, 4), "float32", (*AB, "c"), "sigmoid"),
        ("tensors", 3, "sigmoid", False, True),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), FORMS.values(), ids=FORMS)
def test_what_a_classifier_decides(spec: ModelSpec, expected: tuple[Any, ...]) -> None:
    assert (spec.task, spec.classes, spec.activation, spec.binary, spec.multi_label) == expected
    assert spec.is_classifier
    assert spec.label_ids[:2] == ("a", "b")
    assert spec.outputs[0].value_range == (None if spec.activation == "none" else (0.0, 1.0))


def test_tensors_without_labels_are_no_classifier() -> None:
    spec = ModelSpec("m", "tensors", (TensorSpec("x", (None, 4)),), (TensorSpec("y", (None, 2)),))
    assert (spec.is_classifier, spec.binary, spec.multi_label) == (False, False, False)


def test_labels_of_a_detector_need_not_be_as_many_as_its_boxes() -> None:
    outputs = (TensorSpec("boxes", (None, 10, 4)), TensorSpec("scores", (None, 10)))
    spec = ModelSpec("m", "tensors", (TensorSpec("x", (None, 4)),), outputs, (Label("a"), Label("b")))
    assert not spec.is_classifier


@pytest.mark.parametrize(
    ("labels", "settings", "sentence"),
    [
        (("a", "b", "c"), {"binary": True}, "3 labels for 1 classes"),
        (("a", "b"), {"binary": True, "activation": "softmax"}, "2 labels for 1 classes"),
        (("a", "b"), {"multi_label": True, "activation": "softmax"}, "which a softmax does not allow"),
        (("a", "a"), {"multi_label": True}, "two labels have the same id"),
    ],
)
def test_labels_that_do_not_fit(labels: tuple[str, ...], settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        image_classifier("m", labels, IMAGE, **settings)


def test_unknown_fields_are_ignored() -> None:
    document = FLOWERS.to_dict()
    for place in (document, document["inputs"][0], document["inputs"][0]["image"], document["labels"][0]):
        place["of a later version"] = {"NaN": math.nan}
    assert ModelSpec.from_dict(document) == FLOWERS


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_is_not_written(value: float) -> None:
    spec = dataclasses.replace(FLOWERS, provenance=Provenance(metrics={"val_loss": value, "val_accuracy": 0.2}))
    document = json.loads(spec.to_json(), parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    assert document["provenance"]["metrics"] == {"val_accuracy": 0.2}


def test_numpy_metrics_are_written() -> None:
    # Keras gives such numbers, and the type checker does not see it.
    metrics: Any = {"val_accuracy": np.float32(0.5)}
    spec = dataclasses.replace(FLOWERS, provenance=Provenance(metrics=metrics))
    assert json.loads(spec.to_json())["provenance"]["metrics"] == {"val_accuracy": 0.5}


# --- Documents that are not complete ----------------------------------------------------------------

OPTIONAL = {"value_range", "image", "confidence_threshold", "data_digest", "validation_share", "seed"}


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every field of EdgeKit's own, not of the free maps."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            if key not in ("names", "descriptions", "split", "versions", "metrics"):
                yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))


DOCUMENT: dict[str, Any] = json.loads(FLOWERS.to_json())
PLACES = [path for path in _places(DOCUMENT) if path[0] != "outputs"]


def _name(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]


def _changed(path: tuple[str | int, ...], value: Any = None, *, drop: bool = False) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    parent: Any = document
    for part in path[:-1]:
        parent = parent[part]
    if drop:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return document


def _refused(document: Any, *parts: str) -> None:
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_dict(document, "flowers.tflite")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("path", PLACES, ids=_name)
def test_missing_field(path: tuple[str | int, ...]) -> None:
    document = _changed(path, drop=True)
    if path[-1] in OPTIONAL - {"image"}:
        assert isinstance(ModelSpec.from_dict(document), ModelSpec)
    elif path[-1] == "image":
        _refused(document, "The spec of 'flowers' is not valid: an image classifier's first input needs an image")
    else:
        _refused(document, f"The spec of flowers.tflite is not complete: {_name(path)} is missing. Export")


WRONG: dict[type, list[Any]] = {
    str: [None, 7, True, [], {}, "\ud800"],
    int: [None, "7", True, False, 1.0, math.nan, [], {}],
    float: ["0.5", True, math.nan, math.inf, 10**400, [], {}],
    list: [None, "abc", 7, {}, True],
    dict: [None, "abc", 7, [], True],
}


@pytest.mark.parametrize("path", PLACES, ids=_name)
def test_field_of_the_wrong_type(path: tuple[str | int, ...]) -> None:
    value: Any = DOCUMENT
    for part in path:
        value = value[part]
    for wrong in WRONG[type(value)]:
        if wrong is None and path[-1] in OPTIONAL:
            continue
        _refused(_changed(path, wrong), f"The spec of flowers.tflite is not complete: {_name(path)} should be")


WRONG_INSIDE: dict[tuple[str | int, ...], list[Any]] = {
    ("inputs", 0): [None, "abc", []],
    ("labels", 1): ["tulip", 7],
    ("inputs", 0, "shape", 0): [-1, True, 1.5, "1", [1]],
    ("inputs", 0, "value_range", 1): [True, math.nan, math.inf, "255", 10**400, None],
    ("labels", 0, "names", "en"): [7, None, "\udfff"],
    ("provenance", "split", "train"): [True, 1.5, "2569", None],
    ("provenance", "metrics", "val_accuracy"): [True, math.nan, "0.9", 10**400, None],
    ("provenance", "versions", "keras"): [3, None],
}


@pytest.mark.parametrize("path", WRONG_INSIDE, ids=_name)
def test_wrong_value_inside_of_a_field(path: tuple[str | int, ...]) -> None:
    place = _name(path[:-1] if path[-2] in ("shape", "value_range") else path)
    for wrong in WRONG_INSIDE[path]:
        _refused(_changed(path, wrong), f"The spec of flowers.tflite is not complete: {place} should be ")


@pytest.mark.parametrize("bounds", [[], [0.0], [0.0, 1.0, 2.0]])
def test_value_range_of_another_length(bounds: list[float]) -> None:
    _refused(_changed(("inputs", 0, "value_range"), bounds), "inputs[0].value_range should be two finite numbers")


@pytest.mark.parametrize(
    ("path", "choices"),
    [
        (("task",), "image-classification, multi-label-classification, tensors"),
        (("activation",), "softmax, sigmoid, none"),
        (("inputs", 0, "image", "color"), "rgb, grayscale"),
        (("inputs", 0, "image", "resize"), "crop, stretch, letterbox"),
    ],
)
def test_unknown_choice_lists_those_there_are(path: tuple[str | int, ...], choices: str) -> None:
    _refused(_changed(path, "bgr"), f"{_name(path)} is 'bgr', not one of {choices}")


def test_newer_schema_says_what_to_do() -> None:
    # Whatever else the newer document holds.
    _refused({"schema": SCHEMA + 1}, "flowers.tflite was written by a newer EdgeKit", "Upgrade EdgeKit")


@pytest.mark.parametrize("schema", [0, -1])
def test_schema_that_never_was(schema: int) -> None:
    _refused(_changed(("schema",), schema), "flowers.tflite has no spec of EdgeKit")


VALUES = {
    "a name that leaves the folder": (("name",), "../flowers", "cannot be the name of a file"),
    "no name": (("name",), "", "cannot be the name of a file"),
    "no inputs": (("inputs",), [], "at least one input"),
    "no outputs": (("outputs",), [], "at least one input and one output"),
    "no width": (("inputs", 0, "image", "width"), 0, "the image size 0x192 is not in 1..65535"),
    "a huge height": (("inputs", 0, "image", "height"), 10**30, "is not in 1..65535"),
    "a fill above": (("inputs", 0, "image", "fill"), 256, "the letterbox fill 256 is not in 0..255"),
    "a fill below": (("inputs", 0, "image", "fill"), -1, "the letterbox fill -1 is not in 0..255"),
    "a threshold above": (("confidence_threshold",), 1.01, "the confidence threshold 1.01 is not in 0..1"),
    "a range upside down": (("inputs", 0, "value_range"), [1.0, 0.0], "the smaller first"),
    "a label twice": (("labels", 1, "id"), "rose", "two labels have the same id"),
    "too few labels": (("labels",), DOCUMENT["labels"][:1], "it has 1 labels for 2 classes"),
}


@pytest.mark.parametrize(("path", "value", "reason"), VALUES.values(), ids=VALUES)
def test_value_that_is_not_valid(path: tuple[str | int, ...], value: Any, reason: str) -> None:
    _refused(_changed(path, value), "is not valid", reason)


def test_spec_made_in_python_is_checked_too() -> None:
    with pytest.raises(SpecError, match="the confidence threshold nan is not in"):
        dataclasses.replace(FLOWERS, confidence_threshold=math.nan)
    with pytest.raises(SpecError, match="not two finite numbers"):
        dataclasses.replace(FLOWERS, outputs=(TensorSpec("scores", (None, 2), value_range=(0.0, math.inf)),))
    with pytest.raises(SpecError, match="not valid Unicode"):
        # What Python makes of the name of a folder that is not UTF-8.
        image_classifier("flowers", (Label(b"K\xf6ln".decode("utf-8", "surrogateescape")),), ImageFormat(8, 8))
    with pytest.raises(SpecError, match="not valid Unicode"):
        image_classifier("flowers", (Label("a", descriptions={"de": "\udcf6"}),), ImageFormat(8, 8))


@pytest.mark.parametrize(
    "text", ["", "{", "spec", b"\xff\xfe", b"PK\x03\x04", '{"schema": 1', "[" * 100_000, "1" * 5_000], ids=repr
)
def test_text_that_is_not_json(text: str | bytes) -> None:
    with pytest.raises(SpecError, match=r"^flowers\.tflite holds a spec that is not JSON"):
        ModelSpec.from_json(text, "flowers.tflite")


@pytest.mark.parametrize("text", ["null", "7", "[]", '"spec"', "NaN"])
def test_json_that_is_no_object(text: str) -> None:
    with pytest.raises(SpecError, match="the document should be an object, not"):
        ModelSpec.from_json(text)


# --- Any document at all ----------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DOCUMENT, "x"]), inner, max_size=4),
    max_leaves=12,
)


def _accept_or_refuse(document: Any) -> None:
    """Only a :class:`SpecError` may come out, and what is accepted can be written and read again."""
    try:
        spec = ModelSpec.from_dict(document)
    except SpecError:
        return
    assert ModelSpec.from_json(spec.to_json().encode("utf-8")) == spec


@settings(deadline=None, max_examples=200)
@given(anything)
def test_any_json_document(document: Any) -> None:
    _accept_or_refuse(document)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=2))
def test_any_value_at_any_place(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes:
        parent: Any = document
        try:
            for part in path[:-1]:
                parent = parent[part]
            parent[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took this place away
    _accept_or_refuse(document)
