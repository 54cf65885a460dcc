"""What a target is: a device that describes itself and measures an artifact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgekit.errors import UsageError
from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkResult


class Target(Protocol):
    """One device."""

    def describe(self) -> Device:
        """What the device is.

        Raises:
            TargetError: it cannot be reached.
        """

    def benchmark(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> BenchmarkResult:
        """Measures one artifact on the device.

        Args:
            path: of the artifact, on this machine.
            protocol: how often to run it.
            threads: for the engine; ``None`` for its default.

        Raises:
            TargetError: the device cannot be reached, or cannot run the artifact.
            ModelFileError: there is no such artifact.
        """


@dataclass(frozen=True)
class TargetRequest:
    """What a user asks for with ``name[:variant][@address]``.

    Attributes:
        name: as in ``local``, ``pi``, ``browser``.
        variant: as in ``litert-wasm``, or ``None``.
        address: where the device is, as in ``pi@raspberrypi.local``, or ``None``.
    """

    name: str
    variant: str | None = None
    address: str | None = None

    def __str__(self) -> str:
        variant = f":{self.variant}" if self.variant else ""
        address = f"@{self.address}" if self.address else ""
        return f"{self.name}{variant}{address}"


@dataclass(frozen=True)
class TargetKind:
    """One kind of device, as it was registered.

    Attributes:
        name: what users ask for.
        variants: what may stand after a colon.
        address: what must stand after an ``@``, in words; ``None`` for a target without address.
        factory: makes the target of a checked request.
    """

    name: str
    variants: tuple[str, ...]
    address: str | None
    factory: Callable[[TargetRequest], Target]

    def check(self, request: TargetRequest) -> None:
        """Raises :class:`UsageError` where the request does not fit this kind."""
        if request.variant and request.variant not in self.variants:
            known = f"Known: {', '.join(self.variants)}." if self.variants else f"Just write {self.name}."
            raise UsageError(f"The target {self.name!r} has no variant {request.variant!r}. {known}")
        if request.address and self.address is None:
            raise UsageError(f"The target {self.name!r} takes no address. Got: {request.address!r}.")
        if self.address and not request.address:
            raise UsageError(f"The target {self.name!r} needs {self.address}, as in {self.name}@ADDRESS.")


def parse_target(text: str) -> TargetRequest:
    """Reads ``name[:variant][@address]``; the address may hold further ``@`` and ``:``.

    Raises:
        UsageError: there is no name, or nothing after a separator.
    """
    left, at, address = text.strip().partition("@")
    name, colon, variant = left.partition(":")
    if not name or (colon and not variant) or (at and not address):
        raise UsageError(f"A target is written name[:variant][@address], as in 'local'. Got: {text!r}.")
    return TargetRequest(name, variant or None, address or None)
