"""From whatever a caller has to a :class:`~edgekit.sourcemodel.base.SourceModel`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.adaptation import AS_IT_IS, Adaptation
from edgekit.arguments import as_path
from edgekit.errors import UsageError
from edgekit.sourcemodel.base import Graph, SourceModel
from edgekit.sourcemodel.derive import derive
from edgekit.sourcemodel.files import open_file
from edgekit.sourcemodel.functiongraph import FunctionGraph, concrete_function
from edgekit.sourcemodel.kerasgraph import KerasGraph, package_of
from edgekit.sourcemodel.options import SourceOptions
from edgekit.sourcemodel.preprocessing import read_adaptation
from edgekit.sourcemodel.shapes import Shape, pin, read_shapes
from edgekit.spec import ModelSpec


def open_source(
    model: Any,
    spec: ModelSpec | None = None,
    options: SourceOptions | None = None,
    adaptation: Adaptation | None = None,
) -> SourceModel:
    """Opens a model that may have been made anywhere.

    Args:
        model: a path (``.keras``, ``.h5``, a SavedModel folder), a ``keras.Model`` or ``tf_keras.Model``, a
            ``tf.function`` with an input signature, or a ``ConcreteFunction``.
        spec: what it takes and answers, where the caller knows; by default its own, else one is made from its
            inputs and outputs and ``options``.
        options: what is not in the model.
        adaptation: what was put around it in an earlier export, instead of what ``options`` say.

    Raises:
        UsageError: no model, or what is said about it does not fit.
        ModelFileError: the file is no model, damaged, or refused because it could run code.
        ConversionError: the model cannot be run.
        MissingExtraError: what it needs is not installed.
    """
    options = options or SourceOptions()
    shapes = read_shapes(options.input_shape)
    # A model that does not know its own shapes is opened with those of the spec, which nobody has to repeat.
    graph, own = _open(model, options, shapes or _shapes_of(spec))
    inputs = pin(graph.inputs, shapes, graph.name)
    if own is not None and spec is None:
        said = (*options.about_meaning, *(["input_shape"] if shapes else []))
        if said:
            raise UsageError(
                f"{graph.name} has a spec of its own, which says what its inputs and outputs are. Leave out {said[0]}."
            )
        return SourceModel(graph, own, own=True)
    if spec is None:
        derived = derive(graph, inputs, options)
        return SourceModel(graph, derived.spec, derived.adaptation, derived.remarks)
    repeated = [name for name in options.about_meaning if name not in ("preprocessing", "scale", "mean", "bgr")]
    if repeated or shapes:
        raise UsageError(
            f"The spec says what the model takes and answers. Leave out {(repeated or ['input_shape'])[0]}."
        )
    if len(spec.inputs) != len(inputs) or len(spec.outputs) != len(graph.outputs):
        raise UsageError(
            f"The spec of {spec.name} has {len(spec.inputs)} inputs and {len(spec.outputs)} outputs, but {graph.name} "
            f"has {len(inputs)} and {len(graph.outputs)}. Give the spec of this very model."
        )
    if adaptation is None:
        channels = spec.inputs[0].shape[-1] if len(spec.inputs[0].shape) > 1 else None
        adaptation = read_adaptation(options, channels) or AS_IT_IS
    return SourceModel(graph, spec, adaptation)


def _shapes_of(spec: ModelSpec | None) -> dict[str | None, Shape]:
    """As :func:`~edgekit.sourcemodel.shapes.read_shapes` gives them; the only input may have another name."""
    if spec is None:
        return {}
    return {tensor.name if len(spec.inputs) > 1 else None: tensor.shape for tensor in spec.inputs}


def _open(model: Any, options: SourceOptions, shapes: Mapping[str | None, Shape]) -> tuple[Graph, ModelSpec | None]:
    if isinstance(model, str | os.PathLike):
        return open_file(Path(as_path(model, "model")), options, shapes)
    if options.signature is not None or options.custom_objects:
        word = "signature" if options.signature is not None else "custom_objects"
        raise UsageError(f"{word} is for models from the disk; a model in memory has its own.")
    if package_of(model) is not None:
        name = str(model.name)
        return KerasGraph(model, name, name, shapes), None
    said = getattr(model, "__name__", None) or getattr(model, "name", "function")
    name = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).strip("<>")
    function = concrete_function(model, name)
    if function is None:
        raise UsageError(
            "export takes a Model, a .keras or .h5 file, a SavedModel folder, a keras.Model or a tf.function. Got: a "
            f"{type(model).__name__}."
        )
    return FunctionGraph(function, name, _stem(name), shapes), None


def _stem(name: str) -> str:
    """A concrete function is called ``__inference_serve_42``."""
    return name.removeprefix("__inference_").rstrip("0123456789").strip("_") or "model"
