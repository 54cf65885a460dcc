"""ModelSpec: what a model's inputs must be and what its outputs mean.

It is written once, at training, and embedded in every artifact that the model becomes. Plain
frozen dataclasses with a JSON form and a schema number; nothing here reads a model.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from edgekit.errors import SpecError
from edgekit.specfields import Fields
from edgekit.specrules import MAX_SIDE, find_problem

__all__ = [
    "ACTIVATIONS",
    "COLORS",
    "MAX_SIDE",
    "RESIZE_MODES",
    "SCHEMA",
    "TASKS",
    "Activation",
    "Color",
    "ImageFormat",
    "Label",
    "ModelSpec",
    "Provenance",
    "ResizeMode",
    "Task",
    "TensorSpec",
    "image_classifier",
    "tensor_classifier",
]

SCHEMA = 1

Task = Literal["image-classification", "multi-label-classification", "tensors"]
Color = Literal["rgb", "grayscale"]
ResizeMode = Literal["crop", "stretch", "letterbox"]
Activation = Literal["softmax", "sigmoid", "none"]

TASKS: tuple[Task, ...] = ("image-classification", "multi-label-classification", "tensors")
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
    """One class: the id (its folder's name) and, per locale, a display name and a description.

    Locales are as in ``de`` or ``pt-BR``. What to show to whom: :func:`edgekit.language.display_name`
    and :func:`~edgekit.language.description`.
    """

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
        task: ``image-classification`` (a photo has one label), ``multi-label-classification`` (it can
            have any number of them), or ``tensors`` for a model that takes no photos.
        inputs: at least one tensor; an image classifier's first has an :class:`ImageFormat`.
        outputs: at least one tensor; a classifier's first is (batch, labels), or of a
            :attr:`binary` one (batch, 1).
        labels: one for each class, in the order of the output; ``tensors`` may have some, too.
        activation: what the outputs went through, so what they mean; ``none`` for raw scores.
        confidence_threshold: 0..1; where no class reaches it, the answer is "none of these". Of a
            multi-label model all labels that reach it are the answer (0.5 where it is ``None``).
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
        problem = find_problem(self)
        if problem:
            raise SpecError(f"The spec of {self.name!r} is not valid: {problem}.")

    @property
    def image(self) -> ImageFormat | None:
        """How a photo becomes the first input, or ``None``."""
        return self.inputs[0].image

    @property
    def label_ids(self) -> tuple[str, ...]:
        return tuple(label.id for label in self.labels)

    @property
    def classes(self) -> int | None:
        """Size of the first output's last dimension; ``None`` where the spec does not say."""
        shape = self.outputs[0].shape
        return shape[-1] if len(shape) > 1 else None

    @property
    def is_classifier(self) -> bool:
        """Whether it answers one probability for each label: :mod:`edgekit.outputs` has them."""
        if self.task != "tensors":
            return True
        one_of_each = len(self.inputs) == len(self.outputs) == 1
        return bool(self.labels) and one_of_each and len(self.outputs[0].shape) == 2

    @property
    def binary(self) -> bool:
        """Whether two labels share one output: the probability (or score) of the second."""
        single = self.task != "multi-label-classification" and self.activation != "softmax" and self.classes == 1
        return single and len(self.labels) == 2

    @property
    def multi_label(self) -> bool:
        """Whether any number of labels can be true, each output being the probability of its own."""
        if self.task == "tensors":
            return self.is_classifier and self.activation == "sigmoid" and not self.binary
        return self.task == "multi-label-classification"

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
        fields = Fields(document, source, "")
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
    labels: Sequence[Label | str],
    image: ImageFormat,
    activation: Activation | None = None,
    provenance: Provenance | None = None,
    confidence_threshold: float | None = None,
    *,
    multi_label: bool = False,
    binary: bool | None = None,
) -> ModelSpec:
    """The spec of a classifier of photos: pixels 0..255 in, probabilities out.

    Args:
        name: of the model.
        labels: in the order of the outputs; a string is a label's id.
        image: what a photo becomes.
        activation: ``none`` where the model answers raw scores; by default ``sigmoid`` of a binary
            or multi-label model, else ``softmax``.
        provenance: where the model comes from.
        confidence_threshold: 0..1.
        multi_label: whether a photo can have any number of the labels.
        binary: whether there is one output, the probability of the second of two labels; by default
            where two labels have the activation ``sigmoid`` and are not multi-label.
    """
    return _classifier(
        name,
        "multi-label-classification" if multi_label else "image-classification",
        TensorSpec("image", (None, *image.shape), "float32", (0.0, 255.0), image),
        labels,
        activation or ("sigmoid" if multi_label or binary else "softmax"),
        provenance,
        confidence_threshold,
        not multi_label and binary,
    )


def tensor_classifier(
    name: str,
    shape: Sequence[int | None],
    dtype: str,
    labels: Sequence[Label | str],
    activation: Activation = "softmax",
    provenance: Provenance | None = None,
    confidence_threshold: float | None = None,
    *,
    multi_label: bool | None = None,
) -> ModelSpec:
    """The spec of a classifier of samples that are no photos: sound, sensor readings, sequences.

    Args:
        name: of the model.
        shape: of the input, the batch (``None``) first.
        dtype: of the input.
        labels: as for :func:`image_classifier`.
        activation: ``softmax`` (one of the labels), ``sigmoid`` (of two labels: one output, the
            probability of the second; else any of them) or ``none`` for raw scores of one of them.
        provenance: where the model comes from.
        confidence_threshold: 0..1.
        multi_label: with ``sigmoid``, whether each of two labels has an output of its own.
    """
    taken = TensorSpec("sample", tuple(shape), dtype)
    binary = False if multi_label else None
    return _classifier(name, "tensors", taken, labels, activation, provenance, confidence_threshold, binary)


def _classifier(
    name: str,
    task: Task,
    taken: TensorSpec,
    labels: Sequence[Label | str],
    activation: Activation,
    provenance: Provenance | None,
    confidence_threshold: float | None,
    binary: bool | None,
) -> ModelSpec:
    if binary is None:
        binary = activation == "sigmoid" and len(labels) == 2
    bounds = None if activation == "none" else (0.0, 1.0)
    return ModelSpec(
        name=name,
        task=task,
        inputs=(taken,),
        outputs=(TensorSpec("probabilities", (None, 1 if binary else len(labels)), "float32", bounds),),
        labels=tuple(Label(label) if isinstance(label, str) else label for label in labels),
        activation=activation,
        provenance=provenance or Provenance(),
        confidence_threshold=confidence_threshold,
    )


def _as_json(value: Any) -> Any:
    """With lists for tuples, so that it equals what is read back."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, tuple) else value


def _read_tensor(fields: Fields) -> TensorSpec:
    image = fields.optional_child("image")
    return TensorSpec(
        name=fields.take("name", str),
        shape=fields.dimensions("shape"),
        dtype=fields.take("dtype", str),
        value_range=fields.bounds("value_range"),
        image=_read_image(image) if image else None,
    )


def _read_image(fields: Fields) -> ImageFormat:
    return ImageFormat(
        width=fields.take("width", int),
        height=fields.take("height", int),
        color=cast(Color, fields.choice("color", COLORS)),
        resize=cast(ResizeMode, fields.choice("resize", RESIZE_MODES)),
        fill=fields.take("fill", int),
    )


def _read_label(fields: Fields) -> Label:
    return Label(
        id=fields.take("id", str),
        names=fields.mapping("names", str),
        descriptions=fields.mapping("descriptions", str),
    )


def _read_provenance(fields: Fields) -> Provenance:
    return Provenance(
        data_digest=fields.optional("data_digest", str),
        split=fields.mapping("split", int),
        validation_share=fields.optional("validation_share", float),
        versions=fields.mapping("versions", str),
        seed=fields.optional("seed", int),
        metrics=fields.mapping("metrics", float),
    )
