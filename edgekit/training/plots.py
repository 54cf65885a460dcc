"""The pictures beside a model."""

from __future__ import annotations

from pathlib import Path

from edgekit.progress import WARNINGS, Progress
from edgekit.training.augmentation.preview import draw_augmented
from edgekit.training.material import Material
from edgekit.training.plot_classes import draw_confusion, draw_decisions, draw_per_class
from edgekit.training.plot_curves import draw_learning_curves
from edgekit.training.plot_photos import draw_mistakes, draw_samples
from edgekit.training.plot_style import shorten, undrawable


def write_pictures(material: Material, folder: Path, progress: Progress = WARNINGS) -> dict[str, Path]:
    """Draws all pictures of a training as PNG.

    Args:
        material: the training.
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
    result, dataset, scores = material.result, material.dataset, material.scores
    names = dataset.class_names
    paths = {name: folder / f"{name}.png" for name in ("learning_curves", "confusion_matrix", "per_class")}
    draw_learning_curves(result, paths["learning_curves"])
    if dataset.multi_label:
        draw_decisions(scores, paths["confusion_matrix"])
    else:
        draw_confusion(result.confusion, names, paths["confusion_matrix"])
    draw_per_class(scores, paths["per_class"])
    if material.photos:
        paths |= {name: folder / f"{name}.png" for name in ("mistakes", "samples")}
        draw_mistakes(dataset.validation, material.mistakes, names, paths["mistakes"])
        draw_samples(dataset.train, names, paths["samples"], seed=result.config.seed)
    if material.augmented is not None:
        paths["augmentation"] = folder / "augmentation.png"
        mixed = len(dataset.train) > 1  # else there is no other photo
        draw_augmented(material.augmented, material.augmentation, paths["augmentation"], mixed=mixed)
    boxes = undrawable(names)
    if boxes:
        progress.warn(
            f"No installed font has all letters of {shorten(', '.join(boxes), 60)}: the pictures show boxes there. "
            "Install a Noto font of that script."
        )
    return paths
