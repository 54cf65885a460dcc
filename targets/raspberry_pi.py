"""A Raspberry Pi, or any other Linux device, behind ssh. Nothing needs to be installed there by hand."""

from __future__ import annotations

import dataclasses
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import TargetError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers, read_answers
from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.throttling import (
    CHIP_FILES,
    READING_COMMANDS,
    READING_FILES,
    Reading,
    Readings,
    parse_reading,
    sum_up,
)
from edgekit.measure.worker import Job, Measurement, read_child
from edgekit.progress import SILENT, Progress
from edgekit.remote.address import parse_address
from edgekit.remote.device import RemoteChild, RemoteDevice, Storage, WatchList
from edgekit.targets import register
from edgekit.targets.base import TargetRequest

WATCH = WatchList((*READING_FILES, *CHIP_FILES), READING_COMMANDS)
_SUFFIX = ".tflite"


@register("pi", address="the device's address for ssh")
class RaspberryPi:
    """A device behind ssh, measured by the same worker as this machine.

    The connection is opened at the first call and kept; models that were sent stay until :meth:`close`, after which
    every call fails.

    Raises:
        UsageError: the address is none.
    """

    def __init__(self, request: TargetRequest, progress: Progress = SILENT) -> None:
        self._address = parse_address(request.address or "")
        self._device = RemoteDevice(self._address, progress)
        self._sent: dict[Path, str] = {}

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        child = self._run("edgekit.measure.device_worker", {}, 60)
        if child.result.reply is None:
            raise TargetError(f"{self._address} does not run EdgeKit ({child.result.ending}).")
        return Device(**child.result.reply)

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        job = Job(self._send(path), protocol, threads)
        child = self._run("edgekit.measure.worker", job.to_dict(), job.seconds, WATCH)
        measured = read_child(child.result, path.name, job.seconds)
        return dataclasses.replace(
            measured, conditions=dataclasses.replace(measured.conditions, readings=sum_up_readings(child))
        )

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        there = self._send_pixels(pixels)
        job = AnswersJob(self._send(path), there, threads)
        seconds = job.seconds(len(pixels))
        child = self._run("edgekit.measure.answers_worker", job.to_dict(), seconds)
        return read_answers(child.result, path.name, seconds)

    def read(self) -> Reading:
        """A look at clock, temperature and throttling."""
        found = self._device.read(WATCH)
        return parse_reading(found["files"], found["commands"])

    def storage(self) -> Storage:
        """What is kept there, and how much room there is."""
        return self._device.storage()

    def remove(self) -> tuple[str, int]:
        """Removes all that EdgeKit keeps on the device; the folder, and how many bytes were in it."""
        return self._device.remove()

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""
        self._device.close()

    def _run(
        self, module: str, message: Mapping[str, Any], seconds: float, watch: WatchList | None = None
    ) -> RemoteChild:
        child = self._device.run_module(module, message, seconds, watch)
        if child.result.reply is None and child.result.exit_code == 1:
            raise TargetError(
                f"EdgeKit does not run on {self._address} ({child.result.ending}). Where what it keeps there was "
                f"damaged, remove it, and it is sent anew: edgekit doctor --on pi@{self._address} --remove"
            )
        return child

    def _send_pixels(self, pixels: NDArray[np.uint8]) -> str:
        """The path there of a ``.npy`` file."""
        with tempfile.TemporaryDirectory() as folder:
            photos, archive = Path(folder, "pixels.npy"), Path(folder, "pixels.tar.gz")
            np.save(photos, pixels)
            with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
                tar.add(photos, photos.name)
            return f"{self._device.send_archive(archive)}/pixels.npy"

    def _send(self, path: Path) -> str:
        if path.suffix.lower() != _SUFFIX or not path.is_file():
            raise TargetError(
                f"{path.name} does not run on {self._address}: the interpreter there runs {_SUFFIX} files. "
                "Export one with: edgekit export MODEL --to tflite:int8"
            )
        if path not in self._sent:
            self._sent[path] = self._device.send(path)
        return self._sent[path]


def sum_up_readings(child: RemoteChild) -> Readings:
    """What all looks at the device around a run say together."""
    looks = [parse_reading(reading["files"], reading["commands"]) for reading in child.readings]
    return sum_up(looks[0], looks[1:-1], looks[-1])
