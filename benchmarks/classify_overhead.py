"""What ``classify`` costs on top of the interpreter's own ``invoke``.

One thread, an array that already has the model's size, MobileNetV2 0.35 at 224 with 5 classes. The
three calls take turns, one run each and in another order every round, so that whatever else the
machine does hits all of them alike. They share one interpreter: with one of its own, ``invoke`` would
find its weights less often in the processor's caches, and ``classify`` would look faster than it is.

    python -m benchmarks.classify_overhead [MODEL.tflite ...]

Without a model, MobileNetV2 is made with random weights and converted (needs TensorFlow).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime import Predictor, load
from edgekit.spec import ImageFormat, Label, ModelSpec, image_classifier

ROUNDS = 2000
WARM_UP = 200
SIZE = 224
CLASSES = 5


def main(paths: list[str]) -> None:
    """Measures the named models, or a MobileNetV2 in fp32 and in int8."""
    header = f"{'model':<28} {'invoke':>9} {'engine':>9} {'classify':>9}"
    print(f"{header} {'engine/invoke':>14} {'classify/invoke':>16} {'added':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for path in [Path(name) for name in paths] or make_models(Path(folder)):
            report(path)


def report(path: Path) -> None:
    """Prints the medians of one model and their ratios."""
    with load(path, threads=1) as predictor:
        image = predictor.spec.image if predictor.spec else None
        if image is None:
            sys.exit(f"{path} has no spec of an image classifier")
        pixels = np.random.default_rng(0).integers(0, 256, image.shape, np.uint8)
        calls = {
            "invoke": predictor.engine._interpreter.invoke,  # type: ignore[attr-defined]
            "engine": _engine_run(predictor, pixels),
            "classify": lambda: predictor.classify(pixels),
        }
        times = _interleave(calls)
    medians = {name: float(np.median(values)) / 1e6 for name, values in times.items()}
    floor = medians["invoke"]
    columns = "".join(f"{medians[name]:>7.3f} ms" for name in calls)
    # Within a round both meet the same neighbours on the processor: steadier than the ratio of medians.
    added = float(np.median(times["classify"] - times["invoke"])) / 1e3
    ratios = f"{medians['engine'] / floor:>13.3f}x {medians['classify'] / floor:>15.3f}x"
    print(f"{path.name:<28}{columns} {ratios} {added:>5.0f} us")


def make_models(folder: Path) -> list[Path]:
    """MobileNetV2 0.35 in fp32 and int8, with random weights and EdgeKit's spec."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from edgekit.tflite.embed import embed

    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    backbone = keras.applications.MobileNetV2((SIZE, SIZE, 3), alpha=0.35, include_top=False, weights=None)
    features = keras.layers.GlobalAveragePooling2D()(backbone(scaled))
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax")(features))
    spec: ModelSpec = image_classifier(
        "mobilenet_v2_0.35", tuple(Label(f"class {index}") for index in range(CLASSES)), ImageFormat(SIZE, SIZE)
    )
    signature = tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32, name="image")
    traced = tf.function(lambda image: model(image, training=False), input_signature=[signature])
    # The int8 conversion of a Keras 3 model fails on its variables.
    frozen = convert_variables_to_constants_v2(traced.get_concrete_function())

    def convert(integer: bool) -> bytes:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
        if integer:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = _calibration
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.uint8
        return bytes(converter.convert())

    paths = {folder / "mobilenet.fp32.tflite": False, folder / "mobilenet.int8.tflite": True}
    for path, integer in paths.items():
        path.write_bytes(embed(convert(integer), spec))
    return list(paths)


def _calibration() -> object:
    generator = np.random.default_rng(0)
    for _ in range(4):
        yield [generator.integers(0, 256, (1, SIZE, SIZE, 3)).astype(np.float32)]
    yield [np.tile(np.array([0.0, 255.0], np.float32), SIZE * SIZE * 3 // 2).reshape(1, SIZE, SIZE, 3)]


def _engine_run(predictor: Predictor, pixels: NDArray[np.uint8]) -> Callable[[], object]:
    engine = predictor.engine
    info = engine.inputs[0]
    inputs = {info.name: pixels[np.newaxis].astype(info.dtype)}
    return lambda: engine.run(inputs)


def _interleave(calls: dict[str, Callable[[], object]]) -> dict[str, NDArray[np.int64]]:
    """Name to nanoseconds, one for each round."""
    times: dict[str, list[int]] = {name: [] for name in calls}
    names = list(calls)
    for turn in range(WARM_UP + ROUNDS):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            call = calls[name]
            start = time.perf_counter_ns()
            call()
            if turn >= WARM_UP:
                times[name].append(time.perf_counter_ns() - start)
    return {name: np.array(values) for name, values in times.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
