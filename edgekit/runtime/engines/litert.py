"""The LiteRT interpreter: ``ai-edge-litert``, or ``tflite-runtime`` where that is what there is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, UnsupportedModelError, UsageError
from edgekit.modelfile import read_model_file
from edgekit.runtime.engines.base import STRING, EngineInfo, OpenedModel, TensorInfo, check_inputs
from edgekit.runtime.engines.litert_kernels import count_nodes, describe_kernels, read_nodes
from edgekit.runtime.engines.litert_names import find_signature, name_tensors
from edgekit.runtime.engines.litert_problems import explain
from edgekit.runtime.engines.stderr import without_chatter

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


def open_model(path: Path, threads: int | None, trust: bool) -> OpenedModel:
    """Loads a ``.tflite``; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    The file is read once: the bytes that were tried are the bytes that run.
    """
    from edgekit.runtime.foreign import read_foreign_spec
    from edgekit.runtime.trust import ensure_tried
    from edgekit.tflite.model import read_model
    from edgekit.tflite.spec_io import read_spec

    data = read_model_file(path)
    spec = read_spec(data, path.name)
    if not trust:
        ensure_tried(data, str(path))
    engine = LiteRTEngine(data, threads, str(path))
    if spec is not None:
        return OpenedModel(engine, spec)
    foreign = read_foreign_spec(read_model(data, path.name), path.stem)
    return OpenedModel(engine, foreign.spec, foreign.normalization) if foreign else OpenedModel(engine)


def find_interpreter() -> tuple[str, type[Any]]:
    """The name of the interpreter's package, and its class.

    Raises:
        UnsupportedModelError: none is installed.
    """
    for package, module in INTERPRETERS.items():
        with contextlib.suppress(ModuleNotFoundError):
            return package, import_module(module).Interpreter
    raise UnsupportedModelError(
        "A .tflite file needs a LiteRT interpreter, and none is installed. Install it with: pip install "
        "ai-edge-litert (on 32-bit ARM: tflite-runtime, for Python up to 3.11)."
    )


@dataclass
class _Slot:
    """A tensor's place in the interpreter, with the shape that is allocated now."""

    info: TensorInfo
    index: int
    shape: tuple[int, ...]


class LiteRTEngine:
    """One interpreter. Buffers are allocated once, and again only when an input's shape changes.

    Args:
        data: the bytes of a ``.tflite``. They must have been tried (:mod:`edgekit.runtime.trust`):
            the interpreter can crash the process on broken ones.
        threads: ``None`` for :data:`DEFAULT_THREADS`.
        name: what to call the model in an error.
        quiet: keep the interpreter's start-up notes off standard error. Where loading may end the
            process, pass false: what is held back dies with it.

    Raises:
        UnsupportedModelError: no interpreter is installed, or it cannot run the model.
        ModelFileError: the interpreter finds the file damaged.
        UsageError: fewer than one thread.
    """

    batch_size = 1

    def __init__(self, data: bytes, threads: int | None = None, name: str = "the model", quiet: bool = True) -> None:
        if threads is not None and threads < 1:
            raise UsageError(f"threads must be at least 1. Got: {threads}.")
        self._name = name
        self._lock = threading.Lock()
        self._threads = threads or DEFAULT_THREADS
        self._package, factory = find_interpreter()
        self._version = metadata.version(self._package)
        self._layout: list[tuple[str, tuple[int, ...], np.dtype[Any]]] | None = None
        """Names, shapes and dtypes of the last inputs: what was right once needs no second check."""
        try:
            with without_chatter() if quiet else contextlib.nullcontext():
                self._interpreter: Any = factory(model_content=data, num_threads=self._threads)
                operators = count_nodes(self._interpreter)
                self._interpreter.allocate_tensors()
            self._inputs, self._outputs = _read_slots(self._interpreter)
        except _NATIVE_ERRORS as error:
            raise self._explain(error) from error
        self._kernels = describe_kernels(read_nodes(self._interpreter), operators)
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
        return EngineInfo(self._package, self._version, self._kernels, self._threads)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        # Everything here runs with caches that the last invoke has filled with weights, several times
        # slower than in a loop of its own (benchmarks/classify_overhead.py): hence one comparison
        # instead of the checks, and a plain try.
        layout = [(name, array.shape, array.dtype) for name, array in inputs.items()]
        with self._lock:
            if self._interpreter is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            try:
                if layout != self._layout:
                    self._accept(inputs)
                    self._layout = layout
                for slot in self._inputs:
                    self._write(slot, inputs[slot.info.name])
                self._interpreter.invoke()
                return {slot.info.name: self._interpreter.get_tensor(slot.index) for slot in self._outputs}
            except _NATIVE_ERRORS as error:
                raise self._explain(error) from error

    def close(self) -> None:
        """Frees the interpreter and its buffers."""
        with self._lock:
            self._interpreter = None

    def _accept(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Checks inputs of another layout than the last ones, and makes room for them."""
        problem = check_inputs(self._input_infos, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        shapes = {slot.index: inputs[slot.info.name].shape for slot in self._inputs}
        if any(shapes[slot.index] != slot.shape for slot in self._inputs):
            self._layout = None
            self._resize(shapes)

    def _write(self, slot: _Slot, array: NDArray[Any]) -> None:
        if slot.info.dtype == STRING:
            self._interpreter.set_tensor(slot.index, array.astype(object))
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
        problem = explain(error, f"{self._package} {self._version}")
        kind = ModelFileError if problem.broken else UnsupportedModelError
        return kind(f"{self._name} cannot be run: {problem.reason}.")


def _read_slots(interpreter: Any) -> tuple[list[_Slot], list[_Slot]]:
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    signature = find_signature(
        # The public get_signature_list gives names without their tensors.
        interpreter._get_full_signature_list(),
        [detail["index"] for detail in inputs],
        [detail["index"] for detail in outputs],
    )
    return (
        _name_slots("input", inputs, signature["inputs"] if signature else None),
        _name_slots("output", outputs, signature["outputs"] if signature else None),
    )


def _name_slots(kind: str, details: Sequence[Mapping[str, Any]], signature: Mapping[str, int] | None) -> list[_Slot]:
    indices = [int(detail["index"]) for detail in details]
    names = name_tensors(kind, indices, [detail["name"] for detail in details], signature)
    return [
        _Slot(_describe(name, detail), index, tuple(int(size) for size in detail["shape"]))
        for name, index, detail in zip(names, indices, details, strict=True)
    ]


def _describe(name: str, detail: Mapping[str, Any]) -> TensorInfo:
    dtype = np.dtype(detail["dtype"])
    scales = detail["quantization_parameters"]["scales"]
    zero_points = detail["quantization_parameters"]["zero_points"]
    # shape_signature is empty where the file holds none; then the shape is fixed.
    sizes = detail["shape_signature"] if len(detail["shape_signature"]) else detail["shape"]
    return TensorInfo(
        name,
        tuple(None if size < 0 else int(size) for size in sizes),
        STRING if dtype.kind in "SUO" else dtype.name,
        float(scales[0]) if len(scales) == 1 else None,
        int(zero_points[0]) if len(zero_points) == 1 else 0,
    )
