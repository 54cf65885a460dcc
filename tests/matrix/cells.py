"""Running the cells of one row, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.artifact import ArtifactRequest
from edgekit.child import child_command, child_environment
from edgekit.converters.base import artifact_name, get_converter
from edgekit.converters.jobs import LOG, Job
from tests.matrix.limits import Ending, run_limited, without_folders

SECONDS = 900
MEMORY = 16_000_000_000
"""Bytes that one cell may have in use at a time, the processes that it starts included."""

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cell:
    """What became of one model in one format.

    Attributes:
        state: ``ok``, ``failed`` or ``not verified``.
        reason: why it is not ``ok``.
        images: how many were compared.
        agreement: share of the images with the same best class, 0..1.
        max_difference: of any probability.
        size_bytes: of the artifact.
        seconds: that conversion and check took.
        peak_bytes: of memory.
    """

    state: str
    reason: str | None = None
    images: int | None = None
    agreement: float | None = None
    max_difference: float | None = None
    size_bytes: int | None = None
    seconds: float | None = None
    peak_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def prepare(name: str, folder: Path) -> dict[str, Any] | str:
    """Builds a model in a process of its own: what it is, or why it cannot be built."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.matrix.prepare", name, str(folder)]
    ending = _run(command, folder)
    about = folder / "about.json"
    return json.loads(about.read_text(encoding="utf-8")) if about.exists() else ending.to_sentence()


def run_cell(name: str, request: ArtifactRequest, prepared: Path) -> Cell:
    """Converts and compares one cell."""
    converter = get_converter(request.format)
    with tempfile.TemporaryDirectory(dir=prepared, prefix="cell-") as work:
        folder = Path(work)
        output = folder / artifact_name(name, request)
        calibrated = request.precision in converter.calibrated
        Job(
            format=request.format,
            precision=request.precision,
            name=output.name,
            program=str(prepared / f"program-{converter.batch or 'any'}"),
            calibration=str(prepared / "calibration.npz") if calibrated else None,
            reference=str(prepared / "reference.npz"),
            options=asdict(converter.Options()),
            output=str(output),
        ).write(folder / "job.json")
        started = time.monotonic()
        ending = _run(child_command("edgekit.converters.worker", str(folder)), folder)
        used: dict[str, Any] = {
            "seconds": round(time.monotonic() - started, 1),
            "peak_bytes": ending.peak_bytes or None,
        }
        if not (folder / "result.json").exists():
            printed = folder / LOG
            log = ending.log + (printed.read_text(encoding="utf-8", errors="replace") if printed.exists() else "")
            return Cell("failed", replace(ending, log=log).to_sentence(), **used)
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        check = result["check"]
        state = "failed" if result["error"] else "ok" if check["verified"] else "not verified"
        reason = result["error"] or check["reason"]
        return Cell(
            state,
            reason=without_folders(reason) if reason else None,
            images=check.get("count"),
            agreement=check.get("agreement"),
            max_difference=check.get("max_difference"),
            size_bytes=_size(output),
            **used,
        )


def _run(command: list[str], folder: Path) -> Ending:
    environment = child_environment({"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"})
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return run_limited(command, environment, folder / "process.txt", SECONDS, MEMORY)


def _size(path: Path) -> int | None:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else None


def work_folder(name: str) -> Path:
    """An empty folder for a row; programs of giants take gigabytes, so it goes when the row is done."""
    folder = REPOSITORY / ".cache" / "matrix" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
