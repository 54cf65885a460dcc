#!/usr/bin/env edgekit-python
"""Stands in for an EdgeKit app on a test device: takes the app's requests, and really runs the model.

``app PACKAGE REQUEST``; an empty request has it make its folders only. What it answers is marked as emulated, so that
it is never valid. ``/data/system/mood`` changes what it does: ``crash``, ``hang``, ``error``, ``broken``, ``hot``,
``newer``, ``homeless``, ``endless``, ``deep``, ``elsewhere``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.errors import EdgeKitError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.worker import Job, measure
from edgekit.runtime import load


def main() -> None:
    """Answers one request."""
    package, name = sys.argv[1:]
    folder = Path(f"/sdcard/Android/data/{package}/files/edgekit")
    mood = Path("/data/system/mood").read_text().strip() if Path("/data/system/mood").exists() else ""
    if mood == "homeless":
        return
    (folder / "results").mkdir(parents=True, exist_ok=True)
    if not name:
        return
    Path("/data/system/app.started").touch()
    request = json.loads((folder / name).read_text())
    if mood == "crash":
        time.sleep(1)
        crash(package)
    if mood == "hang":
        time.sleep(600)
    results = [answer(folder, model, request, mood) for model in request["models"]]
    document = {"schema": 2 if mood == "newer" else 1, "id": request["id"], "results": results, "error": None}
    part = folder / "results" / f"{request['id']}.json.part"
    texts = {"broken": "{", "deep": "[" * 100_000, "endless": ""}
    part.write_text(texts.get(mood, json.dumps(document)))
    if mood == "endless":
        os.truncate(part, 1 << 30)
    part.rename(part.with_suffix(""))


def answer(folder: Path, model: str, request: dict[str, Any], mood: str) -> dict[str, Any]:
    """What is said of one model."""
    path = folder / model
    try:
        if mood == "error":
            raise EdgeKitError(f"{model} does not run: the interpreter says no.")
        found = measure(Job(str(path), LatencyProtocol(**request["protocol"]), request["threads"]))
        answers = photos(folder, path, request) if request["photos"] else None
    except EdgeKitError as error:
        return {"artifact": model, "error": str(error)}
    emulation = "EdgeKit's test device: LiteRT for Python on this machine"
    device = {"name": "test phone", "model": "EdgeKit test phone", "os": "Android 14 (API 34)", "cores": 1}
    kernels = found.engine.kernels if request["delegate"] == "cpu" else f"{request['delegate'].upper()} delegate"
    content = path.read_bytes()
    return {
        "artifact": model,
        "digest": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "device": {
            **device,
            "architecture": "aarch64",
            "memory_bytes": 1 << 32,
            "emulated": True,
            "emulation": emulation,
        },
        "engine": {
            "name": "LiteRT",
            "version": found.engine.version,
            "kernels": kernels,
            "threads": request["threads"],
        },
        "protocol": request["protocol"],
        "load_ms": found.load_ms,
        "first_call_ms": found.first_call_ms,
        "durations_ns": list(found.durations),
        "peak_memory_bytes": found.peak_memory_bytes,
        "base_memory_bytes": found.base_memory_bytes,
        "conditions": {
            "thermal_status_before": 0,
            "thermal_status_after": 3 if mood == "hot" else 0,
            "battery_level": 0.8,
            "charging": True,
            "power_save": False,
            "frequency_before": 2400.0,
            "frequency_after": 2400.0,
        },
        "doubts": [],
        "error": None,
        "answers": "../../../../../../../data/system/mood" if mood == "elsewhere" else answers,
    }


def photos(folder: Path, path: Path, request: dict[str, Any]) -> str:
    """Writes what the graph answers to the photos, real values, and names the file."""
    asked = request["photos"]
    pixels = np.fromfile(folder / asked["file"], np.uint8).reshape(asked["count"], *asked["shape"])
    with load(path, trust=True) as predictor:
        values = predictor.predict(pixels)
    name = f"{request['id']}.0.answers.bin"
    (folder / "results" / name).write_bytes(np.asarray(values, "<f4").tobytes())
    return name


def crash(package: str) -> None:
    """Leaves a log as Android writes one, and ends."""
    number = os.getpid()
    lines = (
        f"E/AndroidRuntime({number:5d}): FATAL EXCEPTION: benchmark",
        f"E/AndroidRuntime({number:5d}): Process: {package}, PID: {number}",
        f"E/AndroidRuntime({number:5d}): java.lang.OutOfMemoryError: Failed to allocate a 268435472 byte allocation",
        "I/ActivityManager( 1201): Another process says something of its own",
    )
    Path("/data/system/logcat").write_text("\n".join(lines) + "\n")
    os.kill(number, 9)


if __name__ == "__main__":
    main()
