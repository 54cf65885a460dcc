"""The description of a ``.tflite`` file for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgekit.language import display_name, printable
from edgekit.outputs import decision_threshold
from edgekit.report.table import format_percent, format_size, format_table, three_digits
from edgekit.runtime.trial_result import TrialResult
from edgekit.spec import Label, ModelSpec
from edgekit.tflite.describe import MetadataSummary, ModelDescription, TensorDescription

_SHOWN_LABELS = 8


def inspection_text(description: ModelDescription, trial: TrialResult | None) -> str:
    """Sections: the file, its tensors, its meaning, its ops, and whether it runs here."""
    # Names of tensors, ops and labels come from the file, which may be anybody's.
    return "\n".join(printable(line) for part in _lines(description, trial) for line in part.split("\n"))


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
        yield f"  runs here   {trial_line(trial)}"
    yield from _tensors("input", description.inputs)
    yield from _tensors("output", description.outputs)
    if description.spec is not None:
        yield from spec_lines(description.spec)
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


def trial_line(trial: TrialResult) -> str:
    """Whether it runs here, in a few words."""
    if not trial.ok:
        return f"no: {trial.reason}"
    return f"yes, with {trial.engine}{f'; {trial.reason}' if trial.reason else ''}"


def _tensors(kind: str, tensors: Sequence[TensorDescription]) -> Iterator[str]:
    for tensor in tensors:
        shape = "x".join("?" if size is None else str(size) for size in tensor.shape) or "scalar"
        quantization = f", {tensor.quantization}" if tensor.quantization else ""
        yield f"  {kind:<11} {tensor.name}: {shape} {tensor.dtype}{quantization}"


def spec_lines(spec: ModelSpec) -> Iterator[str]:
    """What EdgeKit's spec says."""
    yield f"  task        {_task(spec)}"
    if spec.image is not None:
        image = spec.image
        yield f"  photo       {image.width}x{image.height} {image.color}, resized with {image.resize} (EdgeKit spec)"
    shown = [_label(label) for label in spec.labels[:_SHOWN_LABELS]]
    yield f"  labels      {_labels(shown, len(spec.labels))}"
    languages = sorted({locale for label in spec.labels for locale in (*label.names, *label.descriptions)})
    if languages:
        yield f"  languages   {', '.join(map(printable, languages))}"
    if spec.multi_label:
        yield f"  threshold   labels from {format_percent(decision_threshold(spec))} on are the answer"
    elif spec.confidence_threshold is not None:
        yield f"  threshold   below {format_percent(spec.confidence_threshold)} the answer is none of these"
    accuracy = spec.provenance.metrics.get("val_accuracy")
    if accuracy is not None:
        yield f"  trained     validation accuracy {format_percent(accuracy)}"


def _task(spec: ModelSpec) -> str:
    if not spec.is_classifier:
        return "none of EdgeKit's: takes and gives tensors"
    what = "samples" if spec.image is None else "photos"
    if spec.binary:
        return f"binary classification of {what}; the output is the probability of {printable(spec.label_ids[1])}"
    return f"{'multi-label ' if spec.multi_label else ''}classification of {what}"


def _label(label: Label) -> str:
    name = display_name(label)
    return label.id if name == label.id else f"{label.id} ({name})"


def _metadata(metadata: MetadataSummary) -> Iterator[str]:
    if metadata.name:
        yield f"  name        {metadata.name} (TFLite metadata)"
    if metadata.mean:
        yield f"  normalize   (value - {_numbers(metadata.mean)}) / {_numbers(metadata.std)}"
    yield f"  labels      {_labels(metadata.first_labels, metadata.labels)}"


def _labels(first: Sequence[str], count: int) -> str:
    if not count:
        return "none"
    shown = [printable(name) for name in first[:_SHOWN_LABELS]]  # a line feed, too
    more = f", ... ({count})" if count > len(shown) else ""
    return ", ".join(shown) + more


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
