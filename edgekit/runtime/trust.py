"""Which files may be loaded into this process, and the trial for all others.

The interpreter verifies a file's structure, but broken files that pass still crash it, or hang
(``make fuzz``; figures in docs/on-device.md), and with it the program that loads them. So a file
that does not carry EdgeKit's own digest is first run once in a child process, with limits on time
and memory. That it went well is remembered by the file's SHA-256.

This is a guard against damage and accidents, no sandbox against malice: a model that behaves in the
trial may still misbehave on other inputs, and anybody can compute the digest.
"""

from __future__ import annotations

import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.modelfile import read_model_file
from edgekit.runtime.engines.base import EngineInfo, TensorInfo
from edgekit.runtime.engines.delegates import Delegate, check_delegate
from edgekit.runtime.engines.litert import find_interpreter
from edgekit.runtime.engines.versions import installed_version
from edgekit.runtime.remembered import is_remembered, remember
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.model import read_model

if TYPE_CHECKING:
    from edgekit.child import ChildResult


@dataclass(frozen=True)
class TrialLimits:
    """What a trial may take.

    Attributes:
        seconds: for everything, from the start of the child. On Linux, time in which it waits for busy
            processors does not count, up to :data:`PATIENCE` times as long.
        memory_bytes: by which it may grow once the interpreter is loaded. 2 GiB run every model that
            fits on a phone; a file that asks for more is most likely a broken one.
    """

    seconds: float = 8.0
    memory_bytes: int = 2 << 30


PATIENCE = 4.0

BYTES_PER_SECOND = 4_000_000
"""A larger model takes longer to run once: its trial has a second more for each so many bytes of the file."""

_KILL, _CPU_LIMIT = (getattr(signal, name, None) for name in ("SIGKILL", "SIGXCPU"))


def limits_for(size_bytes: int) -> TrialLimits:
    """The limits of a trial for a file of this size."""
    return TrialLimits(TrialLimits.seconds + size_bytes // BYTES_PER_SECOND)


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial.

    Attributes:
        ok: the model was loaded and ran once.
        reason: why not, as a clause that goes on after "cannot be run: ".
        broken: the file is damaged; else it is sound, but not for this engine.
        engine: what ran it.
        inputs: as the engine sees them.
        outputs: as the engine sees them.
    """

    ok: bool
    reason: str | None = None
    broken: bool = False
    engine: EngineInfo | None = None
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def try_model(path: str | os.PathLike[str], limits: TrialLimits | None = None) -> TrialResult:
    """Loads and runs a ``.tflite`` once in a process of its own, whoever wrote it.

    Args:
        path: of the file.
        limits: for the trial; by default :func:`limits_for` its size.

    Returns:
        What became of it; a model that cannot be run is a result, not an error.

    Raises:
        ModelFileError: the file cannot be read or is no TFLite model, or no child process can be started.
    """
    data = read_model_file(Path(path))
    read_model(data, str(path))
    return _try(data, limits)


def ensure_tried(data: bytes, name: str, limits: TrialLimits | None = None, delegate: Delegate | None = None) -> None:
    """Returns when the model may be loaded into this process.

    Args:
        data: the bytes of a ``.tflite``.
        name: what to call it in an error.
        limits: for the trial, if there is one; by default :func:`limits_for` its size.
        delegate: that the model is to run with, and is tried with.

    Raises:
        UsageError: the delegate's library cannot be loaded.
        ModelFileError: it is damaged, or no child process can be started.
        UnsupportedModelError: it crashes the interpreter, hangs, or needs what the interpreter lacks.
    """
    engine = _engine() if delegate is None else f"{_engine()}-{delegate.key()}"
    if carries_own_digest(data) or is_remembered(data, engine):
        return
    read_model(data, name)  # most damage is found here, in no time
    if delegate is not None:
        check_delegate(delegate)  # what is wrong with it is told here, and not as something about the model
    result = _try(data, limits, delegate)
    if not result.ok:
        kind = ModelFileError if result.broken else UnsupportedModelError
        raise kind(f"{name} cannot be run: {result.reason}.")
    remember(data, name, engine)


def _engine() -> str:
    """What a trial is valid for: this interpreter, on this kind of processor."""
    return f"{_interpreter('-')}-{_machine()}"


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


def _interpreter(between: str) -> str:
    package, _ = find_interpreter()
    return f"{package}{between}{installed_version(package)}"


def _try(data: bytes, limits: TrialLimits | None, delegate: Delegate | None = None) -> TrialResult:
    from edgekit.child import run_child  # brings subprocess, which a file that is known does not need

    limits = limits or limits_for(len(data))
    interpreter = _interpreter(" ")
    # The child limits its own computing time, also where it outlives this process; the wall clock is read here.
    arguments = [str(limits.memory_bytes), str(limits.seconds)]
    if delegate is not None:
        arguments.append(delegate.to_json())
        interpreter = f"{interpreter} with the delegate {delegate.name}"
    try:
        # One thread for the numeric libraries: the trial computes nothing with them.
        single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        child = run_child("edgekit.runtime.trial", data, limits.seconds, arguments, single, PATIENCE)
    except OSError as error:
        raise ModelFileError(
            "A model that EdgeKit did not write is first tried in a process of its own, and none can be started "
            f"here ({error}). If you trust the file, load it with trust=True."
        ) from error
    return read_result(child, limits, interpreter)


def read_result(child: ChildResult, limits: TrialLimits, engine: str) -> TrialResult:
    """What the end of a trial's process means.

    Args:
        child: how it ended.
        limits: that it ran under.
        engine: name and version of the interpreter.
    """
    reply = child.reply or {}
    if reply.get("ok") is False:
        return TrialResult(ok=False, reason=str(reply["reason"]), broken=bool(reply["broken"]))
    ended_by = None if child.exit_code is None else -child.exit_code
    if child.timed_out or ended_by == _CPU_LIMIT:
        return _refused(
            f"it did not finish one run within {limits.seconds:g} s. If you trust the file and it is only slow, "
            "load it with trust=True"
        )
    if "bad_alloc" in child.log or "MemoryError" in child.log:
        return _refused(
            f"it asks for more memory than the {limits.memory_bytes / 2**30:g} GiB of a trial. If you trust the "
            "file, load it with trust=True"
        )
    if ended_by == _KILL:
        return _refused(
            "the system ended its trial, as Linux does when memory runs out. Free some memory, or take a smaller model"
        )
    if child.crash:
        return _refused(
            f"it crashes the interpreter ({child.crash}; {engine} on {_machine()}), as seen in a process of "
            "its own. The file is damaged, or made for another version"
        )
    if child.exit_code != 0 or not reply:
        return _refused(f"the trial run failed ({child.ending})")
    return TrialResult(
        ok=True,
        engine=EngineInfo(**reply["engine"]),
        inputs=tuple(_read_tensor(info) for info in reply["inputs"]),
        outputs=tuple(_read_tensor(info) for info in reply["outputs"]),
    )


def _refused(reason: str) -> TrialResult:
    return TrialResult(ok=False, reason=reason)


def _read_tensor(fields: dict[str, Any]) -> TensorInfo:
    return TensorInfo(**{**fields, "shape": tuple(fields["shape"])})
