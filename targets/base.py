"""What a target is: a device that describes itself, measures an artifact and runs it on photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.measure.answers_worker import PhotoAnswers
from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.worker import Measurement
from edgekit.progress import Progress


class Target(Protocol):
    """One device. It may be used by one thread at a time, and is closed at the end."""

    def describe(self) -> Device:
        """What the device is.

        Raises:
            TargetError: it cannot be reached.
        """

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """Measures one artifact on the device, in a process of its own there.

        Args:
            path: of the artifact, on this machine.
            protocol: how often to run it.
            threads: for the engine; ``None`` for its default.

        Raises:
            TargetError: the device cannot be reached, or cannot run the artifact.
            ModelFileError: there is no such artifact.
        """

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """What a classifier of photos answers on the device.

        Args:
            path: of the artifact, on this machine.
            pixels: (n, h, w, c) prepared photos of the model's size.
            threads: for the engine; ``None`` for its default.

        Raises:
            TargetError: the device cannot be reached, or cannot run the artifact.
            ModelFileError: there is no such artifact.
        """

    def close(self) -> None:
        """Ends what runs on the device, also from another thread, whose call then fails. A second call does nothing."""


@runtime_checkable
class ManyEngines(Protocol):
    """A target with several engines, of which the user named none: each that works makes a row of its own."""

    def views(self, path: Path) -> Mapping[str, Target]:
        """A target for each engine that works there and takes the artifact, by the name to show; in a fixed order.

        Raises:
            TargetError: the device cannot be reached.
        """


@dataclass(frozen=True)
class Limits:
    """What a target knows of itself before anything is opened or started for it.

    Attributes:
        suffixes: of the artifacts that it runs.
        threads: why nobody chooses their number, and what to do, in sentences; ``None`` where they may.
    """

    suffixes: tuple[str, ...]
    threads: str | None = None

    def check_threads(self, threads: int | None) -> None:
        """Raises :class:`UsageError` where a number was chosen."""
        if threads is not None and self.threads is not None:
            raise UsageError(self.threads)

    def runs(self, path: Path) -> bool:
        """Whether it runs files of this form."""
        return path.suffix.lower() in self.suffixes


@runtime_checkable
class Limited(Protocol):
    """A target that tells its limits beforehand."""

    @property
    def limits(self) -> Limits: ...


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
        variants: what may stand after a colon; ``None`` where the factory checks it.
        address: what must stand after an ``@``, in words; ``None`` for a target without address.
        factory: makes the target of a checked request; it is told what takes long.
        here: whether it may also stand without an address, for this machine.
    """

    name: str
    variants: tuple[str, ...] | None
    address: str | None
    factory: Callable[[TargetRequest, Progress], Target]
    here: bool = False

    def check(self, request: TargetRequest) -> None:
        """Raises :class:`UsageError` where the request does not fit this kind."""
        if request.variant and self.variants is not None and request.variant not in self.variants:
            known = f"Known: {', '.join(self.variants)}." if self.variants else f"Just write {self.name}."
            raise UsageError(f"The target {self.name!r} has no variant {request.variant!r}. {known}")
        if request.address and self.address is None:
            raise UsageError(f"The target {self.name!r} takes no address. Got: {request.address!r}.")
        if self.address and not request.address and not self.here:
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
