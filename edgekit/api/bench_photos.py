"""The labelled photos of a benchmark: which, and what a model answers to them here."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.evaluation import open_evaluation
from edgekit.data import Columns, Part
from edgekit.errors import UsageError
from edgekit.measure.answers_worker import PhotoAnswers
from edgekit.measure.device_accuracy import DeviceAccuracy, compare_devices
from edgekit.progress import Progress
from edgekit.runtime import load
from edgekit.runtime.edgetpu.source import find_sources
from edgekit.spec import ModelSpec
from edgekit.targets import Target, get_target


class BenchPhotos:
    """Photos for any number of artifacts and devices; each artifact answers them once on this machine.

    Args:
        source: labelled photos.
        most: how many are used at most, spread evenly; all where ``None``.
        columns: of a table.
        root: of a table's paths.
        threads: of the interpreter.
        progress: told about the first pass over the photos.
    """

    def __init__(
        self,
        source: Any,
        most: int | None,
        columns: Columns | None,
        root: str | os.PathLike[str] | None,
        threads: int | None,
        progress: Progress,
    ) -> None:
        self._source = source
        self._most = most
        self._columns = columns
        self._root = root
        self._threads = threads
        self._progress = progress
        self._here = get_target("local")
        self._lock = Lock()
        self._opened: dict[str, tuple[NDArray[np.uint8], NDArray[np.integer]]] = {}
        self._answers: dict[Path, tuple[NDArray[np.uint8], NDArray[np.integer], PhotoAnswers]] = {}

    def compare(self, file: Path, target: Target) -> DeviceAccuracy:
        """What the device answers beside what this machine answers.

        Raises:
            UsageError: the artifact is no classifier of photos with one label each.
            DataError: the photos cannot be used.
            TargetError: the artifact does not run, here or there.
        """
        # One at a time: targets run side by side, and most of this is this machine's work.
        with self._lock:
            if file not in self._answers:
                source = find_source(file)
                pixels, labels = self._open(source)
                self._answers[file] = pixels, labels, self._here.answer(source, pixels, self._threads)
            pixels, labels, here = self._answers[file]
        return compare_devices(target.answer(file, pixels, self._threads), here, labels)

    def _open(self, file: Path) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
        with load(file) as predictor:
            spec = predictor.spec
        if spec is None or spec.image is None or not spec.labels or spec.multi_label:
            raise UsageError(
                f"{file.name} is no classifier of photos with one label each, so labelled photos say nothing about it. "
                "Measure it without --data."
            )
        key = spec.to_json()
        if key not in self._opened:
            self._opened[key] = self._read(spec)
        return self._opened[key]

    def _read(self, spec: ModelSpec) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
        evaluation = open_evaluation(self._source, spec, self._progress, self._columns, self._root)
        part = evaluation.inputs
        assert isinstance(part, Part)
        assert evaluation.labels is not None
        count = min(len(part), self._most or len(part))
        chosen = np.linspace(0, len(part) - 1, count).round().astype(np.int64)
        return part.images.take(chosen), evaluation.labels[chosen]


def find_source(file: Path) -> Path:
    """The file that this machine's processor runs: itself, or what a model for the Edge TPU was compiled from.

    Raises:
        UsageError: that is not there.
    """
    sources = find_sources(file)
    if not sources:
        return file
    found = next((source for source in sources if source.is_file()), None)
    if found is None:
        raise UsageError(
            f"Photos are answered on this machine, too, which does not run {file.name}, and neither "
            f"{' nor '.join(source.name for source in sources)}, from which it was compiled, lies beside it. Put it "
            "there, or measure without --data."
        )
    return found
