"""What each converter's documentation tells a person to run: one format, one process.

``python -m benchmarks._export_references FORMAT MODEL PHOTOS WORK`` for those of TensorFlow, coremltools
and onnxruntime; tf2onnx and tensorflowjs have command lines of their own (``COMMANDS``). As in their
guides: the Keras model is loaded, converted and saved; nothing is run or compared afterwards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CALIBRATION = 200
"""Photos to calibrate with, as many as EdgeKit keeps."""

_SIDE = 224


def saved_model(model: Path, photos: Path, work: Path) -> None:
    """Keras' export, which tf2onnx and tensorflowjs start from."""
    import keras

    keras.models.load_model(model).export(work / "saved_model")


def tflite(model: Path, photos: Path, work: Path) -> None:
    """ai.google.dev/edge/litert: "Convert Keras models"."""
    import keras
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(keras.models.load_model(model))
    (work / "fp32.tflite").write_bytes(converter.convert())


def tflite_int8(model: Path, photos: Path, work: Path) -> None:
    """The same site: "Post-training integer quantization"."""
    import keras
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(keras.models.load_model(model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([batch] for batch in _photos(photos))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    (work / "int8.tflite").write_bytes(converter.convert())


def coreml_fp16(model: Path, photos: Path, work: Path) -> None:
    """apple.github.io/coremltools: "Converting TensorFlow 2 models", with image input."""
    _coreml(model, photos).save(str(work / "fp16.mlpackage"))


def coreml_int8(model: Path, photos: Path, work: Path) -> None:
    """The same guide: "Linear quantization" of weights."""
    from coremltools.optimize import coreml

    config = coreml.OptimizationConfig(global_config=coreml.OpLinearQuantizerConfig(mode="linear_symmetric"))
    coreml.linear_quantize_weights(_coreml(model, photos), config).save(str(work / "int8.mlpackage"))


def onnx_int8(model: Path, photos: Path, work: Path) -> None:
    """onnxruntime.ai: "Static quantization", QDQ, of the file that tf2onnx wrote."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self.batches = iter([{name: batch.numpy()} for batch in _photos(photos)])

        def get_next(self) -> Any:
            return next(self.batches, None)

    import onnx

    source, prepared = work / "fp32.onnx", work / "prepared.onnx"
    quant_pre_process(str(source), str(prepared))
    reader = Reader(onnx.load(str(prepared)).graph.input[0].name)
    quantize_static(str(prepared), str(work / "int8.onnx"), reader, quant_format=QuantFormat.QDQ, per_channel=True)


SCRIPTS: dict[str, Callable[[Path, Path, Path], None]] = {
    "savedmodel": saved_model,
    "tflite": tflite,
    "tflite:int8": tflite_int8,
    "coreml:fp16": coreml_fp16,
    "coreml:int8": coreml_int8,
    "onnx:int8": onnx_int8,
}


def commands(model: Path, photos: Path, work: Path, tensorflowjs: Path | None) -> dict[str, list[str]]:
    """The command for each of the nine formats, in an order in which each finds what it needs.

    Args:
        model: a ``.keras`` file.
        photos: a folder of class folders to calibrate with.
        work: an empty folder.
        tensorflowjs: the folder with the reference converter's packages, to be on the path; ``None`` without them.
    """
    here = [sys.executable, "-m", "benchmarks._export_references"]
    saved = str(work / "saved_model")
    found = {name: [*here, name, *map(str, (model, photos, work))] for name in ("savedmodel", "tflite", "tflite:int8")}
    found |= {name: [*here, name, *map(str, (model, photos, work))] for name in ("coreml:fp16", "coreml:int8")}
    if tensorflowjs is not None:
        # What tensorflowjs_converter does, with stand-ins for packages that it imports and does not need.
        converter = [sys.executable, str(Path(__file__).parents[1] / "tests" / "conformance" / "reference.py")]
        found["tfjs"] = [*converter, saved, str(work / "tfjs")]
        found["tfjs:uint8"] = [*converter, saved, str(work / "tfjs8"), "uint8"]
    tf2onnx = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", saved]
    found["onnx"] = [*tf2onnx, "--output", str(work / "fp32.onnx")]
    found["onnx:int8"] = [*here, "onnx:int8", *map(str, (model, photos, work))]
    return found


def _coreml(model: Path, photos: Path) -> Any:
    import coremltools as ct
    import keras
    import tensorflow as tf

    network = keras.models.load_model(model)
    spec = tf.TensorSpec((1, _SIDE, _SIDE, 3), tf.float32, name="image")
    function = tf.function(lambda image: network(image, training=False)).get_concrete_function(spec)
    return ct.convert(
        [function],
        source="tensorflow",
        inputs=[ct.ImageType(name="image", shape=(1, _SIDE, _SIDE, 3))],
        classifier_config=ct.ClassifierConfig(sorted(folder.name for folder in photos.iterdir() if folder.is_dir())),
        minimum_deployment_target=ct.target.iOS16,
    )


def _photos(folder: Path) -> Iterator[Any]:
    import keras

    dataset = keras.utils.image_dataset_from_directory(folder, image_size=(_SIDE, _SIDE), batch_size=1, seed=0)
    for batch, _ in dataset.take(CALIBRATION):
        yield batch


def main(arguments: list[str]) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    model, photos, work = map(Path, arguments[1:])
    SCRIPTS[arguments[0]](model, photos, work)


if __name__ == "__main__":
    main(sys.argv[1:])
