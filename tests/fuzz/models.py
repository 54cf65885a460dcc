"""The sound files that are damaged: real ones of many kinds, and two with EdgeKit's own digest."""

from __future__ import annotations

from pathlib import Path

from edgekit.doctor.known import MODEL
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier
from edgekit.tflite.embed import embed

FILES = (
    "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite",
    "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_quant.tflite",
    "tflite-zoo/tflite-support/automl_labeler_model.tflite",
    "tflite-zoo/tflite-support/movie_review.tflite",
    "tflite-zoo/tflite-support/dilated_conv.tflite",
    "tflite-zoo/tflite-micro/hello_world_int8.tflite",
    "tflite-zoo/tflite-micro/trained_lstm.tflite",
    "tflite-zoo/tflite-micro/trained_lstm_int8.tflite",
    "tflite-zoo/tflite-micro/dtln_noise_suppression.tflite",
    "tflite-zoo/tflite-micro/micro_speech_quantized.tflite",
    "tflite-zoo/ai-edge-quantizer/conv_fc_mnist.tflite",
    "tflite-zoo/ai-edge-quantizer/blockwise_i4rangedvalues_fc.tflite",
    "tflite-zoo/ai-edge-quantizer/insert_dequant_test.tflite",
    "tflite-zoo/ai-edge-quantizer/mnist_quantized.tflite",
)
"""Below the folder of shared data: convolutions, LSTMs, strings, all dtypes, with and without metadata."""


def sound_models(shared_data: Path) -> dict[str, bytes]:
    """Name to bytes."""
    models = {Path(file).name: (shared_data / file).read_bytes() for file in FILES}
    labels = tuple(Label(str(digit)) for digit in range(10))
    photos = image_classifier("digits", labels, ImageFormat(28, 28, "grayscale"))
    tensors = ModelSpec(
        "tiny",
        "tensors",
        (TensorSpec("x", (None, 4), "float32"),),
        (TensorSpec("y", (None, 3), "float32"),),
    )
    models["EdgeKit's own, of photos"] = embed(models["conv_fc_mnist.tflite"], photos)
    models["EdgeKit's own, of tensors"] = embed(MODEL, tensors)
    return models
