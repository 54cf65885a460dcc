"""From a model to a FrozenProgram: traced once, variables folded in, saved once.

Every converter starts from the saved program and none of them touches Keras. The program is
TensorFlow's; where Keras runs on another backend here, the model is saved and traced in a process of
its own whose Keras runs on TensorFlow: ``python -m edgekit.program < REQUEST``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.adaptation import AS_IT_IS, Adaptation
from edgekit.child import Reply, run_child
from edgekit.errors import ConversionError, EdgeKitError, ModelFileError, OutputError, first_line
from edgekit.extras import require
from edgekit.kerasfile import import_keras, load_model
from edgekit.negativezeros import ignore_negative_zeros
from edgekit.spec import ModelSpec
from edgekit.unfold import unfold

SIGNATURE = "serving_default"
_DESCRIPTION = "program.json"

Call = Callable[[Sequence[Any]], Sequence[Any]]
"""TensorFlow tensors in the order of a spec's inputs to those in the order of its outputs."""

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


@dataclass(frozen=True)
class ProgramGraph:
    """A program as converters of graphs want it: flat, without functions to call and without variables.

    Attributes:
        function: a TensorFlow ``ConcreteFunction``.
        graph_def: its ``GraphDef``; loops of recurrent layers are functional (``While``).
        inputs: names of the tensors (``image:0``) in the spec's order.
        outputs: likewise.
    """

    function: Any
    graph_def: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def load_graph(program: FrozenProgram) -> ProgramGraph:
    """Reads a saved program back as one flat graph.

    Inputs have the spec's names. Needs TensorFlow.
    """
    import tensorflow as tf

    loaded = tf.saved_model.load(str(program.folder))
    with _silent_trace():
        function = _frozen(loaded.signatures[SIGNATURE])
    names = [tensor.name for tensor in function.inputs]
    # A signature's arguments and results are sorted by name, not in the order of the spec.
    taken = dict(zip(sorted(tensor.name for tensor in program.spec.inputs), names, strict=True))
    given = dict(
        zip(sorted(tensor.name for tensor in program.spec.outputs), (t.name for t in function.outputs), strict=True)
    )
    return ProgramGraph(
        function=function,
        graph_def=function.graph.as_graph_def(),
        inputs=tuple(taken[tensor.name] for tensor in program.spec.inputs),
        outputs=tuple(given[tensor.name] for tensor in program.spec.outputs),
    )


def freeze(
    model: Any, spec: ModelSpec, folder: Path, batch: int | None = 1, adaptation: Adaptation = AS_IT_IS
) -> FrozenProgram:
    """Traces a Keras 3 model in inference mode and saves it.

    Args:
        model: a ``keras.Model`` whose inputs and outputs are those of ``spec``, in this order.
        spec: names, shapes and dtypes.
        folder: a new folder.
        batch: 1 for TFLite, Edge TPU and Core ML; ``None`` for SavedModel, ONNX and TF.js.
        adaptation: what is put around it.

    Raises:
        ConversionError: the model does not take or answer what the spec says.
        MissingExtraError: TensorFlow is not installed.
    """
    require("Exporting a model", "tensorflow", "tensorflow")
    keras = import_keras("Exporting a model")
    if keras.config.backend() != "tensorflow":
        return freeze_elsewhere(model, spec, folder, batch, adaptation)

    def call(tensors: Sequence[Any]) -> Sequence[Any]:
        return call_keras(model, tensors, keras.tree)

    return freeze_function(call, spec, folder, batch, adaptation)


def freeze_function(
    call: Call, spec: ModelSpec, folder: Path, batch: int | None = 1, adaptation: Adaptation = AS_IT_IS
) -> FrozenProgram:
    """Traces anything that TensorFlow can trace, folds its variables in and saves it.

    Freezing is not only a matter of speed (10 times faster conversion for MobileNetV2): the int8
    conversion of an unfrozen Keras 3 model fails with ``READ_VARIABLE ... variable != nullptr``.
    A frozen function given to a converter directly would have no signature, hence no names.

    Args:
        call: the model.
        spec: names, shapes and dtypes; where the first size of an input is 1, the model is made for that
            batch and no other, whatever ``batch`` says.
        folder: a new folder.
        batch: as for :func:`freeze`.
        adaptation: what is put around it.

    Raises:
        ConversionError: the model does not take or answer what the spec says.
        OutputError: the folder cannot be written.
    """
    import tensorflow as tf

    if any(tensor.shape[:1] == (1,) for tensor in spec.inputs):
        batch = 1
    signature = [tf.TensorSpec((batch, *t.shape[1:]), t.dtype, name=t.name) for t in spec.inputs]

    def adapted(*tensors: Any) -> list[Any]:
        outputs = list(call([adaptation.before_in_graph(tensors[0]), *tensors[1:]]))
        return [adaptation.after_in_graph(outputs[0]), *outputs[1:]]

    try:
        with _silent_trace():
            traced = tf.function(adapted, input_signature=signature).get_concrete_function()
            frozen = _frozen(traced)
            if _is_compiled(frozen):
                with _inlined_functions():
                    traced = tf.function(adapted, input_signature=signature).get_concrete_function()
                    frozen = _frozen(traced)
            frozen = unfold(frozen, traced, spec.name)
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise ConversionError(
            f"{spec.name} cannot be traced with the inputs of its spec: {first_line(error)}"
        ) from error
    frozen = ignore_negative_zeros(frozen)
    _check_outputs(spec, [tuple(tensor.shape) for tensor in frozen.outputs])

    def serve(*tensors: Any) -> dict[str, Any]:
        return {output.name: tensor for output, tensor in zip(spec.outputs, frozen(*tensors), strict=True)}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=signature)
    # A program is never trained; silu and others bring gradients that a frozen function cannot save.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    try:
        tf.saved_model.save(
            module, str(folder), signatures={SIGNATURE: module.serve.get_concrete_function()}, options=options
        )
    except tf.errors.OpError as error:  # TensorFlow's own file system: a full or read-only disk
        raise OutputError(f"Cannot save the frozen program in {folder.parent}: {error.message}.") from error
    description = {"batch": batch, "spec": spec.to_dict()}
    (folder / _DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
    return FrozenProgram(folder, batch, spec)


def freeze_elsewhere(
    model: Any, spec: ModelSpec, folder: Path, batch: int | None = 1, adaptation: Adaptation = AS_IT_IS
) -> FrozenProgram:
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
        request = {
            "model": str(path),
            "spec": spec.to_dict(),
            "folder": str(folder),
            "batch": batch,
            "adaptation": adaptation.to_dict(),
        }
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
        adaptation = Adaptation.from_dict(request["adaptation"])
        freeze(model, spec, Path(request["folder"]), request["batch"], adaptation)
    except ModelFileError as error:
        # The temporary file's name says nothing to anybody.
        reason = str(error).removeprefix(request["model"]).strip()
        answer = {"error": f"{spec.name} cannot be traced with TensorFlow: the saved model {reason}"}
    except EdgeKitError as error:
        answer = {"error": str(error), "kind": error.kind}
    reply.send(answer)


def call_keras(model: Any, tensors: Sequence[Any], tree: Any) -> list[Any]:
    """A Keras model (3 or 2) on tensors in the order of ``model.inputs``; those in the order of ``model.outputs``.

    Args:
        model: a model, called in inference mode.
        tensors: one for each input.
        tree: ``keras.tree``, or ``tf.nest`` for Keras 2.
    """
    structure = getattr(model, "input", None) if getattr(model, "inputs", None) else None
    if structure is None:
        packed = tensors[0] if len(tensors) == 1 else list(tensors)
    else:
        packed = tree.pack_sequence_as(structure, list(tensors))
    return list(tree.flatten(model(packed, training=False)))


def has_loop(program: FrozenProgram) -> bool:
    """Whether the graph has a loop, as of a recurrent layer that is not unrolled. Needs TensorFlow."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((program.folder / "saved_model.pb").read_bytes())
    graphs = [meta.graph_def for meta in saved.meta_graphs]
    nodes = [node for graph in graphs for part in (graph, *graph.library.function) for node in _nodes(part)]
    return any(node.op in ("While", "StatelessWhile", "LoopCond") for node in nodes)


def _nodes(part: Any) -> Any:
    return part.node if hasattr(part, "node") else part.node_def


def _check_outputs(spec: ModelSpec, shapes: list[tuple[int | None, ...]]) -> None:
    expected = [output.shape for output in spec.outputs]
    if len(shapes) != len(expected) or any(not _fits(a, b) for a, b in zip(shapes, expected, strict=True)):
        raise ConversionError(f"{spec.name} answers tensors of the shapes {shapes}, but its spec says {expected}.")


def _fits(shape: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape, expected, strict=True)
    )


def _frozen(function: Any) -> Any:
    """A concrete function with its variables folded in, flat but for its loops.

    Loops stay functional, since most formats cannot take them lowered. Without aggressive inlining a
    function with a loop would stay a function that is called.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    return convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)


def _is_compiled(function: Any) -> bool:
    """Whether a part is left to XLA, as Keras does with grouped convolutions. No converter looks into that."""
    return any(part.attr["_XlaMustCompile"].b for part in function.graph.as_graph_def().library.function)


@contextlib.contextmanager
def _inlined_functions() -> Iterator[None]:
    """Functions that are called while tracing become part of what is traced."""
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


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
