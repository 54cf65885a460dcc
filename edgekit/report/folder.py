"""The README of an export folder: what lies in it, and a snippet that runs each artifact."""

from __future__ import annotations

import re
from pathlib import Path

from edgekit.artifact import Manifest, ManifestEntry
from edgekit.files import write_text
from edgekit.language import display_name, printable
from edgekit.outputs import decision_threshold
from edgekit.report.export import format_check
from edgekit.report.table import format_difference, format_percent, format_size
from edgekit.spec import Label, ModelSpec, TensorSpec

_SHOWN_LABELS = 12

_KNOWN = {"agreement", "engine", "inputs", "max_difference"}

_SNIPPETS = {
    "tflite": """```python
# On a Raspberry Pi, a laptop, a server, with a checkout or a wheel of EdgeKit (no TensorFlow is needed):
# pip install PATH-TO-EDGEKIT
import edgekit

model = edgekit.load({file!r})
for prediction in model.classify("photo.jpg", top=3):
    print(f"{{prediction.probability:6.1%}}  {{prediction.name}}")
```""",
}

_TENSORS = """```python
# Where there is a checkout or a wheel of EdgeKit (no TensorFlow is needed): pip install PATH-TO-EDGEKIT
import numpy as np
import edgekit

model = edgekit.load({file!r})
samples = {samples}
answers = model.answers(samples)  # by name: {names}
```"""


def write_readme(folder: Path, manifest: Manifest) -> None:
    """Writes ``README.md`` into an export folder."""
    write_text(folder / "README.md", readme_text(manifest))


def readme_text(manifest: Manifest) -> str:
    """The text of the README, in Markdown."""
    sections = [f"# {manifest.name}\n\n{_about(manifest.spec)}", _table(manifest.artifacts)]
    sections += [
        f"## {entry.file}\n\n{_snippet(entry, manifest.spec)}"
        for entry in manifest.artifacts
        if entry.format in _SNIPPETS  # a newer EdgeKit may have exported into the same folder
    ]
    sections.append(_footer(manifest.spec))
    return "\n\n".join(sections) + "\n"


def _snippet(entry: ManifestEntry, spec: ModelSpec) -> str:
    if spec.task != "tensors":
        return _SNIPPETS[entry.format].format(file=entry.file)
    samples = ", ".join(f"{tensor.name!r}: {_zeros(tensor)}" for tensor in spec.inputs)
    names = printable(", ".join(output.name for output in spec.outputs))
    return _TENSORS.format(file=entry.file, samples=f"{{{samples}}}", names=names)


def _zeros(tensor: TensorSpec) -> str:
    return f"np.zeros({tuple(1 if size is None else size for size in tensor.shape)}, {tensor.dtype!r})"


def _about(spec: ModelSpec) -> str:
    if not spec.is_classifier:
        return "A model that takes and gives tensors."
    names = [_name(label) for label in spec.labels[:_SHOWN_LABELS]]
    more = f" and {len(spec.labels) - _SHOWN_LABELS} more" if len(spec.labels) > _SHOWN_LABELS else ""
    image = spec.image
    kind = "A classifier" if image is None else "An image classifier"
    size = f"{image.width}x{image.height} {image.color} pixels 0..255 ({image.resize})" if image else "samples"
    scaling = "; scaling is inside the model" if image else ""
    return (
        f"{kind} for {len(spec.labels)} classes: {', '.join(names)}{more}.\n\nIt takes {size}{scaling}. {_answer(spec)}"
    )


def _answer(spec: ModelSpec) -> str:
    if spec.binary:
        what = "score" if spec.activation == "none" else "probability"
        return f"It answers one number, the {what} of {_name(spec.labels[1])}."
    if spec.multi_label:
        return (
            "It answers one probability for each class, any of which can be true: those from "
            f"{format_percent(decision_threshold(spec))} on are the answer."
        )
    return "It answers one probability for each class."


def _name(label: Label) -> str:
    """As Markdown shows it: the characters that it takes for its own are escaped."""
    name = display_name(label)
    shown = printable(label.id if name == label.id else f"{name} ({label.id})")
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", shown)


def _table(entries: tuple[ManifestEntry, ...]) -> str:
    lines = [
        "| file | size | agrees with Keras on | largest difference | checked with |",
        "|---|--:|--:|--:|---|",
    ]
    for entry in entries:
        check = entry.check
        cells = [f"`{entry.file}`", format_size(entry.size_bytes), "", "", ""]
        if check.keys() >= _KNOWN:
            cells[2:] = [_agreement(entry), format_difference(check["max_difference"]), str(check["engine"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _agreement(entry: ManifestEntry) -> str:
    check = entry.check
    if check["agreement"] is None:
        return f"an error of {format_check(check)} on {check['inputs']}"
    return f"{format_check(check)} of {check['inputs']}"


def _footer(spec: ModelSpec) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in spec.provenance.versions.items())
    return (
        "Each file carries its labels and its preprocessing: as EdgeKit's spec, and as standard TFLite metadata that "
        "MediaPipe and Android Studio read. `manifest.json` has digests and figures, `logs/` what the converters "
        f"printed.\n\nMade with {versions or 'EdgeKit'}."
    )
