"""``--to android``: a project for Android Studio, with an app, the library that it uses, and models that they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.android.naming import NAMED
from edgekit.android.template import MODELS, project_files
from edgekit.artifact import ArtifactRequest
from edgekit.bundle import find_built, how_to_get
from edgekit.errors import EdgeKitError
from edgekit.manifest import ManifestEntry
from edgekit.progress import Progress
from edgekit.web.contents import file_stem


class AndroidProject:
    """See :class:`~edgekit.api.composition.Composition`."""

    word = "android"
    noun = "project"
    title = "a project for Android Studio"
    precisions: Mapping[str, tuple[ArtifactRequest, ...]] = {
        precision: (ArtifactRequest("tflite", precision),) for precision in ("fp32", "fp16", "int8")
    }
    by_default: tuple[str, ...] = ("fp32", "int8")
    models = MODELS
    files_list = "project"
    editable = True

    def find_template(self, progress: Progress) -> Path:
        """The project without its models.

        Raises:
            EdgeKitError: it is not here, or of another EdgeKit.
        """
        found = find_built("android")
        if found is None:
            raise EdgeKitError(f"The project for Android is not here. {how_to_get('android')}")
        return found

    def stem(self, name: str) -> str:
        """ASCII, which all of Android's tools take for the name of an asset."""
        return file_stem(name)

    def files(self, template: Path, name: str) -> dict[str, Path | bytes]:
        """The project, called as the model is."""
        files: dict[str, Path | bytes] = {path: template / path for path in project_files(template)}
        for path in files.keys() & NAMED.keys():
            files[path] = NAMED[path]((template / path).read_text(encoding="utf-8"), name).encode()
        return files

    def describe(self, folder: Path, entries: Sequence[ManifestEntry]) -> dict[str, Any]:
        """Nothing: the app looks into its assets."""
        return {}

    def next_step(self, folder: Path) -> str:
        """How to bring it to a phone."""
        return f"Open {folder} in Android Studio, or run there: gradle wrapper && ./gradlew installDebug"
