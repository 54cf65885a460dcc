"""Further files that a converter makes of its artifact, once that has been proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.artifact import Check


@dataclass(frozen=True)
class Beside:
    """One of them.

    Attributes:
        file: its name, in the folder of the artifact.
        check: how it was proved.
        error: why it is not there, as a sentence, or ``None``.
    """

    file: str
    check: Check
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"file": self.file, "check": self.check.to_dict(), "error": self.error}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Beside:
        """Reads what :meth:`to_dict` gives."""
        return cls(document["file"], Check.from_dict(document["check"]), document["error"])
