"""A spec for image classifiers that others made, from standard TFLite metadata.

Only what the file itself says is used: a label for each class, and the normalization that pixels go
through outside of the graph. Where that is not enough the model is run on raw tensors, and nobody
has to guess.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from edgekit.runtime.pixels import Normalization
from edgekit.spec import Activation, ImageFormat, Label, ModelSpec, TensorSpec
from edgekit.tflite.metadata import TensorMetadata, TFLiteMetadata, read_metadata
from edgekit.tflite.model import Tensor, TFLiteModel

_PASS_THROUGH = ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE")
"""Operators after a softmax or sigmoid that leave the values' meaning as it is."""

_ACTIVATIONS: dict[str, Activation] = {"SOFTMAX": "softmax", "LOGISTIC": "sigmoid"}


@dataclass(frozen=True)
class ForeignSpec:
    """What a foreign file says about itself; ``normalization`` is ``None`` where pixels go in as they are."""

    spec: ModelSpec
    normalization: Normalization | None


def read_foreign_spec(model: TFLiteModel, name: str) -> ForeignSpec | None:
    """The spec of a foreign image classifier, or ``None`` where the file does not say enough.

    Args:
        model: the file.
        name: what to call the model where its metadata has no name.

    Raises:
        ModelFileError: there is metadata, but it is broken.
    """
    metadata = read_metadata(model)
    if metadata is None or not metadata.labels or len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    pixels, scores = model.inputs[0], model.outputs[0]
    about = metadata.inputs[0] if metadata.inputs else None
    image = _image_format(pixels, about)
    if image is None or scores.shape != (1, len(metadata.labels)):
        return None
    normalized = _normalization(pixels, about)
    if pixels.dtype == "float32" and normalized is None:
        return None
    spec = ModelSpec(
        name=metadata.name or name,
        task="image-classification",
        inputs=(TensorSpec(pixels.name, (None, *pixels.shape[1:]), pixels.dtype, (0.0, 255.0), image),),
        outputs=(TensorSpec(scores.name, (None, *scores.shape[1:]), scores.dtype),),
        labels=make_labels(metadata),
        activation=find_activation(model),
    )
    return ForeignSpec(spec, normalized)


def make_labels(metadata: TFLiteMetadata) -> tuple[Label, ...]:
    """One label for each class. Ids are made unique: ImageNet has two classes called "crane"."""
    times = Counter(metadata.labels)
    seen: Counter[str] = Counter()
    labels: list[Label] = []
    for index, name in enumerate(metadata.labels):
        seen[name] += 1
        names = {locale: texts[index] for locale, texts in metadata.labels_by_locale if index < len(texts)}
        unique = name if times[name] == 1 else f"{name} ({seen[name]})"
        labels.append(Label(unique, names or ({"en": name} if unique != name else {})))
    return tuple(labels)


def find_activation(model: TFLiteModel) -> Activation:
    """What the first output went through last, read from the graph."""
    main = model.subgraphs[0]
    producers = {tensor: operator for operator in main.operators for tensor in operator.outputs}
    tensor, left = main.outputs[0], len(main.operators)
    while left and (operator := producers.get(tensor)) is not None:
        if operator.name not in _PASS_THROUGH or not operator.inputs:
            return _ACTIVATIONS.get(operator.name, "none")
        tensor, left = operator.inputs[0], left - 1
    return "none"


def _image_format(tensor: Tensor, about: TensorMetadata | None) -> ImageFormat | None:
    if tensor.dtype not in ("uint8", "float32") or len(tensor.shape) != 4 or tensor.shape[0] != 1:
        return None
    _, height, width, channels = tensor.shape
    if channels not in (1, 3) or min(height, width) < 1 or (about and about.content not in ("image", "none")):
        return None
    # MediaPipe and Android Studio, which this metadata is for, stretch the photo.
    return ImageFormat(width, height, "rgb" if channels == 3 else "grayscale", "stretch")


def _normalization(tensor: Tensor, about: TensorMetadata | None) -> Normalization | None:
    if tensor.dtype == "uint8":
        # By convention the pixels' bytes are the stored values: what the tensor's scale makes of them
        # is the normalization, whatever the metadata repeats.
        quantization = tensor.quantization
        if quantization is None or not all(quantization.scales[:1]):
            return None
        return Normalization((float((*quantization.zero_points, 0)[0]),), (1.0 / quantization.scales[0],))
    if about is None or not about.mean or not about.std or 0.0 in about.std:
        return None
    lengths = (1, tensor.shape[3])
    return Normalization(about.mean, about.std) if {len(about.mean), len(about.std)} <= set(lengths) else None
