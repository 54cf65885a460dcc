"""The files around the models of a composition: whether an export may write them, and how it does.

The manifest lists them with their digests as they were exported. What somebody has changed or removed since is told
from what an export may replace by the rule of Debian's packages for configuration files: it stays so where the last
export and this one have the same, and is asked about where they differ.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from pathlib import Path

from edgekit.api.composition import Content, Plan, read_older
from edgekit.digest import MANIFEST_NAME, sha256_of
from edgekit.errors import ModelFileError, OutputError, SpecError
from edgekit.files import atomic_write, remove
from edgekit.manifest import Manifest
from edgekit.progress import Progress


def check_files(folder: Path, name: str, plan: Plan | None, *, force: bool) -> None:
    """Refuses to write over files that no export wrote, or that somebody has changed since, or out of the folder.

    Args:
        folder: the export folder; may be missing.
        name: of the model.
        plan: of what is to be written into it; ``None`` for artifacts.
        force: changed files may be replaced; those that no export wrote never are.

    Raises:
        OutputError: it does.
    """
    if plan is None:
        return
    around = _Around(folder, name, plan)
    noun, conflicts = plan.kind.noun, around.conflicts()
    if outside := around.outside():
        raise OutputError(
            f"{outside} is a link that leads out of {folder}, and the {noun} would be written there. Choose a folder "
            "of its own with -o."
        )
    foreign = [path for path in conflicts if path not in around.before]
    if foreign:
        _check_manifest(folder)
        raise OutputError(
            f"{folder} has a {foreign[0]} that no export wrote, and the {noun} would replace it. Choose a folder of "
            "its own with -o."
        )
    if conflicts and not force:
        raise OutputError(
            f"Changed by hand since the last export, and other in this {noun}: {', '.join(conflicts)}. Pass --force "
            "(in Python: force=True) to have them as in this one, or choose another folder with -o."
        )


def _check_manifest(folder: Path) -> None:
    """Refuses a manifest that says nothing of whose the files are, as that of a newer EdgeKit."""
    try:
        Manifest.read(folder)
    except (ModelFileError, SpecError) as error:
        if os.path.lexists(folder / MANIFEST_NAME):
            raise OutputError(
                f"{error} Only the manifest tells which files of {folder} an export may replace. Choose another folder "
                "with -o."
            ) from error


def publish_around(folder: Path, manifest: Manifest, plan: Plan, progress: Progress) -> Manifest:
    """Puts the files around the models of a folder, and removes what an older export had and this one has not.

    Each file is written whole. One that somebody has changed or removed stays so, unless this export has another one
    than the last; :func:`check_files` has asked for ``force`` then.

    Args:
        folder: its models lie there already.
        manifest: of these models.
        plan: of what comes around them.
        progress: told what changed files were replaced.

    Returns:
        The manifest with the lists of what lies around them, to be written.

    Raises:
        OutputError: the disk is full, or nothing can be written there.
    """
    around = _Around(folder, manifest.name, plan)
    if removed := around.removed():
        more = f" and {len(removed) - 3} more" if len(removed) > 3 else ""
        progress.say(f"Removed by hand since the last export, and not written again: {', '.join(removed[:3])}{more}.")
    if lost := around.conflicts():
        progress.warn(f"Replaced, though changed by hand since the last export: {', '.join(lost)}.")
    listed = []
    for path, content in around.files.items():
        digest, size = around.digest(path), content.stat().st_size if isinstance(content, Path) else len(content)
        if not around.is_kept(path):
            _write(content, folder / path)
        listed.append({"path": path, "bytes": size, "sha256": digest})
    for path in around.before.keys() - around.files.keys():
        # No export wrote a folder, or a name that is too long, whatever the manifest says.
        if os.path.lexists(folder / path) and not (folder / path).is_dir():
            remove(folder / path)
    lists = {**plan.kind.describe(folder, manifest.artifacts), plan.kind.files_list: listed}
    return dataclasses.replace(manifest, around=lists)


class _Around:
    """The files around models: as they are, as the last export wrote them, and as this one would."""

    def __init__(self, folder: Path, name: str, plan: Plan) -> None:
        older = read_older(folder)
        listed = (older.around or {}).get(plan.kind.files_list, ()) if older is not None else ()
        self.files = plan.kind.files(plan.template, name)
        self.before: dict[str, str | None] = {file["path"]: file.get("sha256") for file in listed}
        self._folder, self._editable, self._models = folder, plan.kind.editable, plan.kind.models

    def digest(self, path: str) -> str | None:
        """SHA-256 (hex) of what this export has at a path; ``None`` for nothing."""
        content = self.files.get(path)
        if content is None:
            return None
        return sha256_of(content).hex() if isinstance(content, Path) else hashlib.sha256(content).hexdigest()

    def conflicts(self) -> list[str]:
        """What would be lost: changed, or written by somebody else, and neither kept nor the same in this export."""
        return [path for path in {**self.before, **self.files} if self._is_changed(path) and not self.is_kept(path)]

    def is_kept(self, path: str) -> bool:
        """Whether somebody has changed or removed what is the same in the last export and in this one."""
        return path in self.files and self._is_changed(path) and self.before.get(path) == self.digest(path)

    def removed(self) -> list[str]:
        """What somebody has removed, and this export would have as the last one had it."""
        return [path for path in self.files if self.is_kept(path) and not os.path.lexists(self._folder / path)]

    def outside(self) -> Path | None:
        """A folder that a link has taken out of the export folder, among those that are written to."""
        home = Path(os.path.realpath(self._folder))
        for path in (*self.files, f"{self._models}/model"):
            place = (self._folder / path).parent
            if not Path(os.path.realpath(place)).is_relative_to(home):
                return place
        return None

    def _is_changed(self, path: str) -> bool:
        place = self._folder / path
        if path in self.before and not self._editable:
            return False
        if not os.path.lexists(place):
            # What this export has no more may be gone: an export that was broken off has removed it.
            return path in self.before and path in self.files
        return not place.is_file() or sha256_of(place).hex() not in (self.before.get(path), self.digest(path))


def _write(content: Content, place: Path) -> None:
    with atomic_write(place) as temporary:
        if isinstance(content, Path):
            shutil.copyfile(content, temporary)
        else:
            temporary.write_bytes(content)
