"""The engines of the browser library, and which of them a browser cannot have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BY_SUFFIX: Mapping[str, tuple[str, ...]] = {
    ".tfjs": ("wasm", "webgl", "webgpu", "cpu"),
    ".tflite": ("litert-wasm", "litert-webgpu"),
}
"""Suffix of an artifact to those that run it; names as in ``targets/browser/src/engines/engine.ts``."""

NAMES = tuple(name for names in BY_SUFFIX.values() for name in names)


def lacking(engine: str, device: Mapping[str, Any]) -> str | None:
    """What a browser lacks for an engine, as a clause, or ``None``.

    Args:
        engine: one of :data:`NAMES`.
        device: what the browser told, see ``targets/browser/src/bench/device.ts``.
    """
    if engine.endswith("webgpu") and not device.get("webgpu"):
        if device.get("secure_context") is False:
            return "WebGPU needs a secure context (https, or this machine itself)"
        return "it has no WebGPU adapter"
    if engine == "webgl" and not device.get("webgl"):
        return "it has no WebGL 2"
    return None
