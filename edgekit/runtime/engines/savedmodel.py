"""SavedModels in TensorFlow itself, on the processor: EdgeKit's own and those of others."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, UnsupportedModelError, UsageError, first_line
from edgekit.quiet import without_framework_warnings
from edgekit.runtime.engines.base import STRING, EngineInfo, OpenedModel, TensorInfo, check_inputs
from edgekit.savedmodel import SavedModelInfo, SavedTensor, check_saved_model, import_tensorflow

SIGNATURE = "serving_default"

_WHAT = "Running a SavedModel"

_PLACE = re.compile(r"<stack traces|Graph execution error|Detected at node|\s*File |\s*\[\[|\d+ root error")

_DEVICE = "/CPU:0"
"""The reference for what a file computes; an accelerator would round in other ways."""


def prepare() -> None:
    """See :class:`~edgekit.runtime.engines.base.EngineModule`."""
    import_tensorflow(_WHAT)


def open_model(path: Path, threads: int | None, trust: bool) -> OpenedModel:
    """Loads a SavedModel folder; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    It is checked first (:func:`~edgekit.savedmodel.check_saved_model`), whatever ``trust`` says.
    TensorFlow's threads belong to the whole process: ``threads`` holds where TensorFlow has not
    computed anything yet, and the engine's ``info`` says what came of it.
    """
    info = check_saved_model(path)
    engine = SavedModelEngine(info, choose_signature(info), threads)
    return OpenedModel(engine, info.spec)


def choose_signature(info: SavedModelInfo) -> str:
    """The signature to run: ``serving_default``, else the only one there is.

    Raises:
        ModelFileError: there is none, or several of other names.
    """
    if SIGNATURE in info.signatures:
        return SIGNATURE
    if not info.signatures:
        raise ModelFileError(
            f"{info.path} has no signature, so its inputs and outputs have no names. Save it again with "
            "tf.saved_model.save(model, folder, signatures={'serving_default': ...})."
        )
    if len(info.signatures) > 1:
        raise ModelFileError(
            f"{info.path} has several signatures and none is called {SIGNATURE!r}: "
            f"{', '.join(map(repr, info.signatures))}. Save it again with the one to run under that name."
        )
    return next(iter(info.signatures))


class SavedModelEngine:
    """One signature of a SavedModel in memory.

    Args:
        info: of a folder that has been checked.
        signature: the name of the one to run.
        threads: see :func:`open_model`.

    Raises:
        ModelFileError: TensorFlow cannot load it.
    """

    batch_size = 64
    """Rows of one run, as for Keras; a model with a fixed batch takes its own."""

    def __init__(self, info: SavedModelInfo, signature: str, threads: int | None = None) -> None:
        tf = import_tensorflow(_WHAT)
        self._tf = tf
        self._name = str(info.path)
        self._lock = threading.Lock()
        self._threads = _limit_threads(tf, threads)
        with without_framework_warnings(), tf.device(_DEVICE):
            try:
                # Kept, since the function alone does not keep its variables alive.
                self._model = tf.saved_model.load(self._name, tags=list(info.tags))
                self._function = self._model.signatures[signature]
            except Exception as error:  # OpError, ValueError, KeyError, TypeError, AssertionError, ...
                raise ModelFileError(
                    f"{info.path} cannot be loaded by TensorFlow {tf.__version__}: {_reason(error)}. "
                    "Copy it again from where it came, or export the model again."
                ) from error
        saved = info.signatures[signature]
        self._inputs = _in_order(saved.inputs, info.spec.inputs if info.spec else ())
        self._outputs = _in_order(saved.outputs, info.spec.outputs if info.spec else ())
        rows = {tensor.shape[0] for tensor in self._inputs if tensor.shape}
        if len(rows) == 1 and (fixed := rows.pop()) is not None:
            self.batch_size = fixed

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("tensorflow", self._tf.__version__, "CPU", self._threads)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self._inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        with self._lock:
            if self._function is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            with self._tf.device(_DEVICE):
                try:
                    tensors = {info.name: self._tensor(info, inputs[info.name]) for info in self._inputs}
                    answers = self._function(**tensors)
                except (self._tf.errors.OpError, ValueError, TypeError) as error:
                    raise UnsupportedModelError(f"{self._name} failed while it ran: {_reason(error)}.") from error
            # A copy: TensorFlow's buffer may be shared with a constant of the graph.
            return {info.name: np.array(answers[info.name].numpy()) for info in self._outputs}

    def close(self) -> None:
        """Lets go of the model; its memory is freed when nobody else holds it."""
        with self._lock:
            self._function = self._model = None

    def _tensor(self, info: TensorInfo, array: NDArray[Any]) -> Any:
        if info.dtype == STRING:
            return self._tf.constant(array.tolist(), self._tf.string, array.shape)
        return self._tf.constant(array.astype(info.dtype, copy=False))


def _in_order(tensors: tuple[SavedTensor, ...], wanted: tuple[Any, ...]) -> tuple[TensorInfo, ...]:
    """The signature's tensors, in the spec's order where it names them: a signature keeps none."""
    order = {tensor.name: place for place, tensor in enumerate(wanted)}
    infos = [_info(tensor) for tensor in tensors]
    return tuple(sorted(infos, key=lambda info: order.get(info.name, len(order))))


def _info(tensor: SavedTensor) -> TensorInfo:
    if tensor.shape is None:
        raise UnsupportedModelError(
            f"The tensor {tensor.name!r} of the model has any number of dimensions, which is not supported. Save the "
            "model again with a signature that says how many there are."
        )
    return TensorInfo(tensor.name, tensor.shape, tensor.dtype)


def _limit_threads(tf: Any, threads: int | None) -> int | None:
    """How many threads TensorFlow uses, where it let that be chosen."""
    if threads is None:
        return None
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # it has computed something already
        if tf.config.threading.get_intra_op_parallelism_threads() != threads:
            return None
    return threads


def _reason(error: Exception) -> str:
    """The line of TensorFlow's message that says what went wrong, without where in the graph."""
    message = getattr(error, "message", None)
    text = message if isinstance(message, str) and message else str(error)
    lines = [line for line in text.splitlines() if line.strip() and not _PLACE.match(line)]
    reason = re.sub(r"\{\{[^}]*\}\}\s*|\s*\[Op:[^]]*\]", "", lines[0] if lines else text)
    return first_line(reason or type(error).__name__).rstrip(". ")
