"""This machine: measured in a clean process, so that load time, first call and memory are the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.artifact import digest_of, size_of
from edgekit.errors import ModelFileError
from edgekit.measure.device import Device, describe_device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkResult
from edgekit.measure.validity import Evidence, find_doubts
from edgekit.measure.worker import Job, measure_in_child
from edgekit.targets import register
from edgekit.targets.base import TargetRequest
from edgekit.version import __version__


@register("local")
class LocalTarget:
    """The machine that EdgeKit runs on."""

    def __init__(self, request: TargetRequest) -> None:
        self._request = request

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        return describe_device()

    def benchmark(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> BenchmarkResult:
        """See :class:`~edgekit.targets.base.Target`."""
        if not path.exists():
            raise ModelFileError(f"There is no file {path}. Check the path.")
        measured = measure_in_child(Job(str(path.resolve()), protocol, threads))
        doubts = find_doubts(Evidence(measured.latency, protocol, measured.device, measured.conditions))
        return BenchmarkResult(
            artifact=path.name,
            digest=digest_of(path),
            size_bytes=size_of(path),
            target=str(self._request),
            device=measured.device,
            engine=measured.engine,
            protocol=protocol,
            load_ms=measured.load_ms,
            first_call_ms=measured.first_call_ms,
            latency=measured.latency,
            peak_memory_bytes=measured.peak_memory_bytes,
            base_memory_bytes=measured.base_memory_bytes,
            conditions=measured.conditions,
            valid=not doubts,
            reasons=doubts,
            versions={"edgekit": __version__, "numpy": np.__version__, measured.engine.name: measured.engine.version},
        )
