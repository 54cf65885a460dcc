"""What a Core ML model says of its inputs and outputs, in the runtime's terms.

Callers see the spec's names and layouts: photos are (1, height, width, channels), a classifier's answer
is one row of probabilities in the order of the spec's labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.package import Package
from edgekit.errors import ModelFileError, NotRunHereError, UsageError
from edgekit.runtime.engines.base import TensorInfo
from edgekit.spec import TensorSpec

_DTYPES = {65552: "float16", 65568: "float32", 65600: "float64", 131104: "int32", 131080: "int8"}
"""``ArrayFeatureType.ArrayDataType`` of Core ML's ``FeatureTypes.proto``."""

_GRAY, _RGB, _BGR = 10, 20, 30
"""``ImageFeatureType.ColorSpace``; 40 is grayscale in float16."""


@dataclass(frozen=True)
class Feature:
    """One input or output.

    Attributes:
        name: in the file.
        info: as callers see it.
        dtype: NumPy's name of what Core ML takes; answers are converted to ``info.dtype``.
        image: it is a picture of Core ML, in 8 bits for each channel.
        reverse: its channels are blue, green, red.
        labels: the classes of a classifier's answer, in the order that callers see.
    """

    name: str
    info: TensorInfo
    dtype: str
    image: bool = False
    reverse: bool = False
    labels: tuple[str | int, ...] = ()

    def to_channels_first(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """A photo (1, height, width, channels) as the program takes it: (1, channels, height, width)."""
        array = np.asarray(pixels, np.float32)
        return np.ascontiguousarray((array[..., ::-1] if self.reverse else array).transpose(0, 3, 1, 2))

    def to_array(self, values: NDArray[Any], model: str) -> NDArray[Any]:
        """An array in the dtype that the file takes.

        Raises:
            UsageError: integers that do not fit.
        """
        wanted = np.dtype(self.dtype)
        if values.dtype.kind in "iu" and wanted.kind in "iu" and not np.can_cast(values.dtype, wanted):
            limits = np.iinfo(wanted)
            if values.size and (values.min() < limits.min or values.max() > limits.max):
                raise UsageError(f"{model}: {self.info.name} must be between {limits.min} and {limits.max}.")
        return values.astype(wanted, copy=False)

    def read(self, answer: Any, model: str) -> NDArray[Any]:
        """What a run answers for this output, as callers see it.

        Raises:
            ModelFileError: a label of the spec is not among the model's classes, or the size is another.
        """
        if self.labels:
            missing = [label for label in self.labels if label not in answer]
            if missing:
                raise ModelFileError(f"{model} does not answer the label {missing[0]!r}. Export the model again.")
            answer = [[answer[label] for label in self.labels]]
        array = np.asarray(answer).astype(self.info.dtype, copy=False)
        if self.info.accepts(array.shape) or None in self.info.shape:
            return array
        sizes = [int(size or 0) for size in self.info.shape]
        if array.size != np.prod(sizes, dtype=int):
            raise ModelFileError(f"{model} answers {array.shape} for {self.info}. Export the model again.")
        return array.reshape(sizes)


def read_features(package: Package) -> tuple[tuple[Feature, ...], tuple[Feature, ...]]:
    """Inputs and outputs, in the spec's order where there is a spec.

    Raises:
        NotRunHereError: a kind of feature that is neither tensor nor image.
        ModelFileError: the spec has other inputs or outputs than the model.
    """
    description = package.model.description
    spec = package.spec
    labels: Sequence[str | int] = () if spec is None else spec.label_ids
    inputs = _match(package, list(description.input), spec.inputs if spec else None, "inputs")
    given = [feature for feature in description.output if feature.name != description.predictedFeatureName]
    outputs = _match(package, given, spec.outputs if spec else None, "outputs")
    return (
        tuple(_describe(package, feature, tensor, ()) for feature, tensor in inputs),
        tuple(_describe(package, feature, tensor, labels) for feature, tensor in outputs),
    )


def _match(
    package: Package, features: list[Any], tensors: Sequence[TensorSpec] | None, kind: str
) -> list[tuple[Any, TensorSpec | None]]:
    """By name; where Core ML has other names (it takes no slashes), by the order."""
    if tensors is None:
        return [(feature, None) for feature in features]
    if len(features) != len(tensors):
        raise ModelFileError(
            f"{package.path} has {len(features)} {kind}, but its spec {len(tensors)}. Export the model again."
        )
    by_name: Mapping[str, Any] = {feature.name: feature for feature in features}
    if set(by_name) == {tensor.name for tensor in tensors}:
        features = [by_name[tensor.name] for tensor in tensors]
    return list(zip(features, tensors, strict=True))


def _describe(package: Package, feature: Any, tensor: TensorSpec | None, labels: Sequence[str | int]) -> Feature:
    name = tensor.name if tensor else feature.name
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        return _image(package, feature, tensor)
    if kind == "dictionaryType":
        classes = tuple(labels) or _classes(package)
        dtype = tensor.dtype if tensor else "float32"
        return Feature(feature.name, TensorInfo(name, (1, len(classes)), dtype), dtype, labels=classes)
    if kind != "multiArrayType":
        raise NotRunHereError(f"{package.path} cannot be run here: {feature.name} is of the kind {kind}.")
    array = feature.type.multiArrayType
    dtype = _DTYPES.get(array.dataType, "float32")
    shape = _shape(array)
    if tensor is not None and not shape:
        shape = (1, *tensor.shape[1:])
    return Feature(feature.name, TensorInfo(name, shape, tensor.dtype if tensor else dtype), dtype)


def _image(package: Package, feature: Any, tensor: TensorSpec | None) -> Feature:
    image = feature.type.imageType
    if image.colorSpace not in (_GRAY, _RGB, _BGR):
        raise NotRunHereError(f"{package.path} cannot be run here: {feature.name} has a color space of its own.")
    fixed = image.WhichOneof("SizeFlexibility") is None
    size = (image.height, image.width) if fixed else (None, None)
    channels = 1 if image.colorSpace == _GRAY else 3
    info = TensorInfo(
        tensor.name if tensor else feature.name, (1, *size, channels), tensor.dtype if tensor else "uint8"
    )
    return Feature(feature.name, info, "float32", image=True, reverse=image.colorSpace == _BGR)


def _shape(array: Any) -> tuple[int | None, ...]:
    """Sizes; ``None`` where the model takes several."""
    flexible = array.WhichOneof("ShapeFlexibility")
    if flexible == "shapeRange":
        return tuple(
            size.lowerBound if size.lowerBound == size.upperBound else None for size in array.shapeRange.sizeRanges
        )
    if flexible == "enumeratedShapes":
        shapes = [tuple(shape.shape) for shape in array.enumeratedShapes.shapes]
        return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=False))
    return tuple(array.shape)


def _classes(package: Package) -> tuple[str | int, ...]:
    """The classes of a foreign classifier, from the end of its program."""
    from edgekit.coreml.package import all_operations

    for operation in all_operations(package.model.mlProgram):
        if operation.type == "classify":
            values = [binding.value for binding in operation.inputs["classes"].arguments]
            items = [item.immediateValue.tensor for value in values for item in value.immediateValue.list.values]
            return tuple(
                item.strings.values[0] if item.WhichOneof("value") == "strings" else item.longInts.values[0]
                for item in items
            )
    raise ModelFileError(f"{package.path} is a classifier without classes. Export the model again.")
