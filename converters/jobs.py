"""Conversions as jobs: each converter in a process of its own, each job with its own log, side by side.

Native converters crash, print and leak; in a process of its own one cannot take the others with
it. The parent writes ``job.json``, the worker (:mod:`edgekit.converters.worker`) writes
``result.json``; a worker that ends without one has crashed. A worker is forked from a nursery
(:mod:`edgekit.converters.nursery`) where there is one, and else a Python of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.artifact import Check
from edgekit.child import child_command, child_environment, describe_crash
from edgekit.converters.beside import Beside
from edgekit.converters.forking import Nursery, NurseryGoneError
from edgekit.converters.processes import Program, Running, Workers
from edgekit.converters.schedule import longest_first, memory_of_job, parallel_jobs
from edgekit.files import remove
from edgekit.host import available_memory, usable_cores
from edgekit.progress import Progress

_CHATTER = re.compile(r"[IW]\d{4} |WARNING: All log messages before|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] ")
"""Lines of TensorFlow's log that are information or a warning: no reason why a process ended."""

LOG = "log.txt"
"""In a job's folder: everything that its converter printed."""

TIME_LIMIT_SECONDS = 3600


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
        beside: further files that were made of the artifact, or were to be; they lie beside it.
    """

    job: Job
    check: Check
    error: str | None
    log: Path
    beside: tuple[Beside, ...] = ()


def run_jobs(jobs: Sequence[Job], folder: Path, progress: Progress, nursery: Nursery | None = None) -> list[Outcome]:
    """Runs all jobs; those of different formats side by side, as many as processors and memory allow.

    Args:
        jobs: what to convert.
        folder: an existing folder for job files and logs.
        progress: one step and one line for each finished job.
        nursery: forks the workers; where it ends, they are started without.

    Returns:
        One outcome for each job, in the order of ``jobs``. Nothing is raised for a failed one.
        On Ctrl-C every worker is killed before the exception goes on.
    """
    groups: dict[str, dict[int, Job]] = {}
    for index, job in enumerate(jobs):
        groups.setdefault(job.format, {})[index] = job
    order = longest_first({name: [job.precision for job in group.values()] for name, group in groups.items()})
    memory = [
        memory_of_job(name, max(_bytes_in(Path(job.program)) for job in group.values()))
        for name, group in groups.items()
    ]
    workers = Workers()
    outcomes: dict[int, Outcome] = {}
    started = time.monotonic()
    with progress.task("Converting", len(jobs)) as task:

        def tell(outcome: Outcome) -> None:
            task.advance(note=outcome.job.name)
            progress.say(f"  {outcome.job.name}: {_how_it_went(outcome)} {time.monotonic() - started:.1f} s")

        pool = ThreadPoolExecutor(max_workers=parallel_jobs(memory, usable_cores(), available_memory()))
        try:
            running = [_Group(groups[name], folder, workers, nursery, tell) for name in order]
            for future in as_completed([pool.submit(group.run) for group in running]):
                outcomes |= future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            workers.kill_all()
            pool.shutdown(wait=True, cancel_futures=True)
    return [outcomes[index] for index in range(len(jobs))]


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _how_it_went(outcome: Outcome) -> str:
    if outcome.error:
        return "failed after"
    return "done after" if outcome.check.verified else "written, not verified, after"


class _Group:
    """The jobs of one converter, one after the other in one process.

    TensorFlow is imported once for all of them. Where one takes the process with it, those behind it
    go on in a new one.
    """

    def __init__(
        self,
        jobs: Mapping[int, Job],
        folder: Path,
        workers: Workers,
        nursery: Nursery | None,
        tell: Callable[[Outcome], None],
    ) -> None:
        self._jobs = jobs
        self._folders = {index: folder / f"job-{index}" for index in jobs}
        self._workers = workers
        self._nursery = nursery
        self._tell = tell
        self._outcomes: dict[int, Outcome] = {}

    def run(self) -> dict[int, Outcome]:
        """All outcomes; fewer where :attr:`Workers.closed`."""
        for index, job in self._jobs.items():
            self._folders[index].mkdir()
            job.write(self._folders[index] / "job.json")
            self._log(index).touch()
        while waiting := self._waiting():
            try:
                code = self._workers.run(self._start, self._finished, TIME_LIMIT_SECONDS)
            except NurseryGoneError:  # whatever ended it, the job was not asked
                for index in self._waiting()[:1]:
                    remove(Path(self._jobs[index].output))
                continue
            except OSError as error:  # no memory or no handle for one more process
                for index in self._waiting():
                    failed = f"{self._jobs[index].name}: its process cannot be started ({error.strerror})."
                    self._done(index, Outcome(self._jobs[index], Check(), failed, self._log(index)))
                break
            if self._workers.closed:  # on the way out: nobody wants to hear of what was stopped
                break
            if waiting[-1] not in self._outcomes:  # it ended before its time, in the first that has no outcome
                self._read(self._waiting()[0], code)
        return self._outcomes

    def _waiting(self) -> list[int]:
        return [index for index in self._jobs if index not in self._outcomes]

    def _log(self, index: int) -> Path:
        return self._folders[index] / LOG

    def _start(self) -> Running:
        waiting = self._waiting()
        folders, log = [self._folders[index] for index in waiting], self._log(waiting[0])
        if self._nursery is not None:
            with contextlib.suppress(NurseryGoneError):
                return self._nursery.fork(folders, log)
        command = child_command("edgekit.converters.worker", *map(str, folders))
        return Program(command, child_environment(quiet_cpu()), log)

    def _finished(self, line: str) -> None:
        """Hears from the worker which folder's job is done."""
        for index in self._waiting():
            if self._folders[index].name == line:
                self._read(index, 0)

    def _read(self, index: int, code: int | None) -> None:
        self._done(index, _read_outcome(self._jobs[index], self._folders[index], self._log(index), code))

    def _done(self, index: int, outcome: Outcome) -> None:
        self._outcomes[index] = outcome
        self._tell(outcome)


def quiet_cpu() -> dict[str, str]:
    """Variables for a worker: conversion needs no GPU, and its log no start-up chatter."""
    return {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        "PYTHONUNBUFFERED": "1",
    }


def _read_outcome(job: Job, folder: Path, log: Path, code: int | None) -> Outcome:
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        beside = tuple(Beside.from_dict(one) for one in result.get("beside", ()))
        return Outcome(job, Check.from_dict(result["check"]), result["error"], log, beside)
    except (OSError, ValueError):
        last = _last_line(log)
        error = f"{job.name}: the converter {_how_it_ended(code)}{f': {last}' if last else ''}."
        return Outcome(job, Check(), error, log)


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    telling = (line for line in reversed(lines) if line and not _CHATTER.match(line))
    return next(telling, "").rstrip(".")[:300]


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return f"was stopped after {TIME_LIMIT_SECONDS // 60} minutes"
    crash = describe_crash(code)
    if crash is None:
        return f"ended with exit code {code}"
    reason = ", most likely for lack of memory" if crash.endswith("SIGKILL") else ""
    return f"crashed ({crash}{reason})"
