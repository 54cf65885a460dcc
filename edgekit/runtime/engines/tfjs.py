"""TensorFlow.js in Node: graph models on its WebAssembly backend, in a child process for each model."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.bundle import find_built, how_to_get
from edgekit.errors import ModelFileError, UnsupportedModelError, UsageError
from edgekit.runtime.engines.base import EngineInfo, OpenedModel, TensorInfo, check_inputs, check_threads
from edgekit.runtime.engines.node_process import NodeDiedError, NodeProcess, find_node
from edgekit.spec import ModelSpec, TensorSpec

PACKAGE = "@tensorflow/tfjs"

_LOAD_SECONDS = 300.0
"""For starting Node and reading the weights; half a gigabyte takes some seconds."""

_RUN_SECONDS = 900.0
"""For one run: the largest models of ``keras.applications`` take seconds for each photo."""

_BATCH_SIZE = 8
"""Rows of one run where the model takes any number: WebAssembly has at most 4 GiB, and the widest
layers of a large model take some 30 MB for each photo."""


def prepare() -> None:
    """See :class:`~edgekit.runtime.engines.base.EngineModule`."""
    find_node("Running a TF.js model")
    _find_runner()


def open_model(path: Path, threads: int | None, trust: bool) -> OpenedModel:
    """Loads a graph model; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    ``path`` is the model's folder or the ``model.json`` in it. ``trust`` changes nothing: a broken
    model can only take its own process along. In Node there is one thread, whatever is asked for.
    """
    from edgekit.tfjs.format import check_model, read_spec

    check_threads(threads)
    model = check_model(path)
    spec = read_spec(model)
    return OpenedModel(TfjsEngine(model.folder, spec, str(path)), spec)


class TfjsEngine:
    """One Node process with one model. It ends with :meth:`close`, with this object, and with Python.

    Args:
        folder: of the model, with ``model.json``.
        spec: gives the order of the tensors and the shapes that the file does not tell.
        name: what to call the model in an error.

    Raises:
        MissingExtraError: Node is not installed.
        ModelFileError: TensorFlow.js cannot read the files.
        UnsupportedModelError: it cannot start, or cannot run such a model.
    """

    def __init__(self, folder: Path, spec: ModelSpec | None = None, name: str = "the model") -> None:
        self.folder = folder
        self._name = name
        self._lock = threading.Lock()
        node = find_node("Running a TF.js model")
        # Real paths: Node's permissions are for these.
        runner, folder = _find_runner().resolve(), folder.resolve()
        # The permissions are a second wall: the runner itself reads nothing outside of the folder.
        allowed = [f"--allow-fs-read={runner.parent}", f"--allow-fs-read={folder}"]
        try:
            self._process = NodeProcess([str(node), "--permission", *allowed, str(runner)])
        except NodeDiedError as error:
            raise UnsupportedModelError(f"{name} needs Node, but {error}.") from error
        self._finalizer = weakref.finalize(self, self._process.close)
        try:
            answer, _ = self._request({"op": "load", "path": str(folder / "model.json")}, (), _LOAD_SECONDS)
            self._inputs = _order(answer["inputs"], spec.inputs if spec else ())
            self._outputs = _order(answer["outputs"], spec.outputs if spec else ())
        except BaseException:
            self.close()
            raise
        self._version = str(answer["tfjs"])
        self._node = str(answer["node"])
        self._note(answer)
        rows = {info.shape[0] for info in self._inputs if info.shape}
        self.batch_size = _BATCH_SIZE if rows == {None} else max((size or 1 for size in rows), default=1)
        self.invoke_ms: float | None = None
        """How long the last run took inside of Node, without sending anything."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    @property
    def info(self) -> EngineInfo:
        """``kernels`` can change with the first run: where WebAssembly lacks an operation, JavaScript computes."""
        return EngineInfo(PACKAGE, self._version, f"{self._kernels}, Node {self._node}", self._threads)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self._inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        arrays = {info.name: _to_send(inputs[info.name], info.dtype) for info in self._inputs}
        headers = [
            {"name": name, "dtype": _PROTOCOL_DTYPES[array.dtype.name], "shape": array.shape}
            for name, array in arrays.items()
        ]
        with self._lock:
            answer, outputs = self._request({"op": "run", "tensors": headers}, tuple(arrays.values()), _RUN_SECONDS)
        self._note(answer)
        self.invoke_ms = float(answer["milliseconds"])
        named = {fields["name"]: array for fields, array in zip(answer["tensors"], outputs, strict=True)}
        return {info.name: named[info.name] for info in self._outputs}

    @property
    def process_id(self) -> int:
        """Of the child, whose memory is the model's."""
        return self._process.process_id

    def count_memory(self) -> tuple[int, int]:
        """How many tensors TensorFlow.js holds, weights included, and their bytes."""
        with self._lock:
            answer, _ = self._request({"op": "memory"}, (), _RUN_SECONDS)
        return int(answer["count"]), int(answer["bytes"])

    def close(self) -> None:
        """Ends the process, after a run in progress."""
        with self._lock:
            self._finalizer()

    def _note(self, answer: Mapping[str, Any]) -> None:
        """What computed."""
        self._kernels, self._threads = str(answer["kernels"]), int(answer["threads"])

    def _request(
        self, header: Mapping[str, Any], arrays: tuple[NDArray[Any], ...], seconds: float
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        if not self._finalizer.alive:
            raise UsageError(f"{self._name} is closed. Load it again.")
        try:
            answer, outputs = self._process.request(header, arrays, seconds)
        except NodeDiedError as error:
            self._finalizer()
            raise UnsupportedModelError(f"{self._name}: Node ended while TensorFlow.js ran it ({error}).") from error
        if "error" in answer:
            kind = {"file": ModelFileError, "usage": UsageError}.get(answer.get("kind", ""), UnsupportedModelError)
            said = str(answer["error"]).strip() or "TensorFlow.js refuses it and gives no reason"
            raise kind(f"{self._name}: {said}")
        return answer, outputs


_PROTOCOL_DTYPES = {"float32": "float32", "int32": "int32", "bool": "bool", "uint8": "uint8"}


def _to_send(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    """What goes through the pipe: bytes as they are, since Node widens them, everything else in the model's dtype."""
    if array.dtype == np.bool_ and dtype != "bool":
        array = array.view(np.uint8)
    return np.asarray(array, None if array.dtype == np.uint8 else dtype, order="C")


def _order(found: list[dict[str, Any]], wanted: tuple[TensorSpec, ...]) -> tuple[TensorInfo, ...]:
    """The file's tensors, in the order of the spec where the names are the same."""
    shapes = {tensor.name: tensor.shape for tensor in wanted}
    if set(shapes) == {fields["name"] for fields in found}:
        found = sorted(found, key=lambda fields: list(shapes).index(fields["name"]))
    return tuple(_describe(fields, shapes.get(fields["name"])) for fields in found)


def _describe(fields: Mapping[str, Any], wanted: tuple[int | None, ...] | None) -> TensorInfo:
    shape = fields["shape"]
    if shape is None or (not shape and wanted):  # graphs with loops often know nothing of their results' shapes
        shape = wanted or ()
    return TensorInfo(
        fields["name"], tuple(None if size in (None, -1) else int(size) for size in shape), fields["dtype"]
    )


def _find_runner() -> Path:
    folder = find_built("node")
    if folder is None:
        raise UnsupportedModelError(f"The program that runs TF.js models in Node is not here. {how_to_get()}")
    return folder / "runner.cjs"
