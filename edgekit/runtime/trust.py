"""Which files may be loaded into this process, and the trial for all others.

The interpreter verifies a file's structure, but broken files that pass still crash it (of 4,800
mutated files 6 ended in a segmentation fault and 1 hung), and with it the program that loads them.
So a file that does not carry EdgeKit's own digest is first run once in a child process, with limits
on time and memory. That it went well is remembered by the file's SHA-256.

This is a guard against damage and accidents, no sandbox against malice: a model that behaves in the
trial may still misbehave on other inputs, and anybody can compute the digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from edgekit.child import ChildResult, run_child
from edgekit.errors import ModelFileError, OutputError, UnsupportedModelError
from edgekit.files import cache_directory, write_text
from edgekit.modelfile import read_model_file
from edgekit.runtime.engines.base import EngineInfo, TensorInfo
from edgekit.runtime.engines.litert import find_interpreter
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.model import read_model


@dataclass(frozen=True)
class TrialLimits:
    """What a trial may take.

    Attributes:
        seconds: for everything, from the start of the child.
        memory_bytes: by which it may grow once the interpreter is loaded. 2 GiB run every model that
            fits on a phone; a file that asks for more is most likely a broken one.
    """

    seconds: float = 30.0
    memory_bytes: int = 2 << 30


DEFAULT_LIMITS = TrialLimits()


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


def try_model(path: str | os.PathLike[str], limits: TrialLimits = DEFAULT_LIMITS) -> TrialResult:
    """Loads and runs a ``.tflite`` once in a process of its own, whoever wrote it.

    Returns:
        What became of it; a model that cannot be run is a result, not an error.

    Raises:
        ModelFileError: the file cannot be read or is no TFLite model, or no child process can be started.
    """
    data = read_model_file(Path(path))
    read_model(data, str(path))
    return _try(data, limits)


def ensure_tried(data: bytes, name: str, limits: TrialLimits = DEFAULT_LIMITS) -> None:
    """Returns when the model may be loaded into this process.

    Args:
        data: the bytes of a ``.tflite``.
        name: what to call it in an error.
        limits: for the trial, if there is one.

    Raises:
        ModelFileError: it is damaged, or no child process can be started.
        UnsupportedModelError: it crashes the interpreter, hangs, or needs what the interpreter lacks.
    """
    if carries_own_digest(data) or _is_remembered(data):
        return
    read_model(data, name)  # most damage is found here, in no time
    result = _try(data, limits)
    if not result.ok:
        kind = ModelFileError if result.broken else UnsupportedModelError
        raise kind(f"{name} cannot be run: {result.reason}.")
    _remember(data, name)


def _try(data: bytes, limits: TrialLimits) -> TrialResult:
    package, _ = find_interpreter()
    # The wall clock is the parent's; the limit on computing time only ends what outlives the parent.
    arguments = [str(limits.memory_bytes), str(int(limits.seconds) + 5)]
    try:
        # One thread for the numeric libraries: the trial computes nothing with them.
        single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        child = run_child("edgekit.runtime.trial", data, limits.seconds, arguments, single)
    except OSError as error:
        raise ModelFileError(
            "A model that EdgeKit did not write is first tried in a process of its own, and none can be started "
            f"here ({error}). If you trust the file, load it with trust=True."
        ) from error
    return read_result(child, limits, f"{package} {metadata.version(package)}")


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
    if child.timed_out:
        return _refused(
            f"it did not finish one run within {limits.seconds:g} s. If you trust the file and it is only slow, "
            "load it with trust=True"
        )
    if "bad_alloc" in child.log or "MemoryError" in child.log:
        return _refused(
            f"it asks for more memory than the {limits.memory_bytes / 2**30:g} GiB of a trial. If you trust the "
            "file, load it with trust=True"
        )
    if child.crash:
        return _refused(
            f"it crashes the interpreter ({child.crash}; {engine} on {platform.machine()}), as seen in a process of "
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


def _is_remembered(data: bytes) -> bool:
    try:
        return _marker(data).exists()
    except OSError:
        return False


def _remember(data: bytes, name: str) -> None:
    # Without a cache folder the trial is simply done again next time.
    with contextlib.suppress(OSError, OutputError):
        write_text(_marker(data), json.dumps({"name": Path(name).name}) + "\n")


def _marker(data: bytes) -> Path:
    """The file whose existence says that this model ran here, on this interpreter and processor."""
    package, _ = find_interpreter()
    engine = f"{package}-{metadata.version(package)}-{platform.machine()}"
    return cache_directory() / "trials" / engine / f"{hashlib.sha256(data).hexdigest()}.json"
