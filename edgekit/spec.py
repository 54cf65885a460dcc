"""ModelSpec: what a model's inputs must be and what its outputs mean.

It is written once, at training, and embedded in every artifact that the model becomes. Plain
frozen dataclasses with a JSON form and a schema number; nothing here reads a model.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from edgekit.errors import SpecError

SCHEMA = 1

MAX_SIDE = 65_535
"""The largest width or height of an input image: JPEG's own limit."""

Task = Literal["image-classification", "tensors"]
Color = Literal["rgb", "grayscale"]
ResizeMode = Literal["crop", "stretch", "letterbox"]
Activation = Literal["softmax", "sigmoid", "none"]

TASKS: tuple[Task, ...] = ("image-classification", "tensors")
COLORS: tuple[Color, ...] = ("rgb", "grayscale")
RESIZE_MODES: tuple[ResizeMode, ...] = ("crop", "stretch", "letterbox")
ACTIVATIONS: tuple[Activation, ...] = ("softmax", "sigmoid", "none")


@dataclass(frozen=True)
class ImageFormat:
    """What a photo must become before it is an input tensor.

    Attributes:
        width: pixels, 1..:data:`MAX_SIDE`.
        height: pixels, 1..:data:`MAX_SIDE`.
        color: ``rgb`` (3 channels, in this order) or ``grayscale`` (1 channel).
        resize: ``crop`` (the largest centred box of the right aspect ratio), ``stretch`` (the
            whole photo, its aspect ratio lost) or ``letterbox`` (the whole photo, bars at two sides).
        fill: the value 0..255 of every channel of the letterbox bars.
    """

    width: int
    height: int
    color: Color = "rgb"
    resize: ResizeMode = "crop"
    fill: int = 0

    @property
    def channels(self) -> int:
        return 3 if self.color == "rgb" else 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (self.height, self.width, self.channels)


@dataclass(frozen=True)
class TensorSpec:
    """One named input or output.

    Attributes:
        name: the name in the model's signature.
        shape: dimensions, ``None`` where any size is taken (the batch comes first).
        dtype: NumPy's name, as in ``float32``.
        value_range: the smallest and the largest meaningful value, or ``None``.
        image: how a photo becomes this tensor; ``None`` for a tensor that is no photo.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    value_range: tuple[float, float] | None = None
    image: ImageFormat | None = None


@dataclass(frozen=True)
class Label:
    """One class: the id (its folder's name) and, per locale, a display name and a description."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from.

    Attributes:
        data_digest: SHA-256 (hex) over the digests, labels and split of all training images.
        split: number of images per part, as in ``{"train": 2569, "validation": 550}``.
        validation_share: the share 0..1 that was kept for validation; ``None`` where folders said so.
        versions: package name to version.
        seed: the seed of split, initialisation and order.
        metrics: name to value, as in ``{"val_accuracy": 0.91}``. JSON has no infinity, so values
            that are not finite are not written.
    """

    data_digest: str | None = None
    split: Mapping[str, int] = field(default_factory=dict)
    validation_share: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelSpec:
    """What a model takes and what it answers.

    Attributes:
        name: the model's name, used for the artifacts' file names.
        task: ``image-classification``, or ``tensors`` for every other model.
        inputs: at least one tensor; an image classifier's first has an :class:`ImageFormat`.
        outputs: at least one tensor; an image classifier's first is (batch, classes).
        labels: one for each class, in the order of the output.
        activation: what the outputs went through, so what they mean.
        confidence_threshold: 0..1; where no class reaches it, the answer is "none of these".
        provenance: where the model comes from.
    """

    name: str
    task: Task
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    labels: tuple[Label, ...] = ()
    activation: Activation = "none"
    confidence_threshold: float | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        problem = _find_problem(self)
        if problem:
            raise SpecError(f"The spec of {self.name!r} is not valid: {problem}.")

    @property
    def image(self) -> ImageFormat | None:
        """How a photo becomes the first input, or ``None``."""
        return self.inputs[0].image

    @property
    def label_ids(self) -> tuple[str, ...]:
        return tuple(label.id for label in self.labels)

    def same_model(self, other: ModelSpec) -> bool:
        """Whether both describe the same trained model; name and confidence threshold may differ."""
        return dataclasses.replace(self, name=other.name, confidence_threshold=other.confidence_threshold) == other

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; the key ``schema`` comes first."""
        document: dict[str, Any] = {"schema": SCHEMA, **_as_json(dataclasses.asdict(self))}
        metrics = self.provenance.metrics
        document["provenance"]["metrics"] = {key: float(metrics[key]) for key in metrics if math.isfinite(metrics[key])}
        return document

    def to_json(self, indent: int | None = None) -> str:
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, document: object, source: str = "the model") -> ModelSpec:
        """Reads what :meth:`to_dict` gives; unknown fields are ignored.

        Args:
            document: the parsed JSON.
            source: the name of the file, for the error's sentence.

        Raises:
            SpecError: a field is missing or of the wrong type, or the schema is newer than
                :data:`SCHEMA`.
        """
        fields = _Fields(document, source, "")
        schema = fields.take("schema", int)
        if schema < 1:
            raise SpecError(f"{source} has no spec of EdgeKit (its schema is {schema}). Export the model again.")
        if schema > SCHEMA:
            raise SpecError(
                f"{source} was written by a newer EdgeKit (spec schema {schema}, this version reads up to "
                f"{SCHEMA}). Upgrade EdgeKit."
            )
        return cls(
            name=fields.take("name", str),
            task=cast(Task, fields.choice("task", TASKS)),
            inputs=tuple(_read_tensor(item) for item in fields.items("inputs")),
            outputs=tuple(_read_tensor(item) for item in fields.items("outputs")),
            labels=tuple(_read_label(item) for item in fields.items("labels")),
            activation=cast(Activation, fields.choice("activation", ACTIVATIONS)),
            confidence_threshold=fields.optional("confidence_threshold", float),
            provenance=_read_provenance(fields.child("provenance")),
        )

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "the model") -> ModelSpec:
        """Reads what :meth:`to_json` gives.

        Raises:
            SpecError: not JSON, or as for :meth:`from_dict`.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"{source} holds a spec that is not JSON ({error}). Export the model again.") from error
        return cls.from_dict(document, source)


def image_classifier(
    name: str,
    labels: tuple[Label, ...],
    image: ImageFormat,
    activation: Activation = "softmax",
    provenance: Provenance | None = None,
    confidence_threshold: float | None = None,
) -> ModelSpec:
    """The spec of a classifier: pixels 0..255 in, one probability for each label out."""
    return ModelSpec(
        name=name,
        task="image-classification",
        inputs=(TensorSpec("image", (None, *image.shape), "float32", (0.0, 255.0), image),),
        outputs=(TensorSpec("probabilities", (None, len(labels)), "float32", (0.0, 1.0)),),
        labels=labels,
        activation=activation,
        provenance=provenance or Provenance(),
        confidence_threshold=confidence_threshold,
    )


def _find_problem(spec: ModelSpec) -> str | None:
    if spec.name in ("", ".", "..") or any(character in spec.name for character in "/\\\0"):
        return "its name cannot be the name of a file"
    if not spec.inputs or not spec.outputs:
        return "it needs at least one input and one output"
    if not all(_fits(text, str) for text in (spec.name, *spec.label_ids)):
        return "a name holds bytes that are not valid Unicode"
    if spec.task == "image-classification" and (problem := _find_classifier_problem(spec)):
        return problem
    for tensor in (*spec.inputs, *spec.outputs):
        image, bounds = tensor.image, tensor.value_range
        if image and not (1 <= image.width <= MAX_SIDE and 1 <= image.height <= MAX_SIDE):
            return f"the image size {image.width}x{image.height} is not in 1..{MAX_SIDE}"
        if image and not 0 <= image.fill <= 255:
            return f"the letterbox fill {image.fill} is not in 0..255"
        if bounds and not (_fits(bounds[0], float) and _fits(bounds[1], float) and bounds[0] <= bounds[1]):
            return f"the value range of {tensor.name} is not two finite numbers, the smaller first"
    threshold = spec.confidence_threshold
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        return f"the confidence threshold {threshold} is not in 0..1"
    return None


def _find_classifier_problem(spec: ModelSpec) -> str | None:
    if spec.inputs[0].image is None:
        return "an image classifier's first input needs an image format"
    if len(set(spec.label_ids)) != len(spec.labels):
        return "two labels have the same id"
    shape = spec.outputs[0].shape
    if spec.labels and shape and shape[-1] not in (None, len(spec.labels)):
        return f"it has {len(spec.labels)} labels for {shape[-1]} classes"
    return None


class _Fields:
    """One JSON object on its way to a dataclass; knows its place, for the error's sentence."""

    def __init__(self, document: object, source: str, place: str) -> None:
        self._source = source
        self._place = place
        if not isinstance(document, dict):
            raise self._error(place or "the document", f"should be an object, not {_describe(document)}")
        self._document: dict[str, Any] = document

    def take(self, key: str, kind: type[Any]) -> Any:
        if key not in self._document:
            raise self._error(self._name(key), "is missing")
        return self._check(self._name(key), self._document[key], kind)

    def optional(self, key: str, kind: type[Any]) -> Any:
        return None if self._document.get(key) is None else self.take(key, kind)

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = str(self.take(key, str))
        if value not in choices:
            raise self._error(self._name(key), f"is {value!r}, not one of {', '.join(choices)}")
        return value

    def items(self, key: str) -> list[_Fields]:
        return [
            _Fields(item, self._source, f"{self._name(key)}[{index}]")
            for index, item in enumerate(self.take(key, list))
        ]

    def child(self, key: str) -> _Fields:
        return _Fields(self.take(key, dict), self._source, self._name(key))

    def optional_child(self, key: str) -> _Fields | None:
        return None if self._document.get(key) is None else self.child(key)

    def bounds(self, key: str) -> tuple[float, float] | None:
        values = self.optional(key, list)
        if values is None:
            return None
        if len(values) != 2 or not all(_fits(value, float) for value in values):
            raise self._error(self._name(key), "should be two finite numbers, or null")
        return (float(values[0]), float(values[1]))

    def dimensions(self, key: str) -> tuple[int | None, ...]:
        values = self.take(key, list)
        if not all(value is None or (_fits(value, int) and value >= 0) for value in values):
            raise self._error(self._name(key), "should be a list of sizes, null for any")
        return tuple(values)

    def mapping(self, key: str, kind: type[Any]) -> dict[str, Any]:
        place = self._name(key)
        values = self.take(key, dict)
        return {self._check(place, name, str): self._check(f"{place}.{name}", values[name], kind) for name in values}

    def _check(self, place: str, value: object, kind: type[Any]) -> Any:
        if not _fits(value, kind):
            raise self._error(place, f"should be {_KINDS[kind]}, not {_describe(value)}")
        return float(value) if kind is float else value  # type: ignore[arg-type]

    def _name(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _error(self, name: str, what: str) -> SpecError:
        return SpecError(f"The spec of {self._source} is not complete: {name} {what}. Export the model again.")


_KINDS = {dict: "an object", list: "an array", str: "a string", int: "a whole number", float: "a finite number"}


def _fits(value: object, kind: type[Any]) -> bool:
    """Whether a JSON value can be taken as ``kind``: a boolean is no number, a whole number is a ``float`` too."""
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, int | float) and abs(value) <= sys.float_info.max
    if kind is str and isinstance(value, str):
        # Half of a surrogate pair, as from an undecodable file name, could not be written again.
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, kind)


def _as_json(value: Any) -> Any:
    """With lists for tuples, so that it equals what is read back."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, tuple) else value


def _describe(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return "a string" if _fits(value, str) else "one that is no valid Unicode"
    if isinstance(value, int | float):
        return str(value) if _fits(value, float) else "a number beyond all limits"
    return "an array" if isinstance(value, list) else "an object"


def _read_tensor(fields: _Fields) -> TensorSpec:
    image = fields.optional_child("image")
    return TensorSpec(
        name=fields.take("name", str),
        shape=fields.dimensions("shape"),
        dtype=fields.take("dtype", str),
        value_range=fields.bounds("value_range"),
        image=_read_image(image) if image else None,
    )


def _read_image(fields: _Fields) -> ImageFormat:
    return ImageFormat(
        width=fields.take("width", int),
        height=fields.take("height", int),
        color=cast(Color, fields.choice("color", COLORS)),
        resize=cast(ResizeMode, fields.choice("resize", RESIZE_MODES)),
        fill=fields.take("fill", int),
    )


def _read_label(fields: _Fields) -> Label:
    return Label(
        id=fields.take("id", str),
        names=fields.mapping("names", str),
        descriptions=fields.mapping("descriptions", str),
    )


def _read_provenance(fields: _Fields) -> Provenance:
    return Provenance(
        data_digest=fields.optional("data_digest", str),
        split=fields.mapping("split", int),
        validation_share=fields.optional("validation_share", float),
        versions=fields.mapping("versions", str),
        seed=fields.optional("seed", int),
        metrics=fields.mapping("metrics", float),
    )
