"""Running a model once in a process of its own; what is known already does not come here."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit import errors
from edgekit.child import ChildResult, run_child
from edgekit.digest import size_of
from edgekit.errors import EdgeKitError, ModelFileError, UnsupportedModelError
from edgekit.host import usable_cores
from edgekit.modelfile import read_model_file
from edgekit.runtime.engines import find_tried, is_tried
from edgekit.runtime.trial_result import TrialLimits, TrialResult, framework_limits, limits_for, read_result
from edgekit.spec import ModelSpec

if TYPE_CHECKING:
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
    return try_bytes(data, path, find_tried(path).find_beside(data, path), limits)


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


def try_bytes(
    data: bytes,
    path: Path,
    beside: Sequence[Path] = (),
    limits: TrialLimits | None = None,
    delegate: Delegate | None = None,
) -> TrialResult:
    """:func:`try_model` of bytes that have been read.

    Args:
        data: of the model.
        path: where they come from.
        beside: the further files that it is made of.
        limits: by default :func:`limits_for` the size of all.
        delegate: that it is to run with.

    Raises:
        ModelFileError: its form is broken, or no child process can be started.
    """
    module = find_tried(path)
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
