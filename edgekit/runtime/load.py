"""From a model file to a :class:`~edgekit.runtime.predictor.Predictor`."""

from __future__ import annotations

import os

from edgekit.arguments import as_path, check_kind, check_whole
from edgekit.runtime.engines import find_engine, model_root
from edgekit.runtime.predictor import Predictor
from edgekit.spec import ModelSpec


def load(
    path: str | os.PathLike[str],
    threads: int | None = None,
    trust: bool = False,
    spec: ModelSpec | None = None,
) -> Predictor:
    """Loads a model file, ready to run.

    What the model takes and answers is read from the file: EdgeKit's own spec, or, for image
    classifiers that others made, standard TFLite metadata (labels, normalization). A file without
    either runs on raw tensors.

    A ``.tflite`` that EdgeKit did not write is first run once in a process of its own, since a broken
    one can crash the interpreter and this program with it. That it went well is remembered.

    Args:
        path: of a ``.tflite``, ``.onnx`` or ``.keras`` file, or of the folder of a Core ML package, a
            TensorFlow.js model or a SavedModel.
        threads: how many the engine may use; by default one for ``.tflite`` and ``.onnx``, and the
            framework's own choice for the others.
        trust: skip the trial run.
        spec: to be used instead of everything that the file says; pixels then go in as they are.

    Raises:
        ModelFileError: missing, damaged, or with parts that could execute code; also where the spec
            does not fit the model.
        UnsupportedModelError: sound, but it cannot run here; the message says why.
        UsageError: no engine runs files with this suffix, or an argument is of the wrong type.
        SpecError: the file's spec is broken or newer than this EdgeKit.
        MissingExtraError: a ``.keras`` file where Keras is not installed.
    """
    path = as_path(path, "The model file")
    if threads is not None:
        check_whole(threads, "threads")
    if spec is not None:
        check_kind(spec, "spec", ModelSpec, "a ModelSpec")
    path = model_root(path)
    opened = find_engine(path).open_model(path, threads, trust)
    chosen = spec or opened.spec
    normalization = opened.normalization if chosen is opened.spec else None
    return Predictor(opened.engine, chosen, normalization=normalization, name=str(path))
