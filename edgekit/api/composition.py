"""Folders that are more than their artifacts: a page, or a project, around models.

Such a folder is an export folder like any other: its models are proved as all artifacts are, and ``manifest.json``
lists them. See :mod:`edgekit.api.around` for the files around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edgekit.api.android import AndroidProject
from edgekit.api.model import Model
from edgekit.api.site import Site
from edgekit.artifact import ArtifactRequest
from edgekit.converters.base import get_converter
from edgekit.errors import ModelFileError, OutputError, SpecError, UsageError
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.progress import Progress

Content = Path | bytes
"""Of a file: where to copy it from, or itself."""


class Composition(Protocol):
    """What can be asked for like a format, and is models with something around them.

    Attributes:
        word: that asks for it, as in ``browser``.
        noun: what it is ...
        title: ... and whose, for sentences.
        precisions: what it has of each.
        by_default: of these, where nobody names any; what a model cannot have of them is left out.
        models: the folder of its artifacts.
        files_list: the list of its other files in the manifest.
        editable: whether these are to be changed by hand; else all that are listed are replaced.
    """

    word: str
    noun: str
    title: str
    precisions: Mapping[str, tuple[ArtifactRequest, ...]]
    by_default: tuple[str, ...]
    models: str
    files_list: str
    editable: bool

    def find_template(self, progress: Progress) -> Path:
        """The folder that the files around the models come from.

        Raises:
            EdgeKitError: there is none; the message says how to get it.
        """

    def stem(self, name: str) -> str:
        """What the names of a model's files begin with."""

    def files(self, template: Path, name: str) -> dict[str, Content]:
        """All files around the models of a name, by their path, in the order in which they are to be written."""

    def describe(self, folder: Path, entries: Sequence[ManifestEntry]) -> dict[str, Any]:
        """What the manifest lists besides these files."""

    def next_step(self, folder: Path) -> str:
        """What to do with the folder, as a sentence."""


KINDS: tuple[Composition, ...] = (AndroidProject(), Site())


@dataclass(frozen=True)
class Plan:
    """A composition that is asked for.

    Attributes:
        kind: which.
        template: the folder of its files.
        requests: its models.
        by_default: nobody named precisions, so one that the model cannot have is left out.
    """

    kind: Composition
    template: Path
    requests: tuple[ArtifactRequest, ...]
    by_default: bool

    def possible(self, model: Model, *, calibrated: bool, progress: Progress) -> list[ArtifactRequest]:
        """The models that can be made: without calibration photos those of the default that need none."""
        if not self.by_default or (calibrated and len(model.spec.inputs) == 1):
            return list(self.requests)
        kept = [one for one in self.requests if one.precision not in get_converter(one.format).calibrated]
        left_out = ", ".join(str(one) for one in self.requests if one not in kept)
        if len(model.spec.inputs) == 1:
            why, remedy = "There is nothing to calibrate with", ", which --calibration FOLDER would bring"
        else:
            why, remedy = "Models of several inputs are not calibrated", ""
        progress.say(f"{why}: the {self.kind.noun} goes without {left_out}{remedy}.")
        return kept

    def uncalibrated(self) -> str:
        """What can be asked for in place of a precision that has to be calibrated, as in ``browser:fp32``."""
        free = (
            precision
            for precision, requests in self.kind.precisions.items()
            if not any(one.precision in get_converter(one.format).calibrated for one in requests)
        )
        return f"{self.kind.word}:{next(free)}"


def plan_composition(texts: Sequence[str], progress: Progress) -> Plan | None:
    """Reads ``browser`` or ``browser:PRECISION,...``; ``None`` where no composition is asked for.

    Its template is looked for at once, since it may have to be built.

    Raises:
        UsageError: a composition together with other formats, or an unknown precision.
        EdgeKitError: there is no template.
    """
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    asked = [_format_of(word) for word in words]
    kind = next((kind for word in asked for kind in KINDS if kind.word == word), None)
    if kind is None:
        return None
    others = [word for word, format in zip(words, asked, strict=True) if format != kind.word]
    if others:
        raise UsageError(
            f"{kind.word} writes a {kind.noun}, a folder of its own. Export {', '.join(others)} with another command, "
            "into another folder."
        )
    precisions = [word.partition(":")[2].strip() for word in words if ":" in word]
    for precision in precisions:
        if precision not in kind.precisions:
            raise UsageError(f"{kind.word} has no precision {precision!r}. Known: {', '.join(kind.precisions)}.")
    by_default = len(precisions) < len(words)
    wanted = dict.fromkeys([*(kind.by_default if by_default else ()), *precisions])
    requests = tuple(request for precision in wanted for request in kind.precisions[precision])
    return Plan(kind, kind.find_template(progress), requests, by_default and not precisions)


def models_place(folder: Path, name: str, plan: Plan | None) -> tuple[Path, str]:
    """Where an export puts its artifacts, and what their names begin with.

    Args:
        folder: the export folder.
        name: of the model.
        plan: of what lies around them; ``None`` for artifacts alone.
    """
    return (folder, name) if plan is None else (folder / plan.kind.models, plan.kind.stem(name))


def check_mixture(folder: Path, plan: Plan | None) -> None:
    """Refuses to mix a composition with the artifacts of another export.

    Args:
        folder: the export folder; may be missing.
        plan: of what is to be written into it; ``None`` for artifacts.

    Raises:
        OutputError: it does.
    """
    older = read_older(folder)
    if older is None:
        return
    found = next((kind for kind in KINDS if kind.files_list in (older.around or {})), None)
    if plan is not None and found is not plan.kind:
        holds = "holds other exports" if found is None else f"is {found.title}"
        raise OutputError(f"{folder} {holds}. Choose a folder of its own for the {plan.kind.noun} with -o.")
    if plan is None and found is not None:
        raise OutputError(f"{folder} is {found.title}. Export other formats into another folder with -o.")


def read_older(folder: Path) -> Manifest | None:
    """The manifest of an earlier export into a folder; ``None`` where there is none that can be read."""
    try:
        return Manifest.read(folder)
    except (ModelFileError, SpecError):
        return None


def _format_of(word: str) -> str:
    return word.partition(":")[0].strip()
