"""TFLite: float32, float16 weights, full integer, and dynamic-range integer weights.

The conversion is TensorFlow's; what is added is the spec (as standard TFLite metadata that
MediaPipe and Android Studio read, and as our own) and the proof on the written file that it holds
what its precision promises.
"""

from __future__ import annotations

from pathlib import Path

from edgekit.artifact import Artifact
from edgekit.converters.base import NoOptions, register
from edgekit.converters.tflite_int8 import convert_to_int8
from edgekit.errors import ConversionError, EdgeKitError
from edgekit.program import SIGNATURE, FrozenProgram
from edgekit.quantization.calibration import Calibration
from edgekit.quantization.recipes import RECIPES
from edgekit.spec import ModelSpec
from edgekit.tflite.checks import find_problems
from edgekit.tflite.embed import embed
from edgekit.tflite.model import read_model

_SHOWN = 3


@register
class TFLiteConverter:
    """Writes ``.tflite`` with TensorFlow's converter."""

    format = "tflite"
    precisions = ("fp32", "fp16", "int8", "int8-dynamic")
    calibrated = ("int8",)
    improved = ()
    extra = "tensorflow"
    module = "tensorflow"
    suffix = ".tflite"
    batch = 1
    Options = NoOptions

    def convert(
        self,
        program: FrozenProgram,
        spec: ModelSpec,
        precision: str,
        calibration: Calibration | None,
        options: NoOptions,
        out: Path,
    ) -> Artifact:
        data = embed(_convert(program, precision, calibration), spec)
        problems = find_problems(read_model(data, out.name), precision)
        if problems:
            more = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
            raise ConversionError(
                f"{out.name} does not keep the promises of {precision}: {' '.join(problems[:_SHOWN])}{more}"
            )
        out.write_bytes(data)
        return Artifact.at(out, self.format, precision, spec)


def _convert(program: FrozenProgram, precision: str, calibration: Calibration | None) -> bytes:
    try:
        if RECIPES[precision].activations == "int8":
            if calibration is None:
                raise ConversionError(f"{precision} needs calibration photos. Pass them with --calibration FOLDER.")
            return convert_to_int8(program.folder, program.spec.inputs[0].name, calibration.with_extremes())
        return _convert_float(program, precision)
    except EdgeKitError:
        raise
    except Exception as error:  # the converter raises ConverterError, RuntimeError, ValueError, ...
        raise ConversionError(f"TensorFlow's converter failed for {precision}: {first_lines(error)}") from error


def _convert_float(program: FrozenProgram, precision: str) -> bytes:
    """With floating-point activations."""
    import tensorflow as tf

    recipe = RECIPES[precision]
    converter = tf.lite.TFLiteConverter.from_saved_model(str(program.folder), signature_keys=[SIGNATURE])
    if recipe.weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def first_lines(error: Exception, limit: int = 3) -> str:
    """What an error of TensorFlow's converter says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:limit]) or type(error).__name__
