"""The loaders that ``benchmarks.training_data`` compares: train and validation, ready for ``Model.fit``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgekit.data import CachePolicy, DataOptions, open_dataset
from edgekit.data.sources.directory import find_layout
from edgekit.spec import ImageFormat

Datasets = tuple[Any, Any]


def keras_plain(folder: Path, size: int, batch_size: int, work: Path) -> Datasets:
    """``keras.utils.image_dataset_from_directory`` as it is; it prefetches by itself."""
    import keras

    layout = find_layout(str(folder))
    options = {
        "image_size": (size, size),
        "batch_size": batch_size,
        "label_mode": "categorical",
        "crop_to_aspect_ratio": True,
        "verbose": False,
    }
    read = keras.utils.image_dataset_from_directory
    return read(layout.train, seed=0, **options), read(layout.validation, shuffle=False, **options)


def keras_cached(folder: Path, size: int, batch_size: int, work: Path) -> Datasets:
    """The same with the chain that TensorFlow's tutorials teach: batches kept in memory, their order shuffled."""
    import tensorflow as tf

    train, validation = keras_plain(folder, size, batch_size, work)
    return train.cache().shuffle(1000).prefetch(tf.data.AUTOTUNE), validation.cache().prefetch(tf.data.AUTOTUNE)


def keras_cached_photos(folder: Path, size: int, batch_size: int, work: Path) -> Datasets:
    """Photos kept in memory one by one, so that each epoch has other batches: the shuffling that EdgeKit does."""
    import tensorflow as tf

    train, validation = keras_plain(folder, size, None, work)  # type: ignore[arg-type]  # None: not batched
    train = train.cache().shuffle(10_000).batch(batch_size)
    return train.prefetch(tf.data.AUTOTUNE), validation.cache().batch(batch_size).prefetch(tf.data.AUTOTUNE)


def keras_generator(folder: Path, size: int, batch_size: int, work: Path) -> Datasets:
    """``ImageDataGenerator.flow_from_directory``, which Keras 3 keeps among its legacy."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    layout = find_layout(str(folder))
    options = {
        "target_size": (size, size),
        "batch_size": batch_size,
        "interpolation": "bilinear",
        "keep_aspect_ratio": True,
    }
    generator = ImageDataGenerator()
    return (
        generator.flow_from_directory(layout.train, seed=0, **options),
        generator.flow_from_directory(layout.validation, shuffle=False, **options),
    )


def edgekit(folder: Path, size: int, batch_size: int, work: Path) -> Datasets:
    """EdgeKit with an empty cache, through the object that its trainer gives to ``fit``; new batches in each epoch."""
    import numpy as np

    from edgekit.training.feeding import Batches, Order

    options = DataOptions(cache=CachePolicy(directory=work / folder.name))
    dataset = open_dataset(str(folder), ImageFormat(size, size, resize="crop"), options)
    one_hot = np.eye(len(dataset.class_names), dtype=np.float32)
    train, validation = dataset.train, dataset.validation
    return (
        Batches(train.images, one_hot[train.labels], batch_size, order=Order(0)),
        Batches(validation.images, one_hot[validation.labels], batch_size),
    )


LOADERS: dict[str, Callable[[Path, int, int, Path], Datasets]] = {
    "generator": keras_generator,
    "plain": keras_plain,
    "cached": keras_cached,
    "cached-photos": keras_cached_photos,
    "edgekit": edgekit,
}
