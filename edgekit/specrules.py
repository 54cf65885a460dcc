"""What makes a spec valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.specfields import fits

if TYPE_CHECKING:
    from edgekit.spec import ImageFormat, ModelSpec

MAX_SIDE = 65_535
"""The largest width or height of an input image: JPEG's own limit."""


def find_problem(spec: ModelSpec) -> str | None:
    """What is wrong with a spec, as the end of a sentence, or ``None``."""
    if spec.name in ("", ".", "..") or any(character in spec.name for character in "/\\\0"):
        return "its name cannot be the name of a file"
    if not spec.inputs or not spec.outputs:
        return "it needs at least one input and one output"
    if not all(fits(text, str) for text in _texts(spec)):
        return "a name holds bytes that are not valid Unicode"
    if problem := _find_task_problem(spec) or _find_label_problem(spec):
        return problem
    for tensor in (*spec.inputs, *spec.outputs):
        image, bounds = tensor.image, tensor.value_range
        if image and (problem := find_image_problem(image)):
            return problem
        if bounds and not (fits(bounds[0], float) and fits(bounds[1], float) and bounds[0] <= bounds[1]):
            return f"the value range of {tensor.name} is not two finite numbers, the smaller first"
    threshold = spec.confidence_threshold
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        return f"the confidence threshold {threshold} is not in 0..1"
    return None


def find_image_problem(image: ImageFormat) -> str | None:
    """What is wrong with the format of an image, as the end of a sentence, or ``None``."""
    if not (1 <= image.width <= MAX_SIDE and 1 <= image.height <= MAX_SIDE):
        return f"the image size {image.width}x{image.height} is not in 1..{MAX_SIDE}"
    if not 0 <= image.fill <= 255:
        return f"the letterbox fill {image.fill} is not in 0..255"
    return None


def _texts(spec: ModelSpec) -> list[str]:
    texts = [spec.name]
    for label in spec.labels:
        texts += (label.id, *label.names, *label.names.values(), *label.descriptions, *label.descriptions.values())
    return texts


def _find_task_problem(spec: ModelSpec) -> str | None:
    if spec.task == "tensors":
        return None
    if spec.inputs[0].image is None:
        return "an image classifier's first input needs an image format"
    if spec.task == "multi-label-classification" and spec.activation == "softmax":
        return "of a multi-label classifier's outputs any can be 1, which a softmax does not allow"
    return None


def _find_label_problem(spec: ModelSpec) -> str | None:
    if not spec.is_classifier:
        return None
    if len(set(spec.label_ids)) != len(spec.labels):
        return "two labels have the same id"
    if spec.labels and not spec.binary and spec.classes not in (None, len(spec.labels)):
        return f"it has {len(spec.labels)} labels for {spec.classes} classes"
    return None
