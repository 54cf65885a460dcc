"""From a model file to a :class:`~edgekit.runtime.predictor.Predictor`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.arguments import as_path, check_kind
from edgekit.errors import ModelFileError, UsageError
from edgekit.published import check_published
from edgekit.runtime.engines import DELEGATES, find_engine, is_model, model_root, takes_delegates
from edgekit.runtime.engines.base import check_threads
from edgekit.runtime.predictor import Predictor
from edgekit.spec import ModelSpec


def load(
    path: str | os.PathLike[str],
    threads: int | None = None,
    trust: bool = False,
    spec: ModelSpec | None = None,
    *,
    delegate: str | os.PathLike[str] | None = None,
    delegate_options: Mapping[str, str | int | float] | None = None,
) -> Predictor:
    """Loads a model file, ready to run.

    What the model takes and answers is read from the file: EdgeKit's own spec, or, for image
    classifiers that others made, standard TFLite metadata (labels, normalization). A file without
    either runs on raw tensors. The Edge TPU's compiler drops both: they are then those of the file beside it from
    which it was compiled (:mod:`edgekit.runtime.edgetpu.source`).

    A ``.tflite`` or ``.onnx`` that EdgeKit did not write is first run once in a process of its own, since a broken
    one can crash the interpreter and this program with it. That it went well is remembered.

    One that lies in an export folder must be what was exported: its digest is compared with the manifest's.

    Args:
        path: of a ``.tflite``, ``.onnx`` or ``.keras`` file, or of the folder of a Core ML package, a
            TensorFlow.js model or a SavedModel.
        threads: how many the engine may use; by default one for ``.tflite`` and ``.onnx``, and the
            framework's own choice for the others.
        trust: skip the trial run and the comparison with the manifest.
        spec: to be used instead of everything that the file says; pixels then go in as they are.
        delegate: of a ``.tflite``, what runs as much of it as it can, on other hardware for one: the path of a
            delegate's library, or the name of one that EdgeKit knows. The library runs in this process.
        delegate_options: for the library; which there are, its documentation says.

    Raises:
        ModelFileError: missing, damaged, or with parts that could execute code; also where the spec
            does not fit the model, and where an export folder's manifest has another digest.
        UnsupportedModelError: sound, but it cannot run here, or the delegate refuses it; the message says why.
        UsageError: no engine runs files with this suffix, a delegate's library is missing or cannot be loaded,
            or an argument is of the wrong type.
        SpecError: the file's spec is broken or newer than this EdgeKit.
        MissingExtraError: a ``.keras`` file where Keras is not installed.
    """
    path = as_path(path, "The model file")
    check_threads(threads)
    if spec is not None:
        check_kind(spec, "spec", ModelSpec, "a ModelSpec")
    path = model_root(path)
    if not is_model(path) and not path.exists():
        raise ModelFileError(f"There is no file {path}. Check the path.")
    if not trust:
        check_published(path)
    engine = find_engine(path)
    opened = engine.open_model(
        path, None if threads is None else int(threads), trust, **_delegate(path, delegate, delegate_options)
    )
    chosen = spec or opened.spec
    own = chosen is opened.spec  # what goes with the file's own spec does not go with another
    return Predictor(
        opened.engine,
        chosen,
        normalization=opened.normalization if own else None,
        name=str(path),
        assumptions=opened.assumptions if own else (),
    )


def _delegate(path: Path, delegate: object, options: object) -> dict[str, Any]:
    """The argument ``delegate`` for an engine, if one is wanted."""
    if delegate is None:
        if options is not None:
            raise UsageError("delegate_options are a delegate's: give delegate, too.")
        return {}
    from edgekit.runtime.engines.delegates import find_delegate

    if not takes_delegates(path):
        raise UsageError(f"Only {' and '.join(DELEGATES)} files run with a delegate. Got: {path.name}.")
    return {"delegate": find_delegate(delegate, options)}
