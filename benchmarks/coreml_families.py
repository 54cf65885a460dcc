"""One model of every family of keras.applications as Core ML float32, evaluated and compared with Keras.

    python benchmarks/coreml_families.py [--only NAME ...]

Weights and batch-norm statistics are random, so nothing is downloaded; sizes are the smallest legal ones.
Compared are the values before the softmax, which random weights would saturate: a row passes where the
largest difference is at most a thousandth of how far Keras' own values are apart.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

SIZES = {
    "ConvNeXtTiny": 32,
    "DenseNet121": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "InceptionResNetV2": 75,
    "InceptionV3": 75,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "NASNetMobile": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "VGG16": 32,
    "Xception": 71,
}
"""The smallest member of each family, and the smallest photo that it takes."""

TOLERANCE = 1e-3


def randomize(model: Any) -> None:
    """Statistics that differ from channel to channel."""
    import keras

    random = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.moving_mean.shape
            layer.moving_mean.assign(random.uniform(-0.2, 0.2, shape))
            layer.moving_variance.assign(random.uniform(0.7, 1.3, shape))
            for weight, low, high in ((layer.beta, -0.2, 0.2), (layer.gamma, 0.8, 1.2)):
                if weight is not None:
                    weight.assign(random.uniform(low, high, shape))


def check(name: str, size: int, folder: Path) -> bool:
    """Exports and compares one model; prints its row."""
    import keras

    from edgekit.converters.coreml import CoreMLConverter, CoreMLOptions
    from edgekit.coreml.package import read_package
    from edgekit.program import freeze
    from edgekit.runtime.engines import coreml
    from edgekit.spec import ModelSpec, TensorSpec

    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    model = build(input_shape=(size, size, 3), weights=None, classes=10, classifier_activation=None)
    randomize(model)
    spec = ModelSpec(
        name=name,
        task="tensors",
        inputs=(TensorSpec("image", (None, size, size, 3)),),
        outputs=(TensorSpec("logits", (None, 10)),),
        labels=(),
        activation="none",
    )
    path = folder / f"{name}.mlpackage"
    start = time.monotonic()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        program = freeze(model, spec, folder / name)
        CoreMLConverter().convert(program, spec, "fp32", None, CoreMLOptions(), path)
    converted = time.monotonic()
    engine = coreml.EvaluatorEngine(read_package(path))
    opened = time.monotonic()
    photo = np.random.default_rng(1).integers(0, 256, (1, size, size, 3)).astype(np.float32)
    answer = engine.run({"image": photo})["logits"]
    seconds = time.monotonic() - opened
    expected = np.asarray(model(photo, training=False))
    difference, spread = float(np.abs(answer - expected).max()), float(np.ptp(expected))
    good = difference <= TOLERANCE * spread
    print(
        f"{name:18} {size:3} px  difference {difference:.1e} of {spread:9.3g}  convert {converted - start:6.1f} s  "
        f"open {opened - converted:5.2f} s  run {seconds:6.3f} s  {'ok' if good else 'DIFFERS'}",
        flush=True,
    )
    operators = Counter(step.op_type for step in engine.plan.steps)
    print("   ", ", ".join(f"{count} {op}" for op, count in operators.most_common()), flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SIZES, help="these models only")
    names = parser.parse_args().only or list(SIZES)
    with tempfile.TemporaryDirectory(prefix="edgekit-") as folder:
        results = [check(name, SIZES[name], Path(folder)) for name in names]
    print(f"{sum(results)} of {len(results)} agree.")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
