"""The LiteRT interpreter: ``ai-edge-litert``, or ``tflite-runtime`` where that is what there is."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, NotRunHereError, UnsupportedModelError, UsageError
from edgekit.modelfile import read_model_file
from edgekit.runtime.engines.base import STRING, EngineInfo, OpenedModel, TensorInfo, check_inputs, check_threads
from edgekit.runtime.engines.litert_kernels import count_nodes, describe_kernels, read_nodes
from edgekit.runtime.engines.litert_problems import explain
from edgekit.runtime.engines.litert_slots import Slot, read_slots
from edgekit.runtime.engines.stderr import without_chatter
from edgekit.runtime.engines.versions import installed_version

if TYPE_CHECKING:
    from edgekit.runtime.engines.delegates import Delegate
    from edgekit.runtime.foreign_result import Foreign

INTERPRETERS = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
"""Package to module; the first that is installed is used."""

_NATIVE_ERRORS = (RuntimeError, ValueError, TypeError, MemoryError, SystemError)
"""What pybind11 makes of the interpreter's failures and C++ exceptions."""

DEFAULT_THREADS = 1
"""The interpreter's own default. A small model gains little from more, and loses where cores are busy."""


def prepare() -> None:
    """See :class:`~edgekit.runtime.engines.base.EngineModule`."""
    find_interpreter()
    import_module("edgekit.runtime.foreign")
    import_module("edgekit.runtime.trust")


def open_model(path: Path, threads: int | None, trust: bool, delegate: Delegate | None = None) -> OpenedModel:
    """Loads a ``.tflite``; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    The file is read once: the bytes that were tried are the bytes that run.
    """
    from edgekit.tflite.digest import carries_own_digest
    from edgekit.tflite.spec_io import read_spec

    data = read_model_file(path)
    spec = read_spec(data, path.name)
    digest = None
    if delegate is not None:
        check_compiled(data, path, delegate)
    # What EdgeKit wrote has run after writing, but not with somebody's delegate.
    if not trust and (delegate is not None or not carries_own_digest(data)):
        from edgekit.runtime.trust import ensure_tried

        digest = ensure_tried(data, path, delegate=delegate)
    engine = LiteRTEngine(data, threads, str(path), delegate=delegate)
    simulated = engine.info.simulated
    warning = (f"the {simulated} is simulated: the answers are not those of a real one",) if simulated else ()
    if spec is not None:
        return OpenedModel(engine, spec, assumptions=warning)
    foreign = _read_foreign(data, path, trust, digest)
    return OpenedModel(engine, foreign.spec, foreign.normalization, (*foreign.assumptions, *warning))


def _read_foreign(data: bytes, path: Path, trust: bool, digest: str | None) -> Foreign:
    """What a file without EdgeKit's spec is taken for; ``digest`` of one that was tried."""
    from edgekit.runtime.foreign_result import recall_foreign, remember_foreign

    known = recall_foreign(digest, path.stem) if digest else None
    if known is not None:
        return known
    from edgekit.runtime.foreign import read_foreign
    from edgekit.tflite.model import read_model

    model = read_model(data, path.name)
    foreign = read_foreign(model, path.stem)
    if digest:
        remember_foreign(digest, path.stem, foreign)
    if foreign.spec is None and path.stem.endswith("_edgetpu"):
        from edgekit.runtime.edgetpu.source import read_source

        return read_source(model, path, trust) or foreign
    return foreign


def check_compiled(data: bytes, path: Path, delegate: Delegate) -> None:
    """Raises :class:`~edgekit.errors.UnsupportedModelError` for a model without the operator that a delegate runs."""
    from edgekit.runtime.engines.delegates import known_delegate
    from edgekit.tflite.model import read_model

    known = known_delegate(delegate.name)
    if known is None or known.operator is None:
        return
    operators = (one for graph in read_model(data, path.name).subgraphs for one in graph.operators)
    if not any(one.custom_code == known.operator for one in operators):
        raise UnsupportedModelError(f"{path} cannot be run by the delegate {delegate.name}: {known.compile}.")


def describe() -> str:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    package, _ = find_interpreter()
    return f"{package} {installed_version(package)}"


def find_beside(data: bytes, path: Path) -> tuple[Path, ...]:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`; a ``.tflite`` is always one file."""
    return ()


def check_form(data: bytes, path: Path) -> None:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    from edgekit.tflite.model import read_model

    read_model(data, str(path))


def open_untried(data: bytes, path: Path, delegate: Delegate | None = None) -> LiteRTEngine:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    return LiteRTEngine(data, name=str(path), quiet=False, delegate=delegate)


def find_interpreter() -> tuple[str, type[Any]]:
    """The name of the interpreter's package, and its class.

    Raises:
        UnsupportedModelError: none is installed.
    """
    for package, module in INTERPRETERS.items():
        with contextlib.suppress(ModuleNotFoundError):
            return package, import_module(module).Interpreter
    import platform

    from edgekit.runtime.engines.litert_absent import how_to_get_one

    bits = 64 if sys.maxsize > 2**32 else 32
    raise UnsupportedModelError(how_to_get_one(sys.platform, platform.machine(), bits, sys.version_info[:2]))


class LiteRTEngine:
    """One interpreter. Buffers are allocated once, and again only when an input's shape changes.

    Args:
        data: the bytes of a ``.tflite``. They must have been tried (:mod:`edgekit.runtime.trust`):
            the interpreter can crash the process on broken ones.
        threads: ``None`` for :data:`DEFAULT_THREADS`.
        name: what to call the model in an error.
        quiet: keep the interpreter's start-up notes off standard error. Where loading may end the
            process, pass false: what is held back dies with it.
        delegate: runs what it can of the model; the interpreter runs the rest.

    Raises:
        UnsupportedModelError: no interpreter is installed, or it cannot run the model.
        ModelFileError: the interpreter finds the file damaged.
        UsageError: fewer than one thread.
    """

    batch_size = 1

    def __init__(
        self,
        data: bytes,
        threads: int | None = None,
        name: str = "the model",
        quiet: bool = True,
        delegate: Delegate | None = None,
    ) -> None:
        check_threads(threads)
        self._name = name
        self._lock = threading.Lock()
        self._threads = threads or DEFAULT_THREADS
        self._package, factory = find_interpreter()
        self._version = installed_version(self._package)
        self._layout: list[tuple[str, tuple[int, ...], np.dtype[Any]]] | None = None
        """Names, shapes and dtypes of the last inputs: what was right once needs no second check."""
        self._delegate = delegate
        self._simulated: str | None = None
        try:
            with without_chatter() if quiet else contextlib.nullcontext():
                options = self._delegate_options()
                self._interpreter: Any = factory(model_content=data, num_threads=self._threads, **options)
                operators = count_nodes(self._interpreter)
                self._interpreter.allocate_tensors()
            self._inputs, self._outputs = read_slots(self._interpreter)
        except _NATIVE_ERRORS as error:
            raise self._explain(error) from error
        self._kernels = self._describe_kernels(data, operators)
        self._input_infos = tuple(slot.info for slot in self._inputs)
        self._output_infos = tuple(slot.info for slot in self._outputs)

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._input_infos

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._output_infos

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(self._package, self._version, self._kernels, self._threads, self._simulated)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        # Everything here runs with caches that the last invoke has filled with weights, several times
        # slower than in a loop of its own (benchmarks/classify_overhead.py): hence one comparison
        # instead of the checks, and a plain try.
        layout = [(name, array.shape, array.dtype) for name, array in inputs.items()]
        with self._lock:
            self._require_open()
            try:
                if layout != self._layout:
                    self._accept(inputs)
                    self._layout = layout
                for slot in self._inputs:
                    self._write(slot, inputs[slot.info.name])
                return self._invoke()
            except _NATIVE_ERRORS as error:
                raise self._explain(error) from error

    def run_filled(self, shape: tuple[int, ...], fill: Callable[[NDArray[Any]], None]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.InPlaceEngine`."""
        slot = self._inputs[0]
        with self._lock:
            self._require_open()
            try:
                if shape != slot.shape:
                    if not slot.info.accepts(shape):
                        raise UsageError(f"{self._name}: Expected {slot.info}. Got an array of shape {shape}.")
                    self._layout = None
                    self._resize({slot.index: shape})
                fill(self._interpreter.tensor(slot.index)())
                return self._invoke()
            except _NATIVE_ERRORS as error:
                raise self._explain(error) from error

    def close(self) -> None:
        """Frees the interpreter and its buffers."""
        with self._lock:
            self._interpreter = None

    def _delegate_options(self) -> dict[str, Any]:
        if self._delegate is None:
            return {}
        from edgekit.runtime.engines.delegates import create_delegate, find_simulated

        native = create_delegate(self._delegate, INTERPRETERS[self._package])
        self._simulated = find_simulated(native._library)
        return {"experimental_delegates": [native]}

    def _describe_kernels(self, data: bytes, nodes_before: int | None) -> str:
        nodes = read_nodes(self._interpreter)
        if self._delegate is None or not nodes or nodes_before is None:
            return describe_kernels(nodes, nodes_before)
        from edgekit.runtime.engines.delegates import describe_shares
        from edgekit.tflite.model import read_model

        operators = len(read_model(data, self._name).subgraphs[0].operators)
        name = f"{self._delegate.name} simulated" if self._simulated else self._delegate.name
        return describe_shares(nodes, operators, nodes_before, name)

    def _require_open(self) -> None:
        if self._interpreter is None:
            raise UsageError(f"{self._name} is closed. Load it again.")

    def _invoke(self) -> dict[str, NDArray[Any]]:
        self._interpreter.invoke()
        return {slot.info.name: self._interpreter.get_tensor(slot.index) for slot in self._outputs}

    def _accept(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Checks inputs of another layout than the last ones, and makes room for them."""
        problem = check_inputs(self._input_infos, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        shapes = {slot.index: inputs[slot.info.name].shape for slot in self._inputs}
        if any(shapes[slot.index] != slot.shape for slot in self._inputs):
            self._layout = None
            self._resize(shapes)

    def _write(self, slot: Slot, array: NDArray[Any]) -> None:
        if slot.info.dtype == STRING:
            self._interpreter.set_tensor(slot.index, array.astype(object))
        elif not array.ndim:  # of a scalar the interpreter gives no array to write into
            self._interpreter.set_tensor(slot.index, array.astype(slot.info.dtype))
        elif array.size:
            # Written in place. The view must not outlive this line: the interpreter refuses to run
            # while one exists. So nothing here may fail, and the dtype was checked before.
            np.copyto(self._interpreter.tensor(slot.index)(), array, casting="safe")

    def _resize(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        older = {slot.index: slot.shape for slot in self._inputs}
        try:
            self._allocate(shapes)
        except (RuntimeError, ValueError) as error:
            self._allocate(older)
            sizes = ", ".join(str(shape) for shape in shapes.values())
            raise UsageError(f"{self._name} cannot run with inputs of shape {sizes}: {error}") from error

    def _allocate(self, shapes: Mapping[int, tuple[int, ...]]) -> None:
        for index, shape in shapes.items():
            self._interpreter.resize_tensor_input(index, shape, strict=True)
        self._interpreter.allocate_tensors()
        for slot in self._inputs:
            slot.shape = shapes[slot.index]

    def _explain(self, error: BaseException) -> ModelFileError:
        engine = f"{self._package} {self._version}"
        problem = explain(error, f"{engine} with the delegate {self._delegate.name}" if self._delegate else engine)
        sound = NotRunHereError if problem.elsewhere else UnsupportedModelError
        kind = ModelFileError if problem.broken else sound
        return kind(f"{self._name} cannot be run: {problem.reason}.")
