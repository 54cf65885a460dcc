"""What every kind of source can do, and what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from edgekit.data.dataset import DataOptions
from edgekit.data.records import Listing, PartName
from edgekit.progress import SILENT, Progress


@dataclass(frozen=True)
class Request:
    """What is wanted of a source.

    Attributes:
        part: only this part of a source that is divided, all of another one; every record then belongs
            to it. ``None``: everything.
        elsewhere: parts that come from other sources, so that this one's own are not looked at.
        apart: folders of these, which are no classes where they lie inside of this source.
        known: what labels that are indices mean, in order; ``None`` where nobody has said.
        options: columns, cache, steps.
        progress: told about what takes long.
    """

    part: PartName | None = None
    elsewhere: tuple[PartName, ...] = ()
    apart: tuple[str, ...] = ()
    known: tuple[str, ...] | None = None
    options: DataOptions = field(default_factory=DataOptions)
    progress: Progress = SILENT

    @property
    def undecided(self) -> PartName | None:
        """The part of a photo of which the source does not say it."""
        return self.part or ("train" if "validation" in self.elsewhere else None)


class Source(Protocol):
    """One kind of source. To add one, write a class and register it in ``edgekit/data/sources/__init__.py``."""

    def matches(self, source: Any) -> bool:
        """Whether ``source`` is of this kind; never raises, reads no data."""

    def describe(self, source: Any) -> str:
        """What to call it in messages and in a model's provenance."""

    def name(self, source: Any) -> str | None:
        """A name for a model that is trained on it, or ``None``."""

    def list(self, source: Any, request: Request) -> Listing:
        """All its photos, of all classes, in a fixed order.

        Raises:
            DataError: it cannot be used as it is; the message names the place and the next step.
        """
