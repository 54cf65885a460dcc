"""From a Keras model to a FrozenProgram: traced once, variables folded in, saved once.

Every converter starts from the saved program and none of them touches Keras. The program is
TensorFlow's; where Keras runs on another backend here, the model is saved and traced in a process of
its own whose Keras runs on TensorFlow: ``python -m edgekit.program < REQUEST``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.child import Reply, run_child
from edgekit.errors import ConversionError, EdgeKitError, ModelFileError, OutputError
from edgekit.extras import require
from edgekit.kerasfile import first_line, import_keras, load_model
from edgekit.spec import ModelSpec

SIGNATURE = "serving_default"
_DESCRIPTION = "program.json"

_CHILD_SECONDS = 1800.0
"""For loading TensorFlow and the model, and tracing it; a minute is enough for most."""


@dataclass(frozen=True)
class FrozenProgram:
    """A saved TensorFlow function without variables.

    Attributes:
        folder: a SavedModel with the one signature :data:`SIGNATURE`; its arguments and results
            have the names of the spec's tensors.
        batch: the batch size that it was traced for, ``None`` for a symbolic one.
        spec: what the program takes and answers.
    """

    folder: Path
    batch: int | None
    spec: ModelSpec

    @classmethod
    def read(cls, folder: Path) -> FrozenProgram:
        """Opens a program that :func:`freeze` saved, without TensorFlow."""
        description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        return cls(folder, description["batch"], ModelSpec.from_dict(description["spec"], str(folder)))


def freeze(model: Any, spec: ModelSpec, folder: Path, batch: int | None = 1) -> FrozenProgram:
    """Traces a Keras model in inference mode and saves it.

    Freezing is not only a matter of speed (10 times faster conversion for MobileNetV2): the int8
    conversion of an unfrozen Keras 3 model fails with ``READ_VARIABLE ... variable != nullptr``.
    A frozen function given to a converter directly would have no signature, hence no names.

    Args:
        model: a ``keras.Model`` whose inputs and outputs are those of ``spec``, in this order.
        spec: names, shapes and dtypes.
        folder: a new folder.
        batch: 1 for TFLite, Edge TPU and Core ML; ``None`` for SavedModel, ONNX and TF.js.

    Raises:
        ConversionError: the model does not take or answer what the spec says.
        MissingExtraError: TensorFlow is not installed.
    """
    require("Exporting a model", "tensorflow", "tensorflow")
    if import_keras("Exporting a model").config.backend() != "tensorflow":
        return freeze_elsewhere(model, spec, folder, batch)
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((batch, *t.shape[1:]), t.dtype, name=t.name) for t in spec.inputs]
    try:
        traced = tf.function(lambda *tensors: _call(model, tensors), input_signature=signature)
        with _silent_trace():
            frozen = convert_variables_to_constants_v2(traced.get_concrete_function())
    except (TypeError, ValueError) as error:
        raise ConversionError(
            f"{spec.name} cannot be traced with the inputs of its spec: {first_line(error)}"
        ) from error
    _check_outputs(spec, [tuple(tensor.shape) for tensor in frozen.outputs])

    def serve(*tensors: Any) -> dict[str, Any]:
        return {output.name: tensor for output, tensor in zip(spec.outputs, frozen(*tensors), strict=True)}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=signature)
    try:
        tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.serve.get_concrete_function()})
    except tf.errors.OpError as error:  # TensorFlow's own file system: a full or read-only disk
        raise OutputError(f"Cannot save the frozen program in {folder.parent}: {error.message}.") from error
    description = {"batch": batch, "spec": spec.to_dict()}
    (folder / _DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
    return FrozenProgram(folder, batch, spec)


def freeze_elsewhere(model: Any, spec: ModelSpec, folder: Path, batch: int | None = 1) -> FrozenProgram:
    """:func:`freeze` in a process of its own, in which Keras runs on TensorFlow.

    Raises:
        ConversionError: as for :func:`freeze`; also where the model cannot be read again there,
            because it has layers whose code is not Keras' own.
    """
    with tempfile.TemporaryDirectory(prefix="edgekit-", ignore_cleanup_errors=True) as work:
        path = Path(work) / "model.keras"
        try:
            model.save(path)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ConversionError(f"{spec.name} cannot be saved for tracing: {first_line(error)}") from error
        request = {"model": str(path), "spec": spec.to_dict(), "folder": str(folder), "batch": batch}
        # A model is traced on the processor; the accelerator is this process' own.
        environment = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        child = run_child("edgekit.program", json.dumps(request).encode(), _CHILD_SECONDS, environment=environment)
    if child.reply is None:
        raise ConversionError(f"{spec.name} cannot be traced with TensorFlow: the process ended ({child.ending}).")
    if "error" in child.reply:
        kind = OutputError if child.reply.get("kind") == OutputError.kind else ConversionError
        raise kind(str(child.reply["error"]))
    return FrozenProgram.read(folder)


def main() -> None:
    """The child's side of :func:`freeze_elsewhere`."""
    reply = Reply()
    request = json.loads(sys.stdin.buffer.read())
    spec = ModelSpec.from_dict(request["spec"])
    answer: dict[str, Any] = {}
    try:
        model, _ = load_model(request["model"])
        freeze(model, spec, Path(request["folder"]), request["batch"])
    except ModelFileError as error:
        # The temporary file's name says nothing to anybody.
        reason = str(error).removeprefix(request["model"]).strip()
        answer = {"error": f"{spec.name} cannot be traced with TensorFlow: the saved model {reason}"}
    except EdgeKitError as error:
        answer = {"error": str(error), "kind": error.kind}
    reply.send(answer)


def _call(model: Any, tensors: tuple[Any, ...]) -> list[Any]:
    outputs = model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)
    if isinstance(outputs, dict):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _check_outputs(spec: ModelSpec, shapes: list[tuple[int | None, ...]]) -> None:
    expected = [output.shape for output in spec.outputs]
    if len(shapes) != len(expected) or any(not _fits(a, b) for a, b in zip(shapes, expected, strict=True)):
        raise ConversionError(f"{spec.name} answers tensors of the shapes {shapes}, but its spec says {expected}.")


def _fits(shape: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape, expected, strict=True)
    )


@contextlib.contextmanager
def _silent_trace() -> Iterator[None]:
    """Keeps TensorFlow's grappler notes about devices off the terminal while freezing."""
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


if __name__ == "__main__":
    main()
