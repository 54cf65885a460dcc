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

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.digest import sha256_of
from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.host import machine
from edgekit.runtime.engines import find_tried
from edgekit.runtime.remembered import is_remembered, remember

if TYPE_CHECKING:
    from edgekit.runtime.engines.delegates import Delegate
    from edgekit.runtime.trial_result import TrialLimits


def ensure_tried(
    data: bytes, path: str | os.PathLike[str], limits: TrialLimits | None = None, delegate: Delegate | None = None
) -> str:
    """Returns when a foreign model may be loaded into this process.

    Args:
        data: the bytes of a ``.tflite`` or ``.onnx``.
        path: where they come from: tells the engine, is named in an error, and further files may lie beside it.
        limits: for the trial, if there is one; by default :func:`limits_for` its size.
        delegate: that the model is to run with, and is tried with.

    Returns:
        SHA-256 (hex) of what was tried: the bytes, and those of the files beside it.

    Raises:
        UsageError: the delegate's library cannot be loaded.
        ModelFileError: it is damaged, or no child process can be started.
        UnsupportedModelError: it crashes the engine, hangs, or needs what the engine lacks.
        MissingExtraError: the engine is not installed.
    """
    path = Path(path)
    module = find_tried(path)
    engine = f"{module.describe().replace(' ', '-')}-{machine()}"  # what a trial is valid for
    if delegate is not None:
        engine += f"-{delegate.key()}"
    beside = module.find_beside(data, path)
    # The files beside it count by what is in them, too.
    known = hashlib.sha256(data)
    for file in beside:
        known.update(sha256_of(file))
    digest = known.hexdigest()
    if is_remembered(digest, engine):
        return digest
    if delegate is not None:
        from edgekit.runtime.delegate_trial import ensure_delegate_works

        ensure_delegate_works(delegate)  # what is wrong with it is told here, and not as something about the model
    from edgekit.runtime.trying import try_bytes

    result = try_bytes(data, path, beside, limits, delegate)
    if not result.ok:
        kind = ModelFileError if result.broken else UnsupportedModelError
        raise kind(f"{path} cannot be run: {result.reason}.")
    remember(digest, engine, {"name": path.name})
    return digest
