"""A description of any ``.tflite`` file, for ``edgekit inspect``."""

from __future__ import annotations

import dataclasses
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import ModelFileError, SpecError
from edgekit.spec import ModelSpec
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.macs import MacCount, count_macs
from edgekit.tflite.metadata import TFLiteMetadata, read_metadata
from edgekit.tflite.model import Operator, Tensor, TFLiteModel, read_model
from edgekit.tflite.schema import SCHEMA_VERSION
from edgekit.tflite.spec_io import read_spec

_RUNTIME_VERSION_ENTRY = "min_runtime_version"

_BOOKKEEPING_TYPES = frozenset({"int32", "int64", "bool", "string"})
"""Constants of these types are shapes, axes and indices, unless they are quantized (then biases)."""

_MANY_SCALES = 8
"""More per-channel scales than these are summed up as their range."""


@dataclass(frozen=True)
class TensorDescription:
    """One input or output.

    Attributes:
        name: in the signature where there is one, else the tensor's own.
        shape: ``None`` for an unknown size.
        dtype: as in ``uint8``.
        quantization: ``None``, or what :func:`quantization_text` says, as in ``scale 1.0, zero point 0``.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    quantization: str | None


@dataclass(frozen=True)
class OpDescription:
    """All operators of one kind, in all graphs.

    Attributes:
        name: ``CONV_2D``; ``CUSTOM:name`` for a custom op.
        count: how many there are.
        version: the highest.
        macs: multiply-accumulates of one inference.
    """

    name: str
    count: int
    version: int
    macs: int


@dataclass(frozen=True)
class MetadataSummary:
    """The standard metadata, in short; see :class:`~edgekit.tflite.metadata.TFLiteMetadata`."""

    name: str
    description: str
    author: str
    license: str
    labels: int
    first_labels: tuple[str, ...]
    color: str | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class ModelDescription:
    """What is in a ``.tflite`` file.

    Attributes:
        file: the path as it was given.
        size_bytes: of the file.
        own_digest: the file is byte for byte what EdgeKit wrote.
        schema_version: of the TFLite schema.
        description: the converter's.
        runtime_version: the oldest TensorFlow Lite that knows every op, by the converter, or ``None``.
        inputs: of the first graph.
        outputs: of the first graph.
        signatures: their names.
        subgraphs: how many graphs.
        ops: most frequent first, over all graphs.
        macs: multiply-accumulates of one inference.
        parameters: elements of all weights and biases.
        parameter_bytes: what they take in the file.
        spec: EdgeKit's, or ``None``.
        metadata: the standard metadata, or ``None``.
        notes: sentences about what is unusual.
    """

    file: str
    size_bytes: int
    own_digest: bool
    schema_version: int
    description: str
    runtime_version: str | None
    inputs: tuple[TensorDescription, ...]
    outputs: tuple[TensorDescription, ...]
    signatures: tuple[str, ...]
    subgraphs: int
    ops: tuple[OpDescription, ...]
    macs: int
    parameters: int
    parameter_bytes: int
    spec: ModelSpec | None
    metadata: MetadataSummary | None
    notes: tuple[str, ...]

    @property
    def custom_ops(self) -> tuple[str, ...]:
        """Names of ops that LiteRT has no kernel for by itself; Flex ops are among them."""
        return tuple(op.name for op in self.ops if op.name.startswith("CUSTOM:"))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        document = dataclasses.asdict(self)
        document["custom_ops"] = list(self.custom_ops)
        document["spec"] = self.spec.to_dict() if self.spec else None
        return document


def describe(path: str | os.PathLike[str]) -> ModelDescription:
    """Describes a ``.tflite`` file without running it.

    Raises:
        ModelFileError: missing, unreadable, or not a sound TFLite model.
    """
    return describe_model(read_model(path, Path(path).name), os.fspath(path))


def describe_model(model: TFLiteModel, file: str) -> ModelDescription:
    """Describes a model that was read from ``file``."""
    macs = count_macs(model)
    parameters = _parameters(model)
    spec, spec_note = _spec(model)
    metadata, metadata_note = _metadata(model)
    version = model.metadata.get(_RUNTIME_VERSION_ENTRY)
    inputs, outputs = _names(model)
    return ModelDescription(
        file=file,
        size_bytes=len(model.data),
        own_digest=carries_own_digest(model.data),
        schema_version=model.version,
        description=model.description,
        # The converter pads the version with zero bytes to 16.
        runtime_version=None if version is None else bytes(version).split(b"\0")[0].decode("ascii", "replace"),
        inputs=tuple(_describe_tensor(tensor, inputs) for tensor in model.inputs),
        outputs=tuple(_describe_tensor(tensor, outputs) for tensor in model.outputs),
        signatures=tuple(signature.key for signature in model.signatures),
        subgraphs=len(model.subgraphs),
        ops=_describe_ops(model, macs),
        macs=macs.total,
        parameters=sum(tensor.elements for tensor in parameters),
        parameter_bytes=sum(tensor.stored_bytes for tensor in parameters),
        spec=spec,
        metadata=metadata,
        notes=tuple(note for note in (*_notes(model, macs), spec_note, metadata_note) if note),
    )


def quantization_text(tensor: Tensor) -> str | None:
    """How the tensor is quantized, in words; ``None`` where it is not."""
    quantization = tensor.quantization
    if quantization is None:
        return None
    if quantization.kind == "blockwise":
        return f"one scale for each block of {quantization.block_size}"
    zero_points = quantization.zero_points or (0,)
    if quantization.kind == "per-tensor":
        return f"scale {quantization.scales[0]:.9g}, zero point {zero_points[0]}"
    scales = quantization.scales
    if len(scales) > _MANY_SCALES:
        shown = f"{min(scales):.6g} to {max(scales):.6g}"
    else:
        shown = ", ".join(f"{scale:.6g}" for scale in scales)
    return f"{len(scales)} scales along dimension {quantization.axis} ({shown})"


def _names(model: TFLiteModel) -> tuple[dict[int, str], dict[int, str]]:
    """Signature names of the first graph's tensors."""
    signature = next((found for found in model.signatures if found.subgraph == 0), None)
    if signature is None:
        return {}, {}
    return (
        {index: name for name, index in signature.inputs.items()},
        {index: name for name, index in signature.outputs.items()},
    )


def _describe_tensor(tensor: Tensor, names: Mapping[int, str]) -> TensorDescription:
    return TensorDescription(
        name=names.get(tensor.index) or tensor.name,
        shape=tuple(None if size < 0 else size for size in tensor.shape_signature),
        dtype=tensor.dtype,
        quantization=quantization_text(tensor),
    )


def _describe_ops(model: TFLiteModel, macs: MacCount) -> tuple[OpDescription, ...]:
    counts: Counter[str] = Counter()
    versions: dict[str, int] = {}
    for operator in _operators(model):
        counts[operator.name] += 1
        versions[operator.name] = max(operator.version, versions.get(operator.name, 0))
    return tuple(
        OpDescription(name, count, versions[name], macs.by_op.get(name, 0)) for name, count in counts.most_common()
    )


def _parameters(model: TFLiteModel) -> tuple[Tensor, ...]:
    """Weights and biases; a buffer that several tensors share is counted once."""
    by_buffer = {
        tensor.buffer: tensor
        for graph in model.subgraphs
        for tensor in graph.tensors
        if tensor.stored_bytes and (tensor.dtype not in _BOOKKEEPING_TYPES or tensor.quantization)
    }
    return tuple(by_buffer.values())


def _spec(model: TFLiteModel) -> tuple[ModelSpec | None, str | None]:
    try:
        return read_spec(model.data, model.name), None
    except SpecError as error:
        return None, str(error)


def _metadata(model: TFLiteModel) -> tuple[MetadataSummary | None, str | None]:
    try:
        metadata = read_metadata(model)
    except ModelFileError as error:
        return None, str(error)
    return (None if metadata is None else _summary(metadata)), None


def _summary(metadata: TFLiteMetadata) -> MetadataSummary:
    first = metadata.inputs[0] if metadata.inputs else None
    return MetadataSummary(
        name=metadata.name,
        description=metadata.description,
        author=metadata.author,
        license=metadata.license,
        labels=len(metadata.labels),
        first_labels=metadata.labels[:5],
        color=first.color if first else None,
        mean=_finite(first.mean) if first else (),
        std=_finite(first.std) if first else (),
        files=metadata.files,
    )


def _finite(values: tuple[float, ...]) -> tuple[float, ...]:
    """Nothing where a value is not a number: JSON has no word for it."""
    return values if all(map(math.isfinite, values)) else ()


def _notes(model: TFLiteModel, macs: MacCount) -> Iterator[str]:
    if model.version != SCHEMA_VERSION:
        yield f"The file has schema version {model.version}; LiteRT takes {SCHEMA_VERSION}."
    flex = sorted({operator.custom_code for operator in _operators(model) if operator.is_flex})
    if flex:
        yield f"It needs the Flex delegate, a part of TensorFlow, for {', '.join(flex)}."
    custom = sorted({operator.custom_code for operator in _operators(model) if operator.is_custom} - set(flex))
    if custom:
        yield f"It needs a runtime with the custom ops {', '.join(custom)}."
    if any(-1 in tensor.shape_signature for tensor in model.inputs):
        yield "An input has an unknown size; it counts as 1 in the multiply-accumulates."
    uncounted = [name for name in macs.uncounted if not name.startswith("CUSTOM:")]
    if uncounted:
        yield f"Multiply-accumulates of {', '.join(uncounted)} are not counted."
    if len(model.subgraphs) > 1:
        yield f"It has {len(model.subgraphs)} graphs; bodies of loops count once in the multiply-accumulates."
    if any(tensor.is_external for graph in model.subgraphs for tensor in graph.tensors):
        yield "Some weights lie in another file."


def _operators(model: TFLiteModel) -> Iterator[Operator]:
    for graph in model.subgraphs:
        yield from graph.operators
