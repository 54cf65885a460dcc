"""Conversions as jobs: each in a process of its own, with its own log, side by side.

Native converters crash, print and leak; in a process of its own one cannot take the others with
it. The parent writes ``job.json``, the worker (:mod:`edgekit.converters.worker`) writes
``result.json``; a worker that ends without one has crashed.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.child import child_command, child_environment, describe_crash
from edgekit.files import remove
from edgekit.host import available_memory, usable_cores
from edgekit.progress import Progress

TIME_LIMIT_SECONDS = 3600
MEMORY_PER_JOB = 3 << 30
"""Bytes: what TensorFlow and the conversion of a mid-sized model take at their peak (1.2 GB were
seen for MobileNetV2 0.35 in int8), with room to spare."""

_WORK = ".export-"
_ABANDONED_AFTER = 60.0
"""Seconds since the last change of a work folder whose process is gone."""


@dataclass(frozen=True)
class Job:
    """One conversion; everything a worker needs to know, as paths and plain values.

    Attributes:
        format: of the converter.
        precision: one of the converter's.
        name: file name of the artifact, for messages.
        program: folder of the :class:`~edgekit.program.FrozenProgram`.
        calibration: the ``.npz`` of the calibration sample, or ``None``.
        reference: the ``.npz`` with the inputs and the Keras outputs that the artifact must reproduce.
        options: the fields of the converter's ``Options``.
        output: where to write the artifact.
    """

    format: str
    precision: str
    name: str
    program: str
    calibration: str | None
    reference: str
    options: dict[str, Any]
    output: str

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job.
        check: how the written artifact was proved; empty where it was not written.
        error: why there is no artifact, as a sentence, or ``None``.
        log: everything that the converter printed.
    """

    job: Job
    check: dict[str, Any]
    error: str | None
    log: Path


def run_jobs(jobs: Sequence[Job], folder: Path, progress: Progress) -> list[Outcome]:
    """Runs all jobs, as many side by side as processors and memory allow.

    Args:
        jobs: what to convert.
        folder: an existing folder for job files and logs.
        progress: one step for each finished job.

    Returns:
        One outcome for each job, in the order of ``jobs``. Nothing is raised for a failed one.
        On Ctrl-C every worker is killed before the exception goes on.
    """
    workers = _Workers()
    outcomes: dict[int, Outcome] = {}
    with progress.task("Converting", len(jobs)) as task:
        pool = ThreadPoolExecutor(max_workers=parallel_jobs(len(jobs), usable_cores(), available_memory()))
        try:
            futures = {
                pool.submit(_run, job, folder / f"job-{index}", workers): index for index, job in enumerate(jobs)
            }
            for future in as_completed(futures):
                outcome = future.result()
                outcomes[futures[future]] = outcome
                task.advance(note=f"{outcome.job.name} {'failed' if outcome.error else 'done'}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            workers.kill_all()
            pool.shutdown(wait=True, cancel_futures=True)
    return [outcomes[index] for index in range(len(jobs))]


def work_prefix() -> str:
    """The beginning of a work folder's name; it tells whose folder it is."""
    return f"{_WORK}{os.getpid()}-"


def remove_abandoned(folder: Path) -> None:
    """Removes the work folders of exports that were killed: of processes that are no longer there."""
    for work in folder.glob(f"{_WORK}*-*"):
        owner = work.name.removeprefix(_WORK).partition("-")[0]
        # Another machine may share the disk and has process ids of its own: leave its young folders alone.
        with contextlib.suppress(OSError):
            if owner.isdigit() and not _is_alive(int(owner)) and time.time() - work.stat().st_mtime > _ABANDONED_AFTER:
                remove(work)


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # there os.kill(..., 0) would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def parallel_jobs(jobs: int, processors: int, memory: int | None) -> int:
    """How many conversions run side by side: bounded by jobs, processors and free memory (bytes)."""
    by_memory = processors if memory is None else memory // MEMORY_PER_JOB
    return max(1, min(jobs, processors, by_memory))


class _Workers:
    """The processes that run now, so that none outlives its parent's interest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> int | None:
        """The exit code, or ``None`` for one that was not started or ran past the time limit."""
        with self._lock:
            if self._closed:
                return None
            process = start()
            self._running.add(process)
        try:
            return process.wait(TIME_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)

    def kill_all(self) -> None:
        with self._lock:
            self._closed = True
            for process in self._running:
                with contextlib.suppress(OSError):
                    process.kill()


def _run(job: Job, folder: Path, workers: _Workers) -> Outcome:
    folder.mkdir()
    job.write(folder / "job.json")
    log = folder / "log.txt"
    with log.open("wb") as output:
        code = workers.run(
            lambda: subprocess.Popen(
                child_command("edgekit.converters.worker", str(folder)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=child_environment(_quiet_cpu()),
            )
        )
    return _read_outcome(job, folder, log, code)


def _quiet_cpu() -> dict[str, str]:
    """Conversion needs no GPU, and its log no start-up chatter."""
    return {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        "PYTHONUNBUFFERED": "1",
    }


def _read_outcome(job: Job, folder: Path, log: Path, code: int | None) -> Outcome:
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return Outcome(job, result["check"], result["error"], log)
    except (OSError, ValueError):
        last = _last_line(log)
        return Outcome(job, {}, f"{job.name}: the converter {_how_it_ended(code)}{f': {last}' if last else ''}.", log)


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "").rstrip(".")[:300]


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return f"was stopped after {TIME_LIMIT_SECONDS // 60} minutes"
    crash = describe_crash(code)
    if crash is None:
        return f"ended with exit code {code}"
    reason = ", most likely for lack of memory" if crash.endswith("SIGKILL") else ""
    return f"crashed ({crash}{reason})"
