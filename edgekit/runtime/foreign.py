"""What a model that others made is taken for, from its standard TFLite metadata and its tensors.

Only what the file itself says is used: a label for each class, and the normalization that pixels go
through outside of the graph. Where that is not enough the model is run on raw tensors, and nobody
has to guess.
"""

from __future__ import annotations

from collections import Counter

from edgekit.runtime.foreign_result import RAW_TENSORS, Foreign
from edgekit.runtime.pixels import Normalization
from edgekit.spec import Activation, ImageFormat, Label, ModelSpec, TensorSpec
from edgekit.tflite.metadata import TensorMetadata, TFLiteMetadata, read_metadata
from edgekit.tflite.model import Tensor, TFLiteModel

_PASS_THROUGH = ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE")
"""Operators after a softmax or sigmoid that leave the values' meaning as it is."""

_ACTIVATIONS: dict[str, Activation] = {"SOFTMAX": "softmax", "LOGISTIC": "sigmoid"}


def read_foreign(model: TFLiteModel, name: str) -> Foreign:
    """What a foreign file is taken for.

    It is an image classifier where the file has labels, and its tensors and metadata leave no doubt of
    the pixels. Form alone decides nothing: a speech model's spectrogram, uint8 (1, 20, 11, 1), has that
    of a small photo.

    Args:
        model: the file.
        name: what to call the model where its metadata has no name.

    Raises:
        ModelFileError: there is metadata, but it is broken.
    """
    metadata = read_metadata(model)
    doubt = _find_doubt(model, metadata)
    if metadata is None or doubt is not None:
        return Foreign(None, None, (f"{RAW_TENSORS}{doubt}.",))
    pixels, scores = model.inputs[0], model.outputs[0]
    about = metadata.inputs[0] if metadata.inputs else None
    image = _image_format(pixels, about)
    normalized = _normalization(pixels, about)
    assert image is not None  # else there had been a doubt
    spec = ModelSpec(
        name=metadata.name or name,
        task="image-classification",
        inputs=(TensorSpec(pixels.name, (None, *pixels.shape[1:]), pixels.dtype, (0.0, 255.0), image),),
        outputs=(TensorSpec(scores.name, (None, *scores.shape[1:]), scores.dtype),),
        labels=make_labels(metadata),
        activation=find_activation(model),
    )
    return Foreign(spec, normalized, _assumptions(spec, image, about, normalized))


def _find_doubt(model: TFLiteModel, metadata: TFLiteMetadata | None) -> str | None:
    """Why this cannot be said to be an image classifier, as a clause, or ``None`` where it can."""
    if metadata is None:
        return "nothing in the file says what its numbers mean"
    if not metadata.labels:
        named = (file.name for tensor in metadata.outputs for file in tensor.files if file.holds_labels)
        if missing := next((name for name in named if name not in metadata.files), None):
            return f"its metadata names the labels {missing}, which are not in it: it seems to be cut off at its end"
        return "its metadata has no labels"
    for kind, tensors in (("input", model.inputs), ("output", model.outputs)):
        if len(tensors) != 1:
            return f"it has {len(tensors)} {kind}s, and a classifier of photos has one"
    pixels, scores = model.inputs[0], model.outputs[0]
    about = metadata.inputs[0] if metadata.inputs else None
    if _image_format(pixels, about) is None:
        content = f", and the metadata calls it {about.content}" if about and about.content != "none" else ""
        return f"its input, {pixels.dtype} {list(pixels.shape)}, is no photo{content}"
    if scores.shape != (1, len(metadata.labels)):
        return (
            f"it answers {list(scores.shape)}, which are not one number for each of its {len(metadata.labels)} labels"
        )
    if _normalization(pixels, about) is None:
        return "the file does not say how its pixels are normalized"
    return None


def _assumptions(
    spec: ModelSpec, image: ImageFormat, about: TensorMetadata | None, normalized: Normalization | None
) -> tuple[str, ...]:
    """What the file leaves open, and what is done."""
    said = ["Photos are stretched to the model's size, as MediaPipe does; the file does not say how they are fitted."]
    if image.channels == 3 and (about is None or about.color != "rgb"):
        said.append("Channels are red, green, blue; the file does not name their order.")
    if spec.inputs[0].dtype == "uint8":
        said.append("The pixels' bytes are the input, as is the convention for uint8.")
    elif normalized is not None:
        mean, std = (", ".join(f"{value:g}" for value in values) for values in (normalized.mean, normalized.std))
        said.append(f"Pixels are normalized as its metadata says: (pixel - {mean}) / {std}.")
    if spec.activation == "none":
        said.append("Its last operator is neither softmax nor sigmoid, so its answers go through a softmax.")
    return tuple(said)


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
    if tensor.dtype not in ("uint8", "int8", "float32") or len(tensor.shape) != 4 or tensor.shape[0] != 1:
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
