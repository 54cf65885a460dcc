"""One model of the matrix, ready for the converters: ``python -m tests.matrix.prepare NAME FOLDER``.

There is no download: weights are random. So that outputs differ from input to input, batch
normalization takes the statistics of the inputs, and the last layer looks at what differs most among them,
as that of a trained network does. A random last layer would answer by what is least, rounding errors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.model import Model
from edgekit.applications import Application
from edgekit.converters.reference import Reference
from edgekit.program import freeze
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ImageFormat, image_classifier
from edgekit.training.normalization import normalize
from tests.matrix.rows import GIANTS, LARGE, all_rows

CLASSES = 10
INPUTS = 32
"""Of which every second one sets the statistics: activations of one pass through a large model take gigabytes."""

_LOGIT_SPREAD = 3.0
"""Standard deviation of the logits: the best class then leads clearly on most inputs."""

_COMPONENTS = 4


def main(name: str, folder: Path) -> None:
    """Writes programs, reference and calibration into ``folder``."""
    application = next(row.application for row in all_rows() if row.name == name)
    images = draw_images(application_size(application))
    model = build(application, images)
    spec = image_classifier(name, [f"class {i}" for i in range(CLASSES)], ImageFormat(*images.shape[2:0:-1]))
    inputs = {"image": images}
    Reference(inputs, Model(model, spec).predictor().answers(inputs), f"{INPUTS} random images").save(
        folder / "reference.npz"
    )
    Calibration(images, np.zeros(INPUTS, np.int64), "random images").save(folder / "calibration.npz")
    for batch in (1, None):
        freeze(model, spec, folder / f"program-{batch or 'any'}", batch)
    about = {"parameters": model.count_params(), "size": images.shape[1]}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def application_size(application: Application) -> int:
    """Pixels of a side: what it was trained on; of giants the least that they take."""
    import keras

    if application.default_size > LARGE:
        return application.min_size
    built = getattr(keras.applications, application.function)(weights=None, classes=CLASSES, **application.arguments)
    return application.min_size if built.count_params() >= GIANTS else application.default_size


def draw_images(size: int) -> NDArray[np.uint8]:
    """(INPUTS, size, size, 3): patches around a colour, from soft and large to hard and small."""
    from PIL import Image

    random = np.random.default_rng(0)
    images = []
    for index in range(INPUTS):
        share = index / (INPUTS - 1)
        colour, contrast, side = random.uniform(20, 235, 3), 15 + 90 * share, 2 + round(30 * share)
        cells = np.clip(random.normal(colour, contrast, (side, side, 3)), 0, 255).astype(np.uint8)
        way = Image.Resampling.BICUBIC if index % 2 else Image.Resampling.NEAREST
        images.append(np.asarray(Image.fromarray(cells).resize((size, size), way)))
    return np.stack(images)


def build(application: Application, images: NDArray[np.uint8]) -> Any:
    """The model with random weights, pixels 0..255 in and probabilities out."""
    import keras

    keras.utils.set_random_seed(0)
    side = images.shape[1]
    network = getattr(keras.applications, application.function)(
        weights=None,
        input_shape=(side, side, 3),
        classes=CLASSES,
        classifier_activation=None,
        **application.arguments,
    )
    pixels = keras.Input((side, side, 3), name="image")
    logits = network(normalize(keras, pixels, application.way))
    model = keras.Model(pixels, keras.layers.Softmax(name="probabilities")(logits))
    samples = images.astype(np.float32)
    _adapt_statistics(keras, network, model, samples)
    _set_last_layer(keras, network, model, samples)
    return model


def _adapt_statistics(keras: Any, network: Any, model: Any, samples: NDArray[np.float32]) -> None:
    """Batch normalization as after a training: the inputs' own statistics, and random scales."""
    import tensorflow as tf

    random = np.random.default_rng(1)
    normalizations = [
        layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
        if layer.gamma is not None:
            layer.gamma.assign(random.uniform(0.7, 1.3, layer.gamma.shape))
        if layer.beta is not None:
            layer.beta.assign(random.normal(0, 0.1, layer.beta.shape))
    # As a graph, which frees what it no longer needs; ``model(samples)`` keeps every activation to its end.
    tf.function(lambda given: model(given, training=True))(samples[::2])
    for layer, momentum in zip(normalizations, momenta, strict=True):
        layer.momentum = momentum


def _set_last_layer(keras: Any, network: Any, model: Any, samples: NDArray[np.float32]) -> None:
    """Logits that are random mixtures of the features' main components (of their singular value decomposition)."""
    last = [layer for layer in network._flatten_layers() if layer.weights][-1]
    features = keras.Model(network.input, last.input)
    scaled = keras.Model(model.input, features(_into(network, model)))
    values = scaled.predict(samples, batch_size=4, verbose=0).reshape(len(samples), -1).astype(np.float64)
    mean = values.mean(axis=0)
    _, sizes, components = np.linalg.svd(values - mean, full_matrices=False)
    mixture = np.random.default_rng(2).normal(size=(_COMPONENTS, CLASSES))
    kernel = components[:_COMPONENTS].T @ mixture * (_LOGIT_SPREAD * np.sqrt(len(samples)) / sizes[0])
    old_kernel, old_bias = last.get_weights()
    last.set_weights([kernel.reshape(old_kernel.shape), (-mean @ kernel).reshape(old_bias.shape)])


def _into(network: Any, model: Any) -> Any:
    """What the network is called on in the model."""
    return next(layer for layer in model.layers if layer is network)._inbound_nodes[-1].input_tensors[0]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
