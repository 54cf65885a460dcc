"""The README of an export folder: what lies in it, and a snippet that runs each artifact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.files import write_text
from edgekit.language import display_name, printable
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.outputs import decision_threshold
from edgekit.report.export import format_check, format_max_difference
from edgekit.report.snippets import how_to_run
from edgekit.report.table import format_difference, format_percent, format_size
from edgekit.spec import Label, ModelSpec

README = "README.md"

_SHOWN_LABELS = 12

_SITE = """## The page

This folder is a web page with its models. Any static host shows it, below any path; here `edgekit serve FOLDER` does. A
host that can set headers should send these with every file, else browsers leave out the threads of WebAssembly:

```
Cross-Origin-Opener-Policy: same-origin
Cross-Origin-Embedder-Policy: require-corp
```

It needs https: the camera, WebGPU and offline use are for secure addresses only."""

_PROJECT = """## The app

This folder is a Gradle project: `app` is an app that recognises what the camera sees, in photos too, and measures its
models; `edgekit` is the library that it uses, and can go into [other apps](edgekit/README.md). The models lie in
`app/src/main/assets`, the app's id and version in `gradle.properties`, its name in `app/src/main/res/values/name.xml`.

- Open the folder in Android Studio, plug in a phone, and press Run.
- Or with a JDK 17, Android's SDK (`ANDROID_HOME`) and the Gradle that `gradle/wrapper/gradle-wrapper.properties` names:
  `gradle wrapper && ./gradlew installDebug`. The first makes Gradle's wrapper, a program that is not among the files.
- `edgekit bench . --on android` measures the models on the phone, once the app is installed there.

EdgeKit's own tests compile these sources and run them on a JVM; neither Gradle nor a phone has run them there.

The sources are EdgeKit's, under the [Apache License 2.0](edgekit/LICENSE); change them as you like."""

_METADATA = {
    "tflite": "; a `.tflite` also as the standard metadata that MediaPipe and Android Studio read",
    "coreml": "; a `.mlpackage` also as Core ML's own",
}

_AROUND = {"app": _SITE, "project": _PROJECT}
"""What there is to say of what lies around the artifacts, by its list in the manifest."""


def write_readme(folder: Path, manifest: Manifest) -> None:
    """Writes ``README.md`` into an export folder."""
    write_text(folder / README, readme_text(manifest))


def update_readme(folder: Path, before: Manifest, after: Manifest) -> None:
    """Writes the README again where the manifest has changed; one that a person has edited stays as it is."""
    if (folder / README).is_file() and not is_edited(folder, before):
        write_readme(folder, after)


def is_edited(folder: Path, manifest: Manifest) -> bool:
    """Whether an export folder has a README that is not the manifest's: a person's, or that of another EdgeKit."""
    path = folder / README
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace") != readme_text(manifest)


def readme_text(manifest: Manifest) -> str:
    """The text of the README, in Markdown."""
    sections = [f"# {manifest.name}\n\n{_about(manifest.spec)}", _table(manifest.artifacts)]
    sections += [_AROUND[name] for name in manifest.around or {} if name in _AROUND]
    sections += how_to_run(manifest.artifacts, manifest.spec)
    sections.append(_footer(manifest))
    return "\n\n".join(sections) + "\n"


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
    verified = any(entry.verification for entry in entries)
    header = ["file", "size", "agrees with Keras on", "largest difference", "checked with"]
    lines = [f"| {' | '.join(header + ['`edgekit verify`'] * verified)} |", f"|---|--:|--:|--:|---{'|---' * verified}|"]
    for entry in entries:
        check = entry.check
        cells = [f"`{entry.file}`", format_size(entry.size_bytes)]
        cells += [_agreement(entry), format_max_difference(check), check.engine or "nothing here"]
        cells += [_verification(entry)] * verified
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _verification(entry: ManifestEntry) -> str:
    """What was found on labelled photos: ``ok: 92.4 % right of 550 photos``."""
    row = _mapping(entry.verification, "result")
    if not row:
        return "–"
    if row.get("can_run") is False:
        return "not run here"
    if row.get("decided") is False:
        return "not verified"
    outcome = "ok" if row.get("passed") is True else "FAILED"
    parity = _mapping(row, "parity")
    figures = {
        "right": _mapping(row, "accuracy").get("top1"),
        "with exactly their labels": _mapping(row, "multi_label").get("exact_match"),
        "as Keras": parity.get("agreement"),
    }
    count = f"of {parity.get('count')} {parity.get('unit')}"
    found = [f"{format_percent(value)} {word} {count}" for word, value in figures.items() if isinstance(value, float)]
    error = parity.get("relative_error")
    if isinstance(error, float):
        found.append(f"an error of {format_difference(error)} on {parity.get('count')} {parity.get('unit')}")
    return printable(": ".join([outcome, *found[:1]]))


def _mapping(document: object, name: str) -> Mapping[str, Any]:
    """An object in a document, which anybody may have edited; empty where it is none."""
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _agreement(entry: ManifestEntry) -> str:
    check = entry.check
    if not check.verified:
        return f"{format_check(check)}: {check.reason or 'not run'}"
    if check.agreement is None:
        return f"an error of {format_check(check)} on {check.inputs}"
    return f"{format_check(check)} of {check.inputs}"


def _footer(manifest: Manifest) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in manifest.spec.provenance.versions.items())
    formats = {entry.format for entry in manifest.artifacts}
    also = [text for format, text in _METADATA.items() if format in formats]
    logs = ", `logs/` what the converters printed" if any(entry.log for entry in manifest.artifacts) else ""
    return (
        f"Each artifact carries its labels and its preprocessing as EdgeKit's spec{''.join(also)}. `manifest.json` has "
        f"digests and figures{logs}.\n\nMade with {versions or 'EdgeKit'}."
    )
