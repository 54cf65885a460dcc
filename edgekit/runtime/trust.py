"""Which files may be loaded into this process, and the trial for all others.

An interpreter verifies a file's structure, but broken files that pass still crash it, or hang
(``make fuzz``; figures in docs/on-device.md), and with it the program that loads them; a sound file can
have a loop without end. So a ``.tflite`` or ``.onnx`` that does not carry EdgeKit's own digest is first run
once in a child process, with limits on time and memory. That it went well is remembered by the file's
SHA-256.

This is a guard against damage and accidents, no sandbox against malice: a model that behaves in the
trial may still misbehave on other inputs, and anybody can compute the digest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edgekit import errors
from edgekit.digest import sha256_of, size_of
from edgekit.errors import EdgeKitError, ModelFileError, UnsupportedModelError
from edgekit.host import usable_cores
from edgekit.modelfile import read_model_file
from edgekit.runtime.engines import find_engine, is_tried
from edgekit.runtime.engines.base import TriedModule
from edgekit.runtime.remembered import is_remembered, remember
from edgekit.runtime.trial_result import (
    TrialLimits,
    TrialResult,
    framework_limits,
    limits_for,
    machine,
    read_result,
)
from edgekit.spec import ModelSpec

if TYPE_CHECKING:
    from edgekit.child import ChildResult
    from edgekit.runtime.engines.delegates import Delegate


def try_model(path: str | os.PathLike[str], limits: TrialLimits | None = None) -> TrialResult:
    """Loads and runs a ``.tflite`` or ``.onnx`` once in a process of its own, whoever wrote it.

    Args:
        path: of the file; one without a known suffix is taken for a ``.tflite``.
        limits: for the trial; by default :func:`limits_for` its size.

    Returns:
        What became of it; a model that cannot be run is a result, not an error.

    Raises:
        ModelFileError: the file cannot be read or is no such model, or no child process can be started.
        MissingExtraError: what runs it is not installed.
    """
    path = Path(path)
    data = read_model_file(path)
    return _try(data, path, _engine_of(path).find_beside(data, path), limits)


def ensure_tried(
    data: bytes, path: str | os.PathLike[str], limits: TrialLimits | None = None, delegate: Delegate | None = None
) -> None:
    """Returns when a foreign model may be loaded into this process.

    Args:
        data: the bytes of a ``.tflite`` or ``.onnx``.
        path: where they come from: tells the engine, is named in an error, and further files may lie beside it.
        limits: for the trial, if there is one; by default :func:`limits_for` its size.
        delegate: that the model is to run with, and is tried with.

    Raises:
        UsageError: the delegate's library cannot be loaded.
        ModelFileError: it is damaged, or no child process can be started.
        UnsupportedModelError: it crashes the engine, hangs, or needs what the engine lacks.
        MissingExtraError: the engine is not installed.
    """
    path = Path(path)
    module = _engine_of(path)
    engine = f"{module.describe().replace(' ', '-')}-{machine()}"  # what a trial is valid for
    if delegate is not None:
        engine += f"-{delegate.key()}"
    beside = module.find_beside(data, path)
    # The files beside it count by what is in them, too.
    known = data + b"".join(sha256_of(file) for file in beside)
    if is_remembered(known, engine):
        return
    if delegate is not None:
        from edgekit.runtime.delegate_trial import ensure_delegate_works  # brings subprocess, see _run

        ensure_delegate_works(delegate)  # what is wrong with it is told here, and not as something about the model
    result = _try(data, path, beside, limits, delegate)
    if not result.ok:
        kind = ModelFileError if result.broken else UnsupportedModelError
        raise kind(f"{path} cannot be run: {result.reason}.")
    remember(known, path.name, engine)


@dataclass(frozen=True)
class OpenedOnce:
    """A model of any format, as a process of its own saw it.

    Attributes:
        trial: that it ran, on what, and its tensors.
        spec: EdgeKit's, or made of the format's standard metadata, or ``None``.
    """

    trial: TrialResult
    spec: ModelSpec | None


def open_once(path: Path, limits: TrialLimits | None = None) -> OpenedOnce:
    """Loads a model of any format and runs it once on zeros, in a process of its own.

    Args:
        path: as :func:`edgekit.load` takes it.
        limits: by default those for its format and size.

    Raises:
        EdgeKitError: what :func:`edgekit.load` or the run raised there.
        UnsupportedModelError: it crashed, took longer or asked for more memory than the limits allow.
        ModelFileError: no child process can be started.
    """
    size = size_of(path)
    limits = limits or (limits_for(size) if is_tried(path) else framework_limits(size))
    child = _run(b"", path, limits)
    reply = child.reply or {}
    if "error" in reply:
        kind = getattr(errors, str(reply["error"]), EdgeKitError)
        raise kind(*reply["arguments"])
    trial = read_result(child, limits, path.suffix)
    if not trial.ok:
        raise UnsupportedModelError(f"{path} cannot be run: {trial.reason}.")
    spec = reply.get("spec")
    return OpenedOnce(trial, None if spec is None else ModelSpec.from_dict(spec, str(path)))


def _engine_of(path: Path) -> TriedModule:
    return cast(TriedModule, find_engine(path if is_tried(path) else Path("model.tflite")))


def _try(
    data: bytes,
    path: Path,
    beside: Sequence[Path] = (),
    limits: TrialLimits | None = None,
    delegate: Delegate | None = None,
) -> TrialResult:
    module = _engine_of(path)
    module.check_form(data, path)
    limits = limits or limits_for(len(data) + sum(file.stat().st_size for file in beside))
    engine = module.describe()
    if delegate is not None:
        engine = f"{engine} with the delegate {delegate.name}"
    child = _run(data, path, limits, delegate)
    if delegate is not None and child.crash:
        from edgekit.runtime.engines.delegates import known_delegate

        known = known_delegate(delegate.name)
        if known is not None and known.explain_crash is not None:
            reason = known.explain_crash(delegate, child.crash, engine, child.log)
            return TrialResult(ok=False, reason=reason.rstrip("."))
    return read_result(child, limits, engine)


def _run(data: bytes, path: Path, limits: TrialLimits, delegate: Delegate | None = None) -> ChildResult:
    from edgekit.child import run_child  # brings subprocess, which a file that is known does not need

    # The child limits its own computing time, also where it outlives this process; the wall clock is read here.
    request: dict[str, Any] = {
        "path": str(path),
        "memory_bytes": limits.memory_bytes,
        # A framework computes on all cores at once.
        "cpu_seconds": limits.seconds * (1 if data or is_tried(path) else usable_cores()),
        "delegate": delegate.to_json() if delegate else None,
    }
    # One thread for the numeric libraries: a trial computes nothing with them.
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        return run_child("edgekit.runtime.trial", data, limits.seconds, [json.dumps(request)], single, limits.patience)
    except OSError as error:
        raise ModelFileError(
            "A model that EdgeKit did not write is first tried in a process of its own, and none can be started "
            f"here ({error}). If you trust the file, load it with trust=True."
        ) from error
