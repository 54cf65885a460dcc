"""What to do where a precision does not work."""

from __future__ import annotations

from pathlib import Path

from edgekit.converters.jobs import Outcome
from edgekit.program import FrozenProgram, has_loop


def explain_failure(outcome: Outcome) -> str:
    """A sentence more for a failure whose cause is known; else empty."""
    error, job = outcome.error or "", outcome.job
    if job.format != "tflite":
        return ""
    if "crashed" in error and job.precision == "int8" and has_loop(FrozenProgram.read(Path(job.program))):
        return (
            " TensorFlow's converter does so in full-integer conversion of recurrent layers (LSTM, GRU, "
            "Bidirectional): give them unroll=True, or use int8-dynamic."
        )
    if "does not keep the promises" in error and job.precision == "int8":
        return " TensorFlow's quantizer has left these in floating point: use int8-dynamic."
    if "TensorList" in error:
        return (
            " A SavedModel or tf.function with recurrent layers is fixed to the batch size that it was made for, and "
            "TFLite takes their loops for a batch of 1 only: give the Keras model itself, or save it with an input of "
            "batch size 1."
        )
    return ""
