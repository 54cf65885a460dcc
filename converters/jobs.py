"""Conversions as jobs: each converter in a process of its own, each job with its own log, side by side.

Native converters crash, print and leak; in a process of its own one cannot take the others with
it. The parent writes ``job.json``, the worker (:mod:`edgekit.converters.worker`) writes
``result.json``; a worker that ends without one has crashed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.artifact import Check
from edgekit.child import child_command, child_environment, describe_crash
from edgekit.converters.processes import Workers
from edgekit.host import available_memory, usable_cores
from edgekit.progress import Progress

LOG = "log.txt"
"""In a job's folder: everything that its converter printed."""

TIME_LIMIT_SECONDS = 3600
MEMORY_PER_JOB = 3 << 30
"""Bytes: what TensorFlow and the conversion of a mid-sized model take at their peak (1.2 GB were
seen for MobileNetV2 0.35 in int8), with room to spare."""


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
        check: how the written artifact was proved; says nothing where it was not written.
        error: why there is no artifact, as a sentence, or ``None``.
        log: everything that the converter printed.
    """

    job: Job
    check: Check
    error: str | None
    log: Path


def run_jobs(jobs: Sequence[Job], folder: Path, progress: Progress) -> list[Outcome]:
    """Runs all jobs; those of different formats side by side, as many as processors and memory allow.

    Args:
        jobs: what to convert.
        folder: an existing folder for job files and logs.
        progress: one step and one line for each finished job.

    Returns:
        One outcome for each job, in the order of ``jobs``. Nothing is raised for a failed one.
        On Ctrl-C every worker is killed before the exception goes on.
    """
    groups: dict[str, dict[int, Job]] = {}
    for index, job in enumerate(jobs):
        groups.setdefault(job.format, {})[index] = job
    workers = Workers()
    outcomes: dict[int, Outcome] = {}
    started = time.monotonic()
    with progress.task("Converting", len(jobs)) as task:

        def tell(outcome: Outcome) -> None:
            task.advance(note=outcome.job.name)
            progress.say(f"  {outcome.job.name}: {_how_it_went(outcome)} {time.monotonic() - started:.1f} s")

        pool = ThreadPoolExecutor(max_workers=parallel_jobs(len(groups), usable_cores(), available_memory()))
        try:
            futures = [pool.submit(_run_group, group, folder, workers, tell) for group in groups.values()]
            for future in as_completed(futures):
                outcomes |= future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            workers.kill_all()
            pool.shutdown(wait=True, cancel_futures=True)
    return [outcomes[index] for index in range(len(jobs))]


def _how_it_went(outcome: Outcome) -> str:
    if outcome.error:
        return "failed after"
    return "done after" if outcome.check.verified else "written, not verified, after"


def parallel_jobs(jobs: int, processors: int, memory: int | None) -> int:
    """How many processes run side by side: bounded by their number, processors and free memory (bytes)."""
    by_memory = processors if memory is None else memory // MEMORY_PER_JOB
    return max(1, min(jobs, processors, by_memory))


def _run_group(
    jobs: Mapping[int, Job], folder: Path, workers: Workers, tell: Callable[[Outcome], None]
) -> dict[int, Outcome]:
    """Runs the jobs of one converter, one after the other in one process.

    TensorFlow is imported once for all of them. Where one takes the process with it, those behind it
    go on in a new one.
    """
    folders = {index: folder / f"job-{index}" for index in jobs}
    for index, job in jobs.items():
        folders[index].mkdir()
        job.write(folders[index] / "job.json")
        (folders[index] / LOG).touch()
    outcomes: dict[int, Outcome] = {}

    def done(index: int, code: int | None) -> None:
        outcomes[index] = _read_outcome(jobs[index], folders[index], folders[index] / LOG, code)
        tell(outcomes[index])

    names = {path.name: index for index, path in folders.items()}

    def finished(line: str) -> None:
        if line in names:
            done(names[line], 0)

    while waiting := [index for index in jobs if index not in outcomes]:
        command = child_command("edgekit.converters.worker", *(str(folders[index]) for index in waiting))
        log = folders[waiting[0]] / LOG
        try:
            code = workers.run(command, child_environment(_quiet_cpu()), log, finished, TIME_LIMIT_SECONDS)
        except OSError as error:  # no memory or no handle for one more process
            failed = f"its process cannot be started ({error.strerror})"
            for index in waiting:
                outcomes[index] = Outcome(jobs[index], Check(), f"{jobs[index].name}: {failed}.", folders[index] / LOG)
                tell(outcomes[index])
            break
        if workers.closed:  # on the way out: nobody wants to hear of what was stopped
            break
        if waiting[-1] not in outcomes:  # it ended before its time, in the first that has no outcome
            done(next(index for index in waiting if index not in outcomes), code)
    return outcomes


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
        return Outcome(job, Check.from_dict(result["check"]), result["error"], log)
    except (OSError, ValueError):
        last = _last_line(log)
        error = f"{job.name}: the converter {_how_it_ended(code)}{f': {last}' if last else ''}."
        return Outcome(job, Check(), error, log)


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
