"""This machine: measured in a clean process, so that load time, first call and memory are the model's."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers, answer_in_child
from edgekit.measure.device import Device, describe_device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.worker import Job, Measurement, measure_in_child
from edgekit.progress import SILENT, Progress
from edgekit.targets import register
from edgekit.targets.base import TargetRequest


@register("local")
class LocalTarget:
    """The machine that EdgeKit runs on."""

    def __init__(self, request: TargetRequest, progress: Progress = SILENT) -> None:
        pass

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        return describe_device()

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        return measure_in_child(Job(_existing(path), protocol, threads))

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        with tempfile.TemporaryDirectory() as folder:
            photos = Path(folder, "pixels.npy")
            np.save(photos, pixels)
            return answer_in_child(AnswersJob(_existing(path), str(photos), threads), len(pixels))

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""


def _existing(path: Path) -> str:
    if not path.exists():
        raise ModelFileError(f"There is no file {path}. Check the path.")
    return str(path.resolve())
