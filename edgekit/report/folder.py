"""The README of an export folder: what lies in it, and a snippet that runs each artifact."""

from __future__ import annotations

from pathlib import Path

from edgekit.artifact import Manifest, ManifestEntry
from edgekit.files import write_text
from edgekit.report.table import format_difference, format_percent, format_size
from edgekit.spec import ModelSpec

_SHOWN_LABELS = 12

_KNOWN = {"agreement", "engine", "inputs", "max_difference"}

_SNIPPETS = {
    "tflite": """```python
# On a Raspberry Pi, a laptop, a server, with a checkout or a wheel of EdgeKit (no TensorFlow is needed):
# pip install PATH-TO-EDGEKIT
import edgekit

model = edgekit.load({file!r})
for prediction in model.classify("photo.jpg", top=3):
    print(f"{{prediction.probability:6.1%}}  {{prediction.label}}")
```""",
}


def write_readme(folder: Path, manifest: Manifest) -> None:
    """Writes ``README.md`` into an export folder."""
    write_text(folder / "README.md", readme_text(manifest))


def readme_text(manifest: Manifest) -> str:
    """The text of the README, in Markdown."""
    sections = [f"# {manifest.name}\n\n{_about(manifest.spec)}", _table(manifest.artifacts)]
    sections += [
        f"## {entry.file}\n\n{_SNIPPETS[entry.format].format(file=entry.file)}"
        for entry in manifest.artifacts
        if entry.format in _SNIPPETS  # a newer EdgeKit may have exported into the same folder
    ]
    sections.append(_footer(manifest.spec))
    return "\n\n".join(sections) + "\n"


def _about(spec: ModelSpec) -> str:
    labels = ", ".join(spec.label_ids[:_SHOWN_LABELS])
    more = f" and {len(spec.labels) - _SHOWN_LABELS} more" if len(spec.labels) > _SHOWN_LABELS else ""
    image = spec.image
    size = f"{image.width}x{image.height} {image.color} pixels 0..255 ({image.resize})" if image else "tensors"
    return (
        f"An image classifier for {len(spec.labels)} classes: {labels}{more}.\n\n"
        f"It takes {size}; scaling is inside the model. It answers one probability for each class."
    )


def _table(entries: tuple[ManifestEntry, ...]) -> str:
    lines = [
        "| file | size | agrees with Keras on | largest difference | checked with |",
        "|---|--:|--:|--:|---|",
    ]
    for entry in entries:
        check = entry.check
        lines.append(
            f"| `{entry.file}` | {format_size(entry.size_bytes)} | | | |"
            if not check.keys() >= _KNOWN
            else f"| `{entry.file}` | {format_size(entry.size_bytes)} | {format_percent(check['agreement'])} "
            f"of {check['inputs']} | {format_difference(check['max_difference'])} "
            f"| {check['engine']} |"
        )
    return "\n".join(lines)


def _footer(spec: ModelSpec) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in spec.provenance.versions.items())
    return (
        "Each file carries its labels and its preprocessing: as EdgeKit's spec, and as standard TFLite metadata that "
        "MediaPipe and Android Studio read. `manifest.json` has digests and figures, `logs/` what the converters "
        f"printed.\n\nMade with {versions or 'EdgeKit'}."
    )
