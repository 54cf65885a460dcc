"""The pictures beside a model."""

from __future__ import annotations

from pathlib import Path

from edgekit.data import Dataset
from edgekit.measure.mistakes import find_mistakes
from edgekit.measure.per_class import measure_classes
from edgekit.outputs import class_probabilities
from edgekit.progress import WARNINGS, Progress
from edgekit.training.augmentation.preview import draw_preview
from edgekit.training.augmented import choose_photos, used_augmentation
from edgekit.training.plot_classes import draw_confusion, draw_decisions, draw_per_class
from edgekit.training.plot_curves import draw_learning_curves
from edgekit.training.plot_photos import draw_mistakes, draw_samples
from edgekit.training.plot_style import shorten, undrawable
from edgekit.training.result import TrainingResult


def write_pictures(
    result: TrainingResult, dataset: Dataset, folder: Path, progress: Progress = WARNINGS
) -> dict[str, Path]:
    """Draws all pictures of a training as PNG.

    Args:
        result: curves, probabilities of the validation photos, and class names.
        dataset: the photos.
        folder: where they go; it exists.
        progress: warned about names that no installed font can draw.

    Returns:
        ``learning_curves``, ``confusion_matrix`` and ``per_class``; of photos ``mistakes`` and
        ``samples``, too, and ``augmentation`` where the training had some. Each with its file.

    Raises:
        OutputError: a file cannot be written.
        MissingExtraError: Matplotlib is not installed.
        ImageError: a photo that is decoded on demand has vanished.
    """
    names, validation = dataset.class_names, dataset.validation
    paths = {name: folder / f"{name}.png" for name in ("learning_curves", "confusion_matrix", "per_class")}
    draw_learning_curves(result, paths["learning_curves"])
    probabilities = class_probabilities(result.validation_probabilities, result.spec)
    scores = measure_classes(validation.labels, probabilities, names)
    if dataset.multi_label:
        draw_decisions(scores, paths["confusion_matrix"])
    else:
        draw_confusion(result.confusion, names, paths["confusion_matrix"])
    draw_per_class(scores, paths["per_class"])
    if result.spec.image is not None:
        paths |= {name: folder / f"{name}.png" for name in ("mistakes", "samples")}
        mistakes = find_mistakes(validation.labels, probabilities)
        draw_mistakes(validation, mistakes, names, paths["mistakes"])
        draw_samples(dataset.train, names, paths["samples"], seed=result.config.seed)
        paths |= _draw_augmentation(result, dataset, folder)
    boxes = undrawable(names)
    if boxes:
        progress.warn(
            f"No installed font has all letters of {shorten(', '.join(boxes), 60)}: the pictures show boxes there. "
            "Install a Noto font of that script."
        )
    return paths


def _draw_augmentation(result: TrainingResult, dataset: Dataset, folder: Path) -> dict[str, Path]:
    settings = used_augmentation(result)
    if settings.is_none:
        return {}
    path = folder / "augmentation.png"
    photo, others = choose_photos(dataset.train, settings, result.config.seed)
    draw_preview(photo, settings, path, result.config.seed, others)
    return {"augmentation": path}
