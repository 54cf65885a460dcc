"""benchmark: how fast is an artifact on a device, and does it answer there what it answers here?"""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.api.bench_photos import BenchPhotos
from edgekit.arguments import as_path, as_texts, check_whole
from edgekit.data import Columns
from edgekit.digest import digest_of, size_of
from edgekit.errors import EdgeKitError, ModelFileError, UsageError
from edgekit.manifest import Manifest
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkFailure, BenchmarkResult
from edgekit.measure.rounds import join_rounds, rounds_for
from edgekit.measure.validity import Evidence, find_doubts
from edgekit.measure.worker import Measurement
from edgekit.progress import SILENT, Progress, Task
from edgekit.published import check_published
from edgekit.report.latency import BenchmarkReport
from edgekit.runtime.engines import is_model, model_root
from edgekit.targets import Target, get_target, parse_target
from edgekit.targets.base import Limited, ManyEngines

Row = BenchmarkResult | BenchmarkFailure


def benchmark(
    artifacts: str | Path | Sequence[str | Path],
    on: str | Sequence[str] = "local",
    *,
    protocol: LatencyProtocol | None = None,
    threads: int | None = None,
    data: Any = None,
    photos: int | None = None,
    columns: Columns | None = None,
    root: str | os.PathLike[str] | None = None,
    progress: Progress = SILENT,
) -> BenchmarkReport:
    """Measures the latency of artifacts on devices, and how right they are there.

    Several artifacts on a device take turns, in rounds. This machine is measured alone, then all other devices at
    the same time.

    Args:
        artifacts: one or more model files, or export folders (all that their manifests name).
        on: ``target[:variant][@address]``, several with commas or as a list.
        protocol: how long to warm up and to measure.
        threads: of the interpreter; the target's default where ``None``.
        data: labelled photos that every artifact answers on every device, and here for comparison; see
            :func:`~edgekit.api.evaluation.open_evaluation` for which of them are used.
        photos: how many of them at most, spread evenly; all where ``None``.
        columns: which columns of a table say what; by default found by their common names.
        root: the folder that a table's paths start from.
        progress: one step for each artifact, target and round.

    Returns:
        A row for each artifact and target; without those of an export folder that a target, by its engines, does not
        run at all, which ``progress`` is told. One that is damaged, crashes its engine or needs what is not
        installed is a failed row, not an exception, and so is each of a device that cannot be reached.

    Raises:
        UsageError: an unknown target, an argument of the wrong type, or one that a target does not take.
        ModelFileError: before anything is measured: there is nothing at a path, or a folder is no export folder.
        DataError: the photos cannot be used.
    """
    given = [artifacts] if isinstance(artifacts, str | Path) else list(artifacts)
    paths = [as_path(path, "A model file") for path in given]
    files = [file for path in paths for file in artifact_files(path)]
    words = [word.strip() for text in as_texts(on, "on") for word in text.split(",")]
    targets = {word: get_target(word, progress) for word in words if word}
    for name, number in (("threads", threads), ("photos", photos)):
        if number is not None:
            check_whole(number, name)
    if not files or not targets:
        raise UsageError("Name at least one model file and one target, as in: edgekit bench flowers.int8.tflite")
    asked = None if data is None else BenchPhotos(data, photos, columns, root, threads, progress)
    named = frozenset(map(model_root, paths))
    chosen = {name: _choose(name, target, files, named, threads, progress) for name, target in targets.items()}
    total = sum(len(some) * (rounds_for(len(some)) + (asked is not None)) for some in chosen.values())
    with progress.task("Measuring", total) as task:
        jobs = {
            name: _Job(name, target, chosen[name], protocol or LatencyProtocol(), threads, asked, task)
            for name, target in targets.items()
        }
        found = _run_all(jobs)
    return BenchmarkReport(tuple(row for name in targets for row in found[name]))


def _choose(
    name: str, target: Target, files: Sequence[Path], named: Set[Path], threads: int | None, progress: Progress
) -> list[Path]:
    """What is measured on a target: all, but for what lies in an export folder and that it does not run.

    Args:
        name: of the target.
        target: that has not been used yet.
        files: all artifacts.
        named: those that were named themselves, beside those of export folders.
        threads: that were asked for.
        progress: told what is left out.

    Raises:
        UsageError: the target takes no number of threads, or nothing is left.
    """
    if not isinstance(target, Limited):
        return list(files)
    limits = target.limits
    limits.check_threads(threads)
    chosen = [file for file in files if file in named or limits.runs(file)]
    left_out = ", ".join(file.name for file in files if file not in chosen)
    if not chosen:
        raise UsageError(f"{name} runs nothing but {' and '.join(limits.suffixes)}, and there is only {left_out}.")
    if left_out:
        progress.say(f"Left out: {left_out}, which {name} does not run.")
    return chosen


def _run_all(jobs: dict[str, _Job]) -> dict[str, list[Row]]:
    """This machine first, alone, then the others side by side; whatever ends it, every device is left clean.

    Targets of one machine, as its processor and the Edge TPU that is plugged into it, take turns.
    """
    machines: dict[str | None, list[str]] = {}
    for name in jobs:
        machines.setdefault(parse_target(name).address, []).append(name)
    here = machines.pop(None, [])
    pool = ThreadPoolExecutor(max_workers=len(jobs))
    try:
        found = {name: jobs[name].run() for name in here}
        futures = [pool.submit(_take_turns, [jobs[name] for name in names]) for names in machines.values()]
        for future in futures:
            found |= future.result()
        return found
    finally:
        for job in jobs.values():
            job.target.close()
        pool.shutdown(wait=True, cancel_futures=True)


def _take_turns(jobs: Sequence[_Job]) -> dict[str, list[Row]]:
    return {job.name: job.run() for job in jobs}


class _Job:
    """All artifacts on one device."""

    def __init__(
        self,
        name: str,
        target: Target,
        files: Sequence[Path],
        protocol: LatencyProtocol,
        threads: int | None,
        photos: BenchPhotos | None,
        task: Task,
    ) -> None:
        self.target = target
        self.name = name
        self._files = files
        self._protocol = protocol
        self._threads = threads
        self._photos = photos
        self._task = task

    def run(self) -> list[Row]:
        """A row for each file, in their order."""
        rounds = rounds_for(len(self._files))
        found = [_Measuring(file, view) for file in self._files for view in self._views(file)]
        share = self._protocol.share(rounds)
        for _ in range(rounds):
            for index, one in enumerate(found):
                self._measure(one, share)
                if index + 1 == len(found) or found[index + 1].file != one.file:
                    self._task.advance(note=one.file.name)
        return [self._row(one) for one in found]

    def _views(self, file: Path) -> list[_View]:
        """The engines of the device that the artifact is measured on."""
        whole = _View(self.name, self.target)
        if not isinstance(self.target, ManyEngines):
            return [whole]
        try:
            views = self.target.views(file)
        except EdgeKitError as error:
            return [_View(self.name, self.target, str(error))]
        return [_View(*view) for view in views.items()] or [whole]

    def _measure(self, one: _Measuring, share: LatencyProtocol) -> None:
        if one.failure is not None:
            return
        try:
            if not one.rounds:
                check_published(one.file)
            one.rounds.append(one.view.target.measure(one.file, share, self._threads))
        except EdgeKitError as error:
            one.failure = str(error)

    def _row(self, one: _Measuring) -> Row:
        file, name = one.file, one.view.name
        if one.failure is not None:
            return BenchmarkFailure(file.name, name, one.failure)
        measured = join_rounds(one.rounds)
        accuracy = None
        if self._photos is not None:
            try:
                accuracy = self._photos.compare(file, one.view.target)
            except EdgeKitError as error:
                return BenchmarkFailure(file.name, name, str(error))
            self._task.advance(note=file.name)
        doubts = find_doubts(_evidence(measured, self._protocol))
        return BenchmarkResult(
            artifact=file.name,
            digest=digest_of(file),
            size_bytes=size_of(file),
            target=name,
            device=measured.device,
            engine=measured.engine,
            protocol=self._protocol,
            load_ms=measured.load_ms,
            first_call_ms=measured.first_call_ms,
            latency=measured.latency,
            peak_memory_bytes=measured.peak_memory_bytes,
            base_memory_bytes=measured.base_memory_bytes,
            conditions=measured.conditions,
            valid=not doubts,
            reasons=doubts,
            versions=measured.versions,
            processes=measured.processes,
            accuracy=accuracy,
            accelerator=measured.accelerator,
            download_ms=measured.download_ms,
            read_ms=measured.read_ms,
        )


@dataclass(frozen=True)
class _View:
    """One engine of a device, by the name of its rows; ``failure`` where the device itself cannot be had."""

    name: str
    target: Target
    failure: str | None = None


class _Measuring:
    """An artifact on an engine, on its way to a row."""

    def __init__(self, file: Path, view: _View) -> None:
        self.file = file
        self.view = view
        self.rounds: list[Measurement] = []
        self.failure = view.failure


def _evidence(measured: Measurement, protocol: LatencyProtocol) -> Evidence:
    return Evidence(measured.latency, protocol, measured.device, measured.conditions, measured.engine)


def artifact_files(path: Path) -> list[Path]:
    """The artifacts that the manifest of an export folder names, missing ones included; any other path as it is.

    Raises:
        ModelFileError: there is nothing, or a folder is neither a model nor an export folder.
    """
    if not path.exists():
        raise ModelFileError(f"There is no {path}. Check the path.")
    if path.is_dir() and not is_model(path):
        return [path / entry.file for entry in Manifest.read(path).artifacts]
    return [model_root(path)]
