"""Why an engine does not run a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What an engine's exception means for the person who has the file.

    Attributes:
        reason: a clause that goes on after "cannot be run: ", without a full stop.
        broken: the file itself is damaged; else it is sound, but not for this engine.
        elsewhere: it is for other hardware, and may well run there.
    """

    reason: str
    broken: bool = False
    elsewhere: bool = False
