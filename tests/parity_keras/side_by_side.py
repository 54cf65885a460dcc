"""The same photos through Keras and through EdgeKit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edgekit.data import DataOptions, Dataset, Part, open_dataset
from edgekit.spec import ImageFormat

HEIGHT, WIDTH = 24, 32
CLASSES = ("blue", "green")
PER_CLASS = 10

SAME_AS_RUN: dict[str, Any] = {
    "model": "simple_cnn",
    "image_size": 16,
    "epochs": 2,
    "batch_size": 8,
    "augmentation": "rotation=30,horizontal_flip",
    "label_smoothing": 0.1,
    "seed": 1,
}
"""The settings of the training that the fixture ``run`` does."""

Photos = dict[str, tuple[np.ndarray, int]]
"""``class/file`` to pixels and label."""


def smooth(seed: int, color: int, channels: int = 3) -> np.ndarray:
    """A photo without edges, so that resizing has one right answer; brighter in one channel."""
    random = np.random.default_rng(seed)
    small = random.integers(20, 120, (3, 4, channels)).astype(np.uint8)
    pixels = np.asarray(Image.fromarray(small.squeeze()).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).copy()
    if channels == 3:
        pixels[..., color] += 100
    return pixels


def write_photos(folder: Path, per_class: int = PER_CLASS, classes: tuple[str, ...] = CLASSES, start: int = 0) -> Path:
    """Folders of PNG files; every photo is another."""
    for label, name in enumerate(classes):
        for number in range(per_class):
            path = folder / name / f"{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(smooth(start + 100 * label + number, 2 - label % 3)).save(path)
    return folder


def read(source: Any, height: int = HEIGHT, width: int = WIDTH, **settings: Any) -> Dataset:
    """Opens a source with EdgeKit, at the photos' own size unless another is given."""
    image = {name: settings.pop(name) for name in ("color", "resize") if name in settings}
    return open_dataset(source, ImageFormat(width, height, **image), DataOptions(**settings))


def keras_read(folder: Path, **options: Any) -> Any:
    """``image_dataset_from_directory``, quiet, in order, at the photos' own size unless told otherwise."""
    import keras

    settings = {"image_size": (HEIGHT, WIDTH), "shuffle": False, "verbose": False, **options}
    return keras.utils.image_dataset_from_directory(folder, **settings)


def key(path: str) -> str:
    """``class/file`` of a path."""
    return "/".join(Path(path).parts[-2:])


def of_part(part: Part) -> Photos:
    """EdgeKit's photos by their names."""
    pixels = part.images.take(np.arange(len(part)))
    return {key(name): (pixels[place], part.labels[place]) for place, name in enumerate(part.files)}


def of_dataset(dataset: Dataset) -> Photos:
    """Those of train and validation."""
    return of_part(dataset.train) | of_part(dataset.validation)


def of_keras(dataset: Any) -> Photos:
    """The photos of ``image_dataset_from_directory`` without shuffling, by their names."""
    batches = list(dataset.as_numpy_iterator())
    pixels, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return {key(name): (pixels[place], labels[place]) for place, name in enumerate(dataset.file_paths)}


def assert_same_pixels(ours: Photos, theirs: Photos, within: float) -> None:
    """Same names, and pixels that differ by at most so much."""
    assert set(ours) == set(theirs)
    for name, (pixels, _) in ours.items():
        difference = np.abs(pixels.astype(float) - theirs[name][0]).max()
        assert difference <= within, f"{name}: {difference}"
