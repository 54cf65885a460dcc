"""``--to browser``: a site, which is the page with models that a browser runs.

A site is an export folder like any other: its models are proved as all artifacts are, and ``manifest.json`` lists them.
It has the page's own files beside them, and nothing that is not for everybody to see.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.api.model import Model
from edgekit.artifact import ArtifactRequest
from edgekit.converters.base import SITE, get_converter
from edgekit.errors import ModelFileError, OutputError, SpecError, UsageError
from edgekit.files import atomic_write, remove, write_text
from edgekit.manifest import Manifest
from edgekit.progress import Progress
from edgekit.web.contents import MODELS, app_of, describe_site, file_stem, files_in
from edgekit.web.naming import NAMED
from edgekit.web.page import find_page

PRECISIONS = {
    "fp32": (ArtifactRequest("tfjs", "fp32"), ArtifactRequest("tflite", "fp32")),
    "fp16": (ArtifactRequest("tfjs", "fp16"), ArtifactRequest("tflite", "fp16")),
    "int8": (ArtifactRequest("tfjs", "uint8"), ArtifactRequest("tflite", "int8")),
}
"""What a site has of each: one model for each of the two engines of a browser. The first is what the page opens."""

_BY_DEFAULT = ("fp32", "int8")

_NOT_IN_A_SITE = frozenset({"bench.html"})
"""What ``edgekit bench --on browser`` opens: it asks a server for its work, which a static host is not."""


@dataclass(frozen=True)
class SitePlan:
    """A site that is asked for.

    Attributes:
        page: the folder of the built page.
        requests: its models.
        by_default: nobody named precisions, so one that the model cannot have is left out.
    """

    page: Path
    requests: tuple[ArtifactRequest, ...]
    by_default: bool

    def possible(self, model: Model, *, calibrated: bool, progress: Progress) -> list[ArtifactRequest]:
        """The models that can be made: without calibration photos those of the default that need none."""
        if not self.by_default or (calibrated and len(model.spec.inputs) == 1):
            return list(self.requests)
        kept = [one for one in self.requests if one.precision not in get_converter(one.format).calibrated]
        left_out = [str(one) for one in self.requests if one not in kept]
        progress.say(f"There is nothing to calibrate with: the site goes without {', '.join(left_out)}.")
        return kept


def plan_site(texts: Sequence[str], progress: Progress) -> SitePlan | None:
    """Reads ``browser`` or ``browser:PRECISION,...``; ``None`` where no site is asked for.

    The page is looked for at once, since it may have to be built.

    Raises:
        UsageError: a site together with other formats, or an unknown precision.
        EdgeKitError: there is no page; see :func:`edgekit.web.page.find_page`.
    """
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    chosen = [word.partition(":") for word in words if word.partition(":")[0].strip() == SITE]
    if not chosen:
        return None
    others = [word for word in words if word.partition(":")[0].strip() != SITE]
    if others:
        raise UsageError(
            f"{SITE} writes a site, a folder of its own. Export {', '.join(others)} with another command, into another "
            "folder."
        )
    precisions = [precision.strip() for _, colon, precision in chosen if colon]
    for precision in precisions:
        if precision not in PRECISIONS:
            raise UsageError(f"{SITE} has no precision {precision!r}. Known: {', '.join(PRECISIONS)}.")
    by_default = len(precisions) < len(chosen)
    wanted = dict.fromkeys([*(_BY_DEFAULT if by_default else ()), *precisions])
    requests = tuple(request for precision in wanted for request in PRECISIONS[precision])
    return SitePlan(find_page(progress), requests, by_default and not precisions)


def models_place(folder: Path, name: str, site: SitePlan | None) -> tuple[Path, str]:
    """Where an export puts its artifacts, and what their names begin with.

    Args:
        folder: the export folder.
        name: of the model.
        site: that is written; ``None`` for another export.
    """
    return (folder, name) if site is None else (folder / MODELS, file_stem(name))


def check_site(folder: Path, site: SitePlan | None) -> None:
    """Refuses to mix a site with the artifacts of another export, and to write over files that no export wrote.

    Args:
        folder: the export folder; may be missing.
        site: that is to be written into it; ``None`` for artifacts.

    Raises:
        OutputError: it does.
    """
    try:
        older: Manifest | None = Manifest.read(folder)
    except (ModelFileError, SpecError):
        older = None
    if site is None:
        if older is not None and older.site is not None:
            raise OutputError(f"{folder} is a site for browsers. Export other formats into another folder with -o.")
        return
    if older is not None and older.site is None:
        raise OutputError(f"{folder} holds other exports. Choose a folder of its own for the site with -o.")
    known = app_of(older) if older is not None else ()
    theirs = [path for path in _app_in(site.page) if path not in known and os.path.lexists(folder / path)]
    if theirs:
        raise OutputError(
            f"{folder} has a {theirs[0]} that no export wrote, and the site would replace it. Choose a folder of its "
            "own with -o."
        )


def publish_site(folder: Path, manifest: Manifest, page: Path) -> Manifest:
    """Puts the page around the models of a folder, and removes what an older page had and this one has not.

    The page is called as the model is. Each file is written whole, and the ones that others ask for last: whoever loads
    the site meanwhile gets the old page or the new one.

    Args:
        folder: the site; its models lie there already.
        manifest: of these models.
        page: the folder of the built page.

    Returns:
        The manifest with what the page reads, to be written.

    Raises:
        OutputError: the disk is full, or nothing can be written there.
    """
    app = _app_in(page)
    for path in sorted(app, key=lambda one: one.count("/"), reverse=True):
        if path in NAMED:
            write_text(folder / path, NAMED[path]((page / path).read_text(encoding="utf-8"), manifest.name))
            continue
        with atomic_write(folder / path) as temporary:
            shutil.copyfile(page / path, temporary)
    try:
        before = app_of(Manifest.read(folder))
    except (ModelFileError, SpecError):
        before = ()
    for path in set(before) - set(app):
        remove(folder / path)
    return dataclasses.replace(manifest, site=describe_site(folder, manifest.artifacts, app))


def _app_in(page: Path) -> list[str]:
    """The files of the page that a site has."""
    return [path for path in files_in(page) if path not in _NOT_IN_A_SITE]
