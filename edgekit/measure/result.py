"""What a benchmark says, in the one form that every device gives it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from edgekit.errors import DataError
from edgekit.measure.device import Device
from edgekit.measure.device_accuracy import DeviceAccuracy
from edgekit.measure.latency import LatencyProtocol, LatencyStats
from edgekit.measure.validity import Conditions
from edgekit.runtime.engines.base import EngineInfo

SCHEMA = 1


@dataclass(frozen=True)
class BenchmarkFailure:
    """An artifact that could not be measured on a device.

    Attributes:
        artifact: the file's name.
        target: as it was asked for.
        reason: a sentence or two.
    """

    artifact: str
    target: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class BenchmarkResult:
    """One artifact on one device.

    Attributes:
        artifact: the file's name.
        digest: SHA-256 (hex) of what was measured.
        size_bytes: of the file, or of all files of a folder.
        target: as it was asked for, as in ``local``.
        device: what it ran on.
        engine: what ran it.
        protocol: how it was measured.
        load_ms: from the path to a model that is ready to run; the engine's own import is not in it.
        first_call_ms: the first run, which many engines prepare kernels in.
        latency: of one run: input tensors in memory to output tensors in memory.
        peak_memory_bytes: of the processes that ran it, all of it; ``None`` if unknown.
        base_memory_bytes: of the measuring process before the model was loaded; the model's own share is about
            the difference, with that of an engine that is a process of its own.
        conditions: what else was seen on the way.
        valid: whether the times should be trusted.
        reasons: why not, a sentence each.
        versions: package name to version.
        processes: whose memory was counted: 1, or 2 where the engine is a process of its own, as Node is.
        accuracy: on labelled photos, where they were asked for.
        accelerator: the device beside the processor that ran it, and its driver, as a phrase; ``None`` for the
            processor alone.
        download_ms: fetching the model over the network, where the device did; not in ``load_ms``.
        read_ms: median of reading an answer back from the accelerator's memory, where that is told; within the
            latency.
    """

    artifact: str
    digest: str
    size_bytes: int
    target: str
    device: Device
    engine: EngineInfo
    protocol: LatencyProtocol
    load_ms: float
    first_call_ms: float
    latency: LatencyStats
    peak_memory_bytes: int | None
    base_memory_bytes: int | None
    conditions: Conditions
    valid: bool
    reasons: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    processes: int = 1
    accuracy: DeviceAccuracy | None = None
    accelerator: str | None = None
    download_ms: float | None = None
    read_ms: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; the key ``schema`` comes first."""
        document = asdict(self)
        return {"schema": SCHEMA, **document, "reasons": list(self.reasons), "versions": dict(self.versions)}

    @classmethod
    def from_dict(cls, document: object, source: str = "the result") -> BenchmarkResult:
        """Reads what :meth:`to_dict` gives, or gave in an older version: unknown fields are ignored,
        and one with a default may be missing.

        Args:
            document: the parsed JSON.
            source: the name of the file, for the error's sentence.

        Raises:
            DataError: it is no benchmark result, incomplete, or of a newer schema.
        """
        try:
            return cls._read(document)
        except (KeyError, TypeError, ValueError) as error:
            what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            raise DataError(
                f"{source} is not a benchmark result ({what}). Measure again with: edgekit bench"
            ) from error

    @classmethod
    def _read(cls, document: Any) -> BenchmarkResult:
        if not isinstance(document, dict):
            raise TypeError("the document is no object")
        if document["schema"] > SCHEMA:
            raise ValueError(f"schema {document['schema']}, this EdgeKit reads up to {SCHEMA}; upgrade it")
        known = _known_fields(cls, document)
        parts = {
            "device": Device,
            "engine": EngineInfo,
            "protocol": LatencyProtocol,
            "latency": LatencyStats,
        }
        built = {name: kind(**_known_fields(kind, known[name])) for name, kind in parts.items() if name in known}
        built["conditions"] = Conditions.from_dict(known["conditions"])
        if known.get("accuracy") is not None:
            built["accuracy"] = DeviceAccuracy(**_known_fields(DeviceAccuracy, known["accuracy"]))
        return cls(**{**known, **built, "reasons": tuple(known["reasons"])})


def _known_fields(kind: Any, document: Any) -> dict[str, Any]:
    """What a document says about a dataclass; KeyError for a missing field that has no default."""
    if not isinstance(document, dict):
        raise TypeError(f"{kind.__name__} is no object")
    return {
        part.name: document[part.name]
        for part in fields(kind)
        if part.name in document or (part.default is MISSING and part.default_factory is MISSING)
    }
