"""The description of a ``.tflite`` file for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgekit.report.table import format_percent, format_size, format_table, three_digits
from edgekit.runtime.trust import TrialResult
from edgekit.spec import ModelSpec
from edgekit.tflite.describe import MetadataSummary, ModelDescription, TensorDescription

_SHOWN_LABELS = 8


def inspection_text(description: ModelDescription, trial: TrialResult | None) -> str:
    """Sections: the file, its tensors, its meaning, its ops, and whether it runs here."""
    return "\n".join(_lines(description, trial))


def format_count(number: float) -> str:
    """A large count with three digits: ``41.1 M``."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= factor:
            return f"{three_digits(number / factor)} {unit}"
    return f"{number:.0f}"


def _lines(description: ModelDescription, trial: TrialResult | None) -> Iterator[str]:
    origin = (
        "unchanged since EdgeKit wrote it" if description.own_digest else "not written by EdgeKit, or changed since"
    )
    yield description.file
    yield f"  size        {format_size(description.size_bytes)} ({origin})"
    yield (
        f"  weights     {format_count(description.parameters)} in {format_size(description.parameter_bytes)}"
        f"   multiply-accumulates {format_count(description.macs)}"
    )
    if description.runtime_version:
        yield f"  needs       TensorFlow Lite {description.runtime_version} or newer"
    if trial is not None:
        yield f"  runs here   {_trial(trial)}"
    yield from _tensors("input", description.inputs)
    yield from _tensors("output", description.outputs)
    if description.spec is not None:
        yield from _spec(description.spec)
    elif description.metadata is not None:
        yield from _metadata(description.metadata)
    else:
        yield "  labels      none: the file has no metadata"
    yield ""
    rows = [
        (op.name, str(op.count), str(op.version), format_count(op.macs) if op.macs else "") for op in description.ops
    ]
    yield format_table(("op", "count", "version", "MACs"), rows, right=(1, 2, 3))
    for note in description.notes:
        yield f"\nNote: {note}"


def _trial(trial: TrialResult) -> str:
    return f"yes, with {trial.engine}" if trial.ok else f"no: {trial.reason}"


def _tensors(kind: str, tensors: Sequence[TensorDescription]) -> Iterator[str]:
    for tensor in tensors:
        shape = "x".join("?" if size is None else str(size) for size in tensor.shape) or "scalar"
        quantization = f", {tensor.quantization}" if tensor.quantization else ""
        yield f"  {kind:<11} {tensor.name}: {shape} {tensor.dtype}{quantization}"


def _spec(spec: ModelSpec) -> Iterator[str]:
    if spec.image is not None:
        image = spec.image
        yield f"  photo       {image.width}x{image.height} {image.color}, resized with {image.resize} (EdgeKit spec)"
    yield f"  labels      {_labels(spec.label_ids, len(spec.labels))}"
    if spec.confidence_threshold is not None:
        yield f"  threshold   below {format_percent(spec.confidence_threshold)} the answer is none of these"
    accuracy = spec.provenance.metrics.get("val_accuracy")
    if accuracy is not None:
        yield f"  trained     validation accuracy {format_percent(accuracy)}"


def _metadata(metadata: MetadataSummary) -> Iterator[str]:
    if metadata.name:
        yield f"  name        {metadata.name} (TFLite metadata)"
    if metadata.mean:
        yield f"  normalize   (value - {_numbers(metadata.mean)}) / {_numbers(metadata.std)}"
    yield f"  labels      {_labels(metadata.first_labels, metadata.labels)}"


def _labels(first: Sequence[str], count: int) -> str:
    if not count:
        return "none"
    shown = first[:_SHOWN_LABELS]
    more = f", ... ({count})" if count > len(shown) else ""
    return ", ".join(shown) + more


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
