"""Full-integer TFLite: TensorFlow's converter and quantizer, with ranges of our own and corrected biases.

TensorFlow converts and quantizes; between the two it hands out the float model with a range at each
tensor. ``tf.lite.experimental.QuantizationDebugger`` takes the same way in, there is no public one. The
ranges are replaced by those that :mod:`edgekit.converters.tflite_observe` sees, and afterwards
:mod:`edgekit.converters.tflite_bias` takes back what rounding the weights did to the layers' means.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.tflite_bias import Means, correct_biases, read_layers
from edgekit.converters.tflite_neg import without_neg
from edgekit.converters.tflite_observe import observe
from edgekit.converters.tflite_ranges import choose_ranges
from edgekit.program import SIGNATURE
from edgekit.tflite.model import TFLiteModel, read_model
from edgekit.tflite.patch import with_ranges

_STATEFUL = ("LSTM", "RNN", "SVDF")
"""Parts of the names of operators with tensors inside that only TensorFlow's calibrator sees."""

_SEVERAL_OUTPUTS = ("SPLIT", "SPLIT_V", "UNPACK")
_TRIES = 16


@dataclass(frozen=True)
class Ranged:
    """A float model of which all is known that int8 models are made from.

    Attributes:
        calibrated: the model, with a range at each tensor.
        observed: the model as it was observed, and the mean of each tensor that biases are corrected by; ``None``
            for one that only TensorFlow's calibrator can observe.
    """

    calibrated: bytes
    observed: tuple[TFLiteModel, Means] | None

    def quantize(self, dense_per_channel: bool = True) -> bytes:
        """The int8 ``.tflite``.

        Args:
            dense_per_channel: the weights of dense layers have a scale for each output, not one for all.

        Raises:
            Exception: of many kinds, from TensorFlow.
        """
        quantized = _quantize(self.calibrated, dense_per_channel)
        return quantized if self.observed is None else correct_biases(quantized, *self.observed)


def convert_to_int8(folder: Path, input_name: str, samples: NDArray[Any]) -> bytes:
    """The int8 ``.tflite`` of a saved program; arguments and errors as for :func:`find_ranges`."""
    return find_ranges(folder, input_name, samples).quantize()


def find_ranges(
    folder: Path, input_name: str, samples: NDArray[Any], check: Callable[[TFLiteModel], None] | None = None
) -> Ranged:
    """Runs the float model on samples.

    Args:
        folder: a SavedModel with the signature :data:`SIGNATURE`.
        input_name: of its only input.
        samples: (n, ...), n at least 1; they reach the ends of the input's range.
        check: looks at the float model before the long work, and raises where it will not do.

    Raises:
        ConversionError: the interpreter cannot run the float model, or the check refuses it.
        Exception: of many kinds, from TensorFlow.
    """
    with tempfile.TemporaryDirectory(prefix="edgekit-", ignore_cleanup_errors=True) as work:
        saved = without_neg(folder, Path(work))
        # The ranges of the first sample are replaced; without any, tensors would have no room for one.
        calibrated = _calibrate(saved, input_name, samples[:1])
        model = read_model(calibrated, "the float model")
        if check is not None:
            check(model)
        if not _can_be_observed(model):
            return Ranged(_calibrate(saved, input_name, samples) if len(samples) > 1 else calibrated, None)
    means = sorted({layer.operator.inputs[0] for layer in read_layers(model)})
    seen = observe(model, samples, [index for index in means if model.subgraphs[0].tensors[index].dtype == "float32"])
    return Ranged(with_ranges(calibrated, choose_ranges(model, seen)), (model, seen.means))


def _can_be_observed(model: TFLiteModel) -> bool:
    names = [operator.name for operator in model.subgraphs[0].operators]
    return len(model.subgraphs) == 1 and not any(part in name for name in names for part in _STATEFUL)


def _calibrate(folder: Path, input_name: str, samples: NDArray[Any]) -> bytes:
    """The float model with the range of each tensor."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = _representative(input_name, samples)
    # Without this an op that has no integer kernel would silently stay floating point.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    converter._experimental_calibrate_only = True
    return bytes(converter.convert())


def _quantize(calibrated: bytes, dense_per_channel: bool = True) -> bytes:
    """The int8 model; where operators with several outputs stay in floating point, after more tries.

    Whether they do depends on the order in which TensorFlow's quantizer meets them, which differs from run to
    run: 13 of 30 quantizations of an unrolled GRU failed, the other 17 gave the same bytes.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    model = read_model(calibrated, "the float model")
    unsteady = any(operator.name in _SEVERAL_OUTPUTS for operator in model.subgraphs[0].operators)
    quantized = b""
    for _ in range(_TRIES if unsteady else 1):
        quantized = bytes(
            mlir_quantize(
                calibrated,
                input_data_type=tf.uint8,
                output_data_type=tf.uint8,
                # What converter._experimental_disable_per_channel_quantization_for_dense_layers sets.
                disable_per_channel_for_dense_layers=not dense_per_channel,
            )
        )
        tensors = read_model(quantized, "the int8 model").subgraphs[0].tensors
        if all(tensor.dtype != "float32" for tensor in tensors):
            break
    return quantized


def _representative(name: str, samples: NDArray[Any]) -> Callable[[], Iterator[dict[str, Any]]]:
    def feeds() -> Iterator[dict[str, Any]]:
        for sample in samples:
            yield {name: sample[np.newaxis].astype(np.float32)}

    return feeds
