"""Running the cells of one row, each in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.artifact import ArtifactRequest
from edgekit.child import child_command, child_environment, describe_crash
from edgekit.converters.base import artifact_name, get_converter
from edgekit.converters.jobs import LOG, Job

SECONDS = 900
MEMORY = 16 << 30
"""Bytes of address space for one cell."""

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cell:
    """What became of one model in one format.

    Attributes:
        state: ``ok``, ``failed`` or ``not verified``.
        reason: why it is not ``ok``.
        agreement: share of the inputs with the same best class, 0..1.
        max_difference: of any probability.
        size_bytes: of the artifact.
        seconds: that conversion and check took.
    """

    state: str
    reason: str | None = None
    agreement: float | None = None
    max_difference: float | None = None
    size_bytes: int | None = None
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def prepare(name: str, folder: Path) -> dict[str, Any] | str:
    """Builds a model in a process of its own: what it is, or why it cannot be built."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.matrix.prepare", name, str(folder)]
    code, log = _run(command, folder)
    about = folder / "about.json"
    return json.loads(about.read_text(encoding="utf-8")) if about.exists() else _ending(code, log)


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
        code, log = _run(child_command("edgekit.converters.worker", str(folder)), folder)
        seconds = round(time.monotonic() - started, 1)
        if not (folder / "result.json").exists():
            log += (folder / LOG).read_text(encoding="utf-8", errors="replace") if (folder / LOG).exists() else ""
            return Cell("failed", _ending(code, log), seconds=seconds)
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        check = result["check"]
        state = "failed" if result["error"] else "ok" if check["verified"] else "not verified"
        return Cell(
            state,
            reason=result["error"] or check["reason"],
            agreement=check.get("agreement"),
            max_difference=check.get("max_difference"),
            size_bytes=_size(output),
            seconds=seconds,
        )


def _run(command: list[str], folder: Path) -> tuple[int | None, str]:
    """Exit code, ``None`` for one that was stopped, and what was printed."""
    environment = child_environment({"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"})
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    log = folder / "process.txt"
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                timeout=SECONDS,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = None
    return code, log.read_text(encoding="utf-8", errors="replace")


def _ending(code: int | None, log: str) -> str:
    if code is None:
        return f"It did not finish within {SECONDS // 60} minutes."
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    crash = describe_crash(code)
    return f"It ended with {crash or f'exit code {code}'}: {lines[-1][:300] if lines else 'no message'}"


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
