"""``--to browser``: a site, which is the page with models that a browser runs.

It has the page's own files beside them, and nothing that is not for everybody to see. The page is called as the model
is.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.artifact import ArtifactRequest
from edgekit.manifest import ManifestEntry
from edgekit.progress import Progress
from edgekit.web.contents import MODELS, describe_models, file_stem, files_in
from edgekit.web.naming import NAMED
from edgekit.web.page import find_page

_NOT_IN_A_SITE = frozenset({"bench.html"})
"""What ``edgekit bench --on browser`` opens: it asks a server for its work, which a static host is not."""


class Site:
    """See :class:`~edgekit.api.composition.Composition`."""

    word = "browser"
    noun = "site"
    title = "a site for browsers"
    # One model for each of the two engines of a browser. The first is what the page opens.
    precisions: Mapping[str, tuple[ArtifactRequest, ...]] = {
        "fp32": (ArtifactRequest("tfjs", "fp32"), ArtifactRequest("tflite", "fp32")),
        "fp16": (ArtifactRequest("tfjs", "fp16"), ArtifactRequest("tflite", "fp16")),
        "int8": (ArtifactRequest("tfjs", "uint8"), ArtifactRequest("tflite", "int8")),
    }
    by_default: tuple[str, ...] = ("fp32", "int8")
    models = MODELS
    files_list = "app"
    editable = False

    def find_template(self, progress: Progress) -> Path:
        """The folder of the built page, which may have to be built."""
        return find_page(progress)

    def stem(self, name: str) -> str:
        """What needs no encoding in an address."""
        return file_stem(name)

    def files(self, template: Path, name: str) -> dict[str, Path | bytes]:
        """The page; what others ask for is last: whoever loads the site meanwhile gets the old one or the new one."""
        found = sorted(files_in(template), key=lambda path: path.count("/"), reverse=True)
        files: dict[str, Path | bytes] = {path: template / path for path in found if path not in _NOT_IN_A_SITE}
        for path in files.keys() & NAMED.keys():
            files[path] = NAMED[path]((template / path).read_text(encoding="utf-8"), name).encode()
        return files

    def describe(self, folder: Path, entries: Sequence[ManifestEntry]) -> dict[str, Any]:
        """The models, as the page offers them."""
        return {"models": describe_models(folder, entries)}

    def next_step(self, folder: Path) -> str:
        """How to see it."""
        return f"Show it with: edgekit serve {shlex.quote(str(folder))}"
