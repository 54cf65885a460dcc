"""A small classifier of flower photos with weights of chance, exported: what counts is that two machines agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from edgekit.spec import ImageFormat, image_classifier

SIZE = 48


def export_flowers(photos: Path, folder: Path) -> dict[str, Path]:
    """Writes ``fp32`` and ``int8`` files.

    Args:
        photos: a folder of folders, one a label.
        folder: a new one.
    """
    import keras

    from edgekit.api.exporting import export
    from edgekit.api.model import Model

    keras.utils.set_random_seed(1)
    labels = sorted(path.name for path in photos.iterdir() if path.is_dir())
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(16, 3, 2, activation="relu6"),
            layers.DepthwiseConv2D(3, activation="relu6"),
            layers.Conv2D(32, 1, activation="relu6"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(len(labels), kernel_initializer=keras.initializers.RandomNormal(stddev=2)),
            layers.Softmax(),
        ]
    )
    spec = image_classifier("flowers", labels, ImageFormat(SIZE, SIZE))
    files = [path for label in labels for path in sorted((photos / label).glob("*.jpg"))[:8]]
    samples = np.stack([np.asarray(Image.open(path).convert("RGB").resize((SIZE, SIZE))) for path in files])
    result = export(Model(network, spec), ["tflite:fp32", "tflite:int8"], folder, calibration=samples)
    return {path.name.split(".")[1]: path for path in result.paths}
