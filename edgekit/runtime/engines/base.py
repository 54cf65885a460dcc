"""What an engine is: tensors in, tensors out. It knows nothing of photos or labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edgekit.arguments import check_whole
from edgekit.runtime.engines.problem import Problem
from edgekit.runtime.pixels import Normalization
from edgekit.spec import ModelSpec

STRING = "string"
"""The dtype of a tensor of byte strings; all other dtypes have NumPy's names."""


@dataclass(frozen=True)
class TensorInfo:
    """One input or output of an engine.

    Attributes:
        name: of the signature where there is one, else of the tensor.
        shape: dimensions, ``None`` where the model takes any size.
        dtype: NumPy's name, as in ``uint8``, or :data:`STRING`.
        scale: real value = scale * (stored value - zero_point); ``None`` for a tensor that is not quantized.
        zero_point: the stored value that means 0.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    scale: float | None = None
    zero_point: int = 0

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype} ({sizes})"

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape fits."""
        return len(shape) == len(self.shape) and all(
            wanted is None or wanted == size for wanted, size in zip(self.shape, shape, strict=True)
        )

    def dequantize(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """The real values of stored ones; plain conversion for a tensor that is not quantized."""
        if self.scale is None:
            return values.astype(np.float32, copy=False)
        if self.zero_point:
            values = np.subtract(values, self.zero_point, dtype=np.float32, casting="same_kind")
        real: NDArray[np.float32] = np.multiply(values, self.scale, dtype=np.float32, casting="same_kind")
        return real

    def quantize(self, values: NDArray[Any]) -> NDArray[Any]:
        """The stored values of real ones, cut to the range; those of a tensor that is not quantized as they are."""
        if self.scale is None:
            return values
        limits = np.iinfo(self.dtype)
        # As TFLite's own QUANTIZE rounds, see edgekit.runtime.pixels.
        stored = np.floor(np.asarray(values, np.float64) / self.scale + 0.5) + self.zero_point
        return np.asarray(np.clip(stored, limits.min, limits.max), self.dtype)


@dataclass(frozen=True)
class EngineInfo:
    """What ran a model; stands in every result, since kernels differ in their numbers.

    Attributes:
        name: the package, as in ``ai-edge-litert``.
        version: of the package.
        kernels: the implementation of the operators that really runs: ``XNNPACK``, ``builtin``, or
            both with the number of operators of each; ``unknown`` where the engine does not tell.
        threads: how many it may use, ``None`` where that is the engine's own choice.
        simulated: the hardware that a delegate only imitates, by its library's own account
            (:data:`edgekit.runtime.engines.delegates.SIMULATES`); then ``kernels`` says it, too.
    """

    name: str
    version: str
    kernels: str
    threads: int | None = None
    simulated: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.kernels})"


class Engine(Protocol):
    """A loaded model. Safe to call from several threads: calls take turns."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def outputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def info(self) -> EngineInfo: ...

    @property
    def batch_size(self) -> int:
        """How many rows one run should take."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Runs the model once.

        Args:
            inputs: an array for each name in :attr:`inputs`. An array of a dtype that converts to
                the tensor's without loss (uint8 to float32) is converted while it is written.

        Returns:
            An array for each name in :attr:`outputs`, stored values, owned by the caller.

        Raises:
            UsageError: a name, shape or dtype is wrong, or the engine is closed.
            UnsupportedModelError: the engine fails at running the model.
        """

    def close(self) -> None:
        """Frees the model's memory. A second call does nothing."""


@runtime_checkable
class InPlaceEngine(Engine, Protocol):
    """An engine whose input can be written where it is read, without an array between."""

    def run_filled(self, shape: tuple[int, ...], fill: Callable[[NDArray[Any]], None]) -> dict[str, NDArray[Any]]:
        """Runs a model that has one input.

        Args:
            shape: of the input.
            fill: called once with the input's memory, an array of this shape and of the tensor's dtype, to
                write every element. It must not fail, nor keep the array.

        Returns:
            As :meth:`Engine.run` does.

        Raises:
            UsageError: the shape is wrong, or the engine is closed.
            UnsupportedModelError: the engine fails at running the model.
        """


@dataclass(frozen=True)
class OpenedModel:
    """A model file that is ready to run, with what the file says about itself.

    Attributes:
        engine: runs it.
        spec: EdgeKit's own, or made from the format's standard metadata, or ``None``.
        normalization: what pixels 0..255 must go through outside of the graph; ``None`` for
            EdgeKit's own models, which take pixels as they are.
        assumptions: sentences on what the file does not say itself; empty where it has EdgeKit's spec.
    """

    engine: Engine
    spec: ModelSpec | None = None
    normalization: Normalization | None = None
    assumptions: tuple[str, ...] = ()


class EngineModule(Protocol):
    """What each module in :data:`edgekit.runtime.engines.MODULES` offers."""

    def prepare(self) -> None:
        """Imports what the engine needs, so that a later ``open_model`` is the model's own time.

        Raises:
            UnsupportedModelError: the engine is not installed.
            MissingExtraError: likewise, where an extra brings it.
        """

    def open_model(self, path: Path, threads: int | None, trust: bool, **delegate: Any) -> OpenedModel:
        """Loads a file.

        Args:
            path: of the file, or of the folder for formats that are folders.
            threads: how many the engine may use; ``None`` for the engine's default.
            trust: skip the trial run of files that may crash the engine.
            delegate: ``delegate=`` of an engine in :data:`edgekit.runtime.engines.DELEGATES`, and of no other: a
                :class:`~edgekit.runtime.engines.delegates.Delegate`.

        Raises:
            ModelFileError: missing, broken, or refused for safety.
            UnsupportedModelError: sound, but this engine cannot run it.
            MissingExtraError: the engine is not installed.
        """


class TriedModule(EngineModule, Protocol):
    """An engine that broken files crash or keep busy for ever: its module in :data:`edgekit.runtime.engines.TRIED`.

    Its ``open_model`` has a file that EdgeKit did not write tried first (:mod:`edgekit.runtime.trust`).
    """

    def describe(self) -> str:
        """Name and version of the engine, as in ``onnxruntime 1.31.1``.

        Raises:
            UnsupportedModelError: it is not installed.
            MissingExtraError: likewise, where an extra brings it.
        """

    def find_beside(self, data: bytes, path: Path) -> tuple[Path, ...]:
        """The further files that a model is made of.

        Raises:
            ModelFileError: as :meth:`check_form`, where the file must be read to know.
        """

    def check_form(self, data: bytes, path: Path) -> None:
        """Reads the outline of a file, which finds most damage in no time.

        Raises:
            ModelFileError: it is no model, damaged, or refused for safety.
            UnsupportedModelError: sound, but this engine cannot run it.
        """

    def open_untried(self, data: bytes, path: Path, **delegate: Any) -> Engine:
        """Loads a file of which only the form has been checked; to be called in a process for that alone.

        Raises:
            ModelFileError: with the engine's own exception as its cause.
        """

    def explain(self, error: BaseException, engine: str) -> Problem:
        """What an exception of the engine means; ``engine`` is its name and version."""


MOST_THREADS = 256


def check_threads(threads: int | None) -> None:
    """Raises :class:`~edgekit.errors.UsageError` for fewer than one thread, or more than any engine would start."""
    if threads is not None:
        check_whole(threads, "threads", most=MOST_THREADS)


def find_tensor(tensors: tuple[TensorInfo, ...], name: str) -> TensorInfo:
    """The tensor of this name; formats that keep no names have them in the spec's order."""
    return next((info for info in tensors if info.name == name), tensors[0])


def match_tensors(tensors: tuple[TensorInfo, ...], names: Sequence[str]) -> tuple[TensorInfo, ...] | None:
    """The tensors of these names, in this order; where the engine has other names, by the order alone.

    ``None`` where there are more or fewer.
    """
    by_name = {info.name: info for info in tensors}
    if len(tensors) != len(names):
        return None
    return tuple(by_name[name] for name in names) if set(by_name) == set(names) else tensors


def listing(tensors: tuple[TensorInfo, ...]) -> str:
    """The tensors for a sentence."""
    return ", ".join(str(info) for info in tensors)


def check_inputs(expected: tuple[TensorInfo, ...], given: Mapping[str, NDArray[Any]]) -> str | None:
    """What is wrong with the arrays for a run, as a sentence, or ``None``.

    An array of a quantized tensor must hold stored values, in the tensor's own dtype.
    """
    names = [info.name for info in expected]
    if set(names) != set(given):
        return f"Expected arrays for {', '.join(map(repr, names))}. Got: {', '.join(map(repr, given)) or 'none'}."
    for info in expected:
        array = given[info.name]
        if not info.accepts(array.shape):
            return f"Expected {info}. Got an array of shape {array.shape}."
        if not _converts(array.dtype, info.dtype):
            return f"Expected {info}. Got an array of dtype {array.dtype}; convert it with .astype({info.dtype!r})."
    return None


def _converts(given: np.dtype[Any], wanted: str) -> bool:
    if wanted == STRING:
        return given.kind in "SUO"
    return given.kind not in "SUO" and np.can_cast(given, wanted, casting="safe")
