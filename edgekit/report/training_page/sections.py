"""The parts of the page, from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgekit.measure.accuracy import wilson_interval
from edgekit.report.training import describe_origin, format_seconds
from edgekit.report.training_page import charts, matrix, photos, tables
from edgekit.report.training_page.markup import Markup, tag
from edgekit.training.augmentation.describe import describe
from edgekit.training.curves import format_metric, format_share
from edgekit.training.material import Material
from edgekit.training.result import EpochMetrics

_PACKAGES = {"edgekit": "EdgeKit", "keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
_PRECISIONS = {"mixed_bfloat16": "bfloat16 and float32", "mixed_float16": "float16 and float32"}


def header(material: Material) -> Markup:
    """Title, the figure that matters, and the facts around it."""
    result = material.result
    parts = [f"{len(material.dataset.train):,} training", f"{len(material.dataset.validation):,} validation"]
    if material.dataset.test is not None:
        parts.append(f"{len(material.dataset.test):,} test")
    labels = "labels" if material.multi_label else "classes"
    about = f"{result.model_name} on {Path(material.dataset.report.source).name}: {len(material.names):,} {labels}, "
    return tag(
        "header",
        tag("p", "Training report", cls="kicker"),
        tag("h1", result.spec.name),
        tag("p", about, ", ".join(parts), f" {material.sample_word}", cls="lead"),
        tag("div", _headline(material), _facts(material), cls="top"),
    )


def notes(material: Material) -> Markup | None:
    """What the reader should know before believing the figures."""
    result = material.result
    found = [f"Broken off: {result.failure} The best epoch was kept."] if result.failure else []
    found += [result.ended] if result.ended else []
    if result.resumed_after:
        found.append(f"Resumed after epoch {result.resumed_after} of an interrupted run.")
    found += material.dataset.report.warnings()
    if not found:
        return None
    items = tag("ul", [tag("li", text) for text in found])
    return tag("aside", tag("h2", "Worth knowing"), items, cls="notes", aria_label="Worth knowing")


def sections(material: Material) -> Iterator[tuple[str, str, Markup]]:
    """Anchor, title and content of every section there is something for."""
    result = material.result
    yield "curves", "Learning curves", charts.learning_curves(result)
    if not material.multi_label:
        confusion = matrix.confusion_matrix(result.confusion, material.names)
        yield "confusion", "Confusion matrix", confusion
    yield "classes", "Labels" if material.multi_label else "Classes", tables.class_table(material)
    yield "mistakes", "Worst mistakes", _mistakes(material)
    if material.photos:
        yield (
            "samples",
            "Samples",
            _with_lead("Training photos, chosen at random, as the model sees them.", photos.samples(material)),
        )
    if material.augmented is not None:
        text = f"One photo, and as training saw it, anew each time: {describe(material.augmentation)}."
        yield "augmentation", "Augmentation", _with_lead(text, photos.augmentation(material.augmented))
    yield "repeat", "Do it again", _repeat(material)
    yield "settings", "Settings", _settings(material)


def _headline(material: Material) -> Markup:
    result, total = material.result, len(material.dataset.validation)
    best, monitor = result.best, result.objective.monitor
    epochs = f"Epoch {best.epoch} of {result.last.epoch}, the best, which was kept."
    if monitor != "val_accuracy":
        value = best.values[monitor]
        decisions = f"{format_share(best.val_accuracy)} of all label decisions were right."
        return tag(
            "div",
            tag("p", format_metric(monitor, value), cls="figure"),
            tag("p", f"mean F1 of {len(material.names):,} labels on {total:,} validation {material.sample_word}"),
            tag("p", decisions, " ", epochs, cls="muted"),
            cls="headline",
        )
    low, high = interval(best, total)
    return tag(
        "div",
        tag("p", format_share(best.val_accuracy), cls="figure"),
        tag("p", f"top-1 on {total:,} validation {material.sample_word}"),
        _gauge(best.val_accuracy, low, high),
        tag("p", f"95 % interval {100 * low:.1f} to {100 * high:.1f} %. {epochs}", cls="muted"),
        cls="headline",
    )


def interval(epoch: EpochMetrics, photos_count: int) -> tuple[float, float]:
    """The 95 % interval of the validation accuracy."""
    return wilson_interval(round(epoch.val_accuracy * photos_count), photos_count)


def _gauge(value: float, low: float, high: float) -> Markup:
    """The interval on a scale from 0 to 100 %."""
    return tag(
        "svg",
        tag("rect", cls="track", x=0, y=5, width=300, height=2),
        tag("rect", cls="range", x=300 * low, y=2, width=max(300 * (high - low), 2.0), height=8, rx=4),
        tag("circle", cls="dot validation", cx=300 * value, cy=6, r=3),
        viewBox="0 0 300 12",
        cls="gauge",
        aria_hidden="true",
    )


def _facts(material: Material) -> Markup:
    result = material.result
    monitor = result.objective.monitor
    spec, versions = result.spec, result.spec.provenance.versions
    tensor = spec.inputs[0]
    size = " × ".join("any" if side is None else str(side) for side in tensor.shape[1:])
    image = spec.image
    if image is not None:
        color = "RGB" if image.color == "rgb" else "greyscale"
        size = f"{image.height} × {image.width} {color}, {image.resize}"
    last = f"{format_metric(monitor, result.last.values[monitor])} in epoch {result.last.epoch}"
    facts: list[tuple[str, str]] = [
        ("Last epoch", last),
        ("Time", format_seconds(sum(time.seconds for time in result.times))),
        ("Parameters", f"{result.parameters:,}"),
        ("Input", size),
        ("Precision", _PRECISIONS.get(result.precision, result.precision)),
        ("Seed", str(result.config.seed)),
        ("Ran on", result.devices),
        ("Versions", ", ".join(f"{_PACKAGES[name]} {versions[name]}" for name in _PACKAGES if name in versions)),
        ("Started", describe_origin(result.weights)),
    ]
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts if value]
    return tag("dl", rows, cls="facts")


def _mistakes(material: Material) -> Markup:
    if not material.mistakes:
        return tag("p", f"None: every validation {material.sample_word[:-1]} was answered right.")
    seen = ", as the model saw them" if material.photos else ""
    if material.multi_label:
        text = f"The label decisions furthest from the truth, one for each {material.sample_word[:-1]}{seen}."
    else:
        text = f"Wrong answers that the model was surest of, the worst first{seen}."
    return _with_lead(text, photos.mistakes(material))


def _repeat(material: Material) -> Markup:
    # The caller's own call may be Python, where no shell was used.
    own = "In Python" if "edgekit.train(" in material.command else "In a shell"
    codes = [(own, material.command), ("In Python", material.python)]
    blocks = [
        tag("div", tag("h3", title), tag("pre", tag("code", code)), cls="command") for title, code in codes if code
    ]
    seed = "The same seed on the same machine gives the same figures."
    return tag("div", blocks, tag("p", seed, cls="muted"))


def _settings(material: Material) -> Markup:
    result = material.result
    provenance = result.spec.provenance
    share = provenance.validation_share
    split = "folders or table" if share is None else f"{100 * share:g} % for validation, chosen by content"
    digest = provenance.data_digest or tables.NOTHING
    stages = ", ".join(f"{time.name} {format_seconds(time.seconds)}" for time in result.times)
    about = [
        ("Task", result.objective.task),
        ("Data", material.dataset.report.source),
        ("Split", split),
        ("Data digest", tag("code", digest)),
        ("Stages", stages),
        ("Packages", ", ".join(f"{name} {version}" for name, version in provenance.versions.items())),
    ]
    return tag(
        "div",
        tables.facts_table(about, "Run"),
        tag("details", tag("summary", "All settings"), tables.settings_table(result.config)),
        tag("details", tag("summary", f"All {len(result.history)} epochs"), tables.history_table(result)),
    )


def _with_lead(text: str, content: Markup) -> Markup:
    return tag("div", tag("p", text, cls="muted"), content)
