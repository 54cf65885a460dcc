"""What Xcode and the reader of a Core ML package are told about a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.coreml.package import SPEC_KEY
from edgekit.spec import ModelSpec, TensorSpec
from edgekit.version import __version__

PREVIEW_KEY = "com.apple.coreml.model.preview.type"
"""Xcode shows a preview of ML programs that say of which kind they are: coremltools' guide, "Xcode Model
Preview Types"."""

IMAGE_CLASSIFIER = "imageClassifier"

LABEL = "classLabel"
"""The output with the best class' label, under the name that Apple's own models have for it."""

_SHOWN_LABELS = 6


@dataclass(frozen=True)
class Texts:
    """The texts of Xcode's head of a model; empty ones get a default."""

    author: str = ""
    license: str = ""
    version: str = ""
    description: str = ""


def is_label_classifier(spec: ModelSpec) -> bool:
    """Whether Core ML can name the answer: one probability for each label, of which one is right.

    Core ML's classifiers answer the label with the greatest probability. That says nothing of a
    multi-label model, and of a binary one the single output is no list of labels; raw scores would be
    shown as if they were probabilities. All of these answer plain tensors.
    """
    one_of_each = bool(spec.labels) and spec.classes in (None, len(spec.labels)) and len(spec.outputs[0].shape) == 2
    return spec.is_classifier and spec.activation == "softmax" and one_of_each


def describe(model: Any, spec: ModelSpec, texts: Texts, names: dict[str, str]) -> None:
    """Writes the spec and all texts into an ``MLModel``.

    Args:
        model: the model.
        spec: of the model.
        texts: what the user wants it to say.
        names: of the spec's tensors in Core ML, by the spec's name.
    """
    model.author = texts.author or f"Exported with EdgeKit {__version__}"
    model.license = texts.license or "Not stated"
    model.version = texts.version or "1.0"
    model.short_description = texts.description or describe_model(spec)
    for tensor in spec.inputs:
        model.input_description[names[tensor.name]] = _describe_input(tensor)
    for tensor in spec.outputs:
        model.output_description[names[tensor.name]] = _describe_output(tensor, spec)
    if is_label_classifier(spec):
        model.output_description[LABEL] = "The label with the greatest probability."
    model.user_defined_metadata[SPEC_KEY] = spec.to_json()
    if is_label_classifier(spec) and spec.image:
        model.user_defined_metadata[PREVIEW_KEY] = IMAGE_CLASSIFIER


def describe_model(spec: ModelSpec) -> str:
    """A sentence or two on what a model does and how well, from its spec."""
    sentences = [f"{spec.name}: {_describe_task(spec)}."]
    trained = spec.provenance.split.get("train")
    if trained:
        sentences.append(f"Trained on {trained:,} {'photos' if spec.image else 'samples'}.")
    accuracy = spec.provenance.metrics.get("val_accuracy")
    if accuracy is not None:
        sentences.append(f"Validation accuracy {accuracy:.1%}.")
    return " ".join(sentences)


def _describe_task(spec: ModelSpec) -> str:
    if not spec.is_classifier or not spec.labels:
        return "answers " + ", ".join(tensor.name for tensor in spec.outputs)
    shown = ", ".join(spec.label_ids[:_SHOWN_LABELS])
    more = len(spec.labels) - _SHOWN_LABELS
    labels = f"{shown} and {more} more" if more > 0 else shown
    what = "a photo" if spec.image else "a sample"
    return f"says which of these {what} shows: {labels}" if spec.multi_label else f"tells what {what} is: {labels}"


def _describe_input(tensor: TensorSpec) -> str:
    image = tensor.image
    if image is None:
        return f"A tensor of {_shape(tensor)}."
    color = "An RGB" if image.color == "rgb" else "A grayscale"
    return f"{color} photo of {image.width} x {image.height} pixels ({image.resize})."


def _describe_output(tensor: TensorSpec, spec: ModelSpec) -> str:
    if tensor != spec.outputs[0] or not spec.is_classifier:
        return f"A tensor of {_shape(tensor)}."
    what = "The score" if spec.activation == "none" else "The probability"
    if spec.binary:
        return f"{what} of {spec.labels[1].id} (against {spec.labels[0].id})."
    return f"{what} of each label" + ("." if is_label_classifier(spec) else ", in the order of the spec.")


def _shape(tensor: TensorSpec) -> str:
    return " x ".join("1" if size is None else str(size) for size in tensor.shape) or "one value"
