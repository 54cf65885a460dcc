"""What a file that others made is taken for, and how that is remembered from one load to the next.

To read labels and normalization out of a foreign file takes longer than to load it, and the modules that do so longer
still. So it is done once for each file: the result lies beside that of its trial.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.errors import SpecError
from edgekit.runtime.pixels import Normalization
from edgekit.runtime.remembered import recall, remember
from edgekit.spec import ModelSpec
from edgekit.version import __version__

RAW_TENSORS = "It is run on raw tensors: "
"""How the assumption about a file begins that is no classifier of photos; its reason follows."""

_KIND = f"read-by-edgekit-{__version__}"
"""Another version may take a file for something else."""


@dataclass(frozen=True)
class Foreign:
    """What a file that others made is taken for.

    Attributes:
        spec: of an image classifier; ``None`` for a model that is run on raw tensors.
        normalization: what pixels go through; ``None`` where they go in as they are.
        assumptions: sentences for a person: why it is taken for that, and what the file does not say.
    """

    spec: ModelSpec | None
    normalization: Normalization | None
    assumptions: tuple[str, ...]


def recall_foreign(digest: str, name: str) -> Foreign | None:
    """What a classifier was taken for before, or ``None`` where that is not known.

    Args:
        digest: SHA-256 (hex) of the file.
        name: its name without suffix: it names a model that has no name of its own.
    """
    known = recall(digest, _KIND)
    if known is None:
        return None
    try:
        if known["name"] != name:
            return None
        normalized = known["normalization"]
        return Foreign(
            ModelSpec.from_dict(known["spec"], name),
            Normalization(*(tuple(map(float, values)) for values in normalized)) if normalized else None,
            tuple(map(str, known["assumptions"])),
        )
    except (SpecError, KeyError, TypeError, ValueError):  # written by something else
        return None


def remember_foreign(digest: str, name: str, foreign: Foreign) -> None:
    """Remembers what a classifier is taken for; arguments as for :func:`recall_foreign`."""
    if foreign.spec is None:
        return
    normalized = foreign.normalization
    remember(
        digest,
        _KIND,
        {
            "name": name,
            "spec": foreign.spec.to_dict(),
            "normalization": [normalized.mean, normalized.std] if normalized else None,
            "assumptions": foreign.assumptions,
        },
    )
