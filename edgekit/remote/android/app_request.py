"""What an EdgeKit app on a device is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.measure.latency import LatencyProtocol

SCHEMA = 1
"""Of what is asked, and of what is answered."""


@dataclass(frozen=True)
class AppRequest:
    """What the app is asked for.

    Attributes:
        model: an artifact on this machine.
        protocol: how to measure it.
        delegate: ``cpu``, ``gpu``, ``nnapi`` or ``auto``.
        threads: of the interpreter; ``None`` for the app's choice.
        photos: what to answer: a file name on the device, how many photos, their (height, width, channels).
        seconds: how long it may take.
    """

    model: Path
    protocol: LatencyProtocol
    delegate: str
    threads: int | None
    seconds: float
    photos: tuple[str, int, Sequence[int]] | None = None

    def to_dict(self, number: str, model: str) -> dict[str, Any]:
        """As the app reads it."""
        photos = None
        if self.photos is not None:
            file, count, shape = self.photos
            photos = {"file": file, "count": count, "shape": list(shape)}
        return {
            "schema": SCHEMA,
            "id": number,
            "models": [model],
            "protocol": asdict(self.protocol),
            "delegate": self.delegate,
            "threads": self.threads,
            "photos": photos,
        }
