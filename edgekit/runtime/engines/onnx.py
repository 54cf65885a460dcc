"""onnxruntime on the processor."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import MissingExtraError, ModelFileError, UnsupportedModelError, UsageError
from edgekit.modelfile import read_model_file
from edgekit.onnxfile.digest import carries_own_digest
from edgekit.onnxfile.model import read_onnx
from edgekit.onnxfile.safety import check_safe
from edgekit.onnxfile.spec_io import read_spec
from edgekit.runtime.engines.base import STRING, EngineInfo, OpenedModel, TensorInfo, check_inputs, check_threads
from edgekit.runtime.engines.onnx_problems import explain

PROVIDER = "CPUExecutionProvider"

DEFAULT_THREADS = 1
"""As for LiteRT, so that the two compare; onnxruntime's own default is every core."""

_ROWS = 32
_ELEMENTS = 8 << 20
"""Rows of one run, and elements of the largest input at most: 32 photos of 224 x 224 are 4.8 million. Activations
take several times that."""

_FATAL_ONLY = 4
"""Of onnxruntime's log levels: what it has to say about a failure comes as an exception, too."""

_DTYPES = {
    "float": "float32",
    "double": "float64",
    "float16": "float16",
    "bool": "bool",
    "string": STRING,
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""onnxruntime's names to NumPy's."""


def prepare() -> None:
    """See :class:`~edgekit.runtime.engines.base.EngineModule`."""
    _import_onnxruntime()
    import_module("edgekit.runtime.trust")


def open_model(path: Path, threads: int | None, trust: bool) -> OpenedModel:
    """Loads an ``.onnx``; see :class:`~edgekit.runtime.engines.base.EngineModule`.

    The file is read once: the bytes that were tried are the bytes that run. Only weights in further files, which
    must lie in its folder, are read by onnxruntime from the disk.
    """
    from edgekit.runtime.trust import ensure_tried

    data = read_model_file(path)
    outline = read_onnx(data, str(path))
    check_safe(outline, path)
    spec = read_spec(outline, path.name)
    _import_onnxruntime()
    # EdgeKit writes one file; weights beside it are somebody else's.
    if not trust and (outline.external or not carries_own_digest(data)):
        ensure_tried(data, path)
    # A file of 2 GiB or more is no protobuf message; onnxruntime says so.
    return OpenedModel(ONNXEngine(path if outline.external else data, threads, str(path)), spec)


def describe() -> str:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    return f"onnxruntime {_import_onnxruntime().__version__}"


def find_beside(data: bytes, path: Path) -> tuple[Path, ...]:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    outline = read_onnx(data, str(path))
    check_safe(outline, path)
    return tuple(path.parent / place for place in sorted(outline.external))


def check_form(data: bytes, path: Path) -> None:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    find_beside(data, path)


def open_untried(data: bytes, path: Path) -> ONNXEngine:
    """See :class:`~edgekit.runtime.engines.base.TriedModule`."""
    return ONNXEngine(path if find_beside(data, path) else data, name=str(path))


class ONNXEngine:
    """One inference session.

    Args:
        model: the bytes of an ``.onnx``, or its path where weights lie beside it. It must have been checked
            (:mod:`edgekit.onnxfile.safety`).
        threads: ``None`` for :data:`DEFAULT_THREADS`.
        name: what to call the model in an error.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        UnsupportedModelError: it cannot run the model.
        ModelFileError: it finds the file damaged.
        UsageError: fewer than one thread.
    """

    def __init__(self, model: bytes | Path, threads: int | None = None, name: str = "the model") -> None:
        check_threads(threads)
        ort = _import_onnxruntime()
        self._name = name
        self._lock = threading.Lock()
        self._info = EngineInfo("onnxruntime", ort.__version__, PROVIDER, threads or DEFAULT_THREADS)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or DEFAULT_THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL_ONLY
        source = model if isinstance(model, bytes) else str(model)
        try:
            # Falling back to another provider would print to standard output; there is none.
            self._session: Any = ort.InferenceSession(source, options, providers=[PROVIDER], enable_fallback=0)
        except Exception as error:  # each of onnxruntime's kinds derives from Exception
            raise self._explain(error) from error
        self._inputs = tuple(self._describe(value) for value in self._session.get_inputs())
        self._outputs = tuple(self._describe(value) for value in self._session.get_outputs())
        self._names = [info.name for info in self._outputs]

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        return self._outputs

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def batch_size(self) -> int:
        """The model's own where it is fixed; else so many rows as keep memory in bounds."""
        return choose_rows([info.shape for info in self._inputs])

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~edgekit.runtime.engines.base.Engine`."""
        problem = check_inputs(self._inputs, inputs)
        if problem:
            raise UsageError(f"{self._name}: {problem}")
        arrays = {info.name: _as_stored(inputs[info.name], info.dtype) for info in self._inputs}
        with self._lock:
            if self._session is None:
                raise UsageError(f"{self._name} is closed. Load it again.")
            try:
                answers = self._session.run(self._names, arrays)
            except Exception as error:  # as above
                raise self._explain(error) from error
        return dict(zip(self._names, answers, strict=True))

    def close(self) -> None:
        """Frees the session and its memory."""
        with self._lock:
            self._session = None

    def _describe(self, value: Any) -> TensorInfo:
        kind = str(value.type)
        dtype = _DTYPES.get(kind.removeprefix("tensor(").removesuffix(")")) if kind.startswith("tensor(") else None
        if dtype is None:
            raise UnsupportedModelError(
                f"{self._name} takes or answers {value.name!r} as {kind}, which is no tensor here."
            )
        shape = tuple(size if isinstance(size, int) and size >= 0 else None for size in value.shape)
        return TensorInfo(str(value.name), shape, dtype)

    def _explain(self, error: Exception) -> ModelFileError:
        problem = explain(error, f"onnxruntime {self._info.version}")
        kind = ModelFileError if problem.broken else UnsupportedModelError
        return kind(f"{self._name} cannot be run: {problem.reason}.")


def choose_rows(shapes: Sequence[tuple[int | None, ...]]) -> int:
    """How many rows to run at once.

    Args:
        shapes: of the inputs, the batch first.
    """
    fixed = [shape[0] for shape in shapes if shape and shape[0] is not None]
    if fixed or not all(shapes):
        return max(1, *fixed) if fixed else 1
    largest = max((math.prod(size or 1 for size in shape[1:]) for shape in shapes), default=1)
    return max(1, min(_ROWS, _ELEMENTS // max(1, largest)))


def _as_stored(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    if dtype == STRING:
        return array.astype(str).astype(object)
    return np.ascontiguousarray(array.astype(dtype, copy=False))


def _import_onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("Running an .onnx file", "onnx") from error
    return onnxruntime
