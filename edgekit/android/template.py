"""Which files of ``targets/android`` are an exported project's. Building the wheels asks it, too."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

MODELS = "app/src/main/assets"
"""Where the app looks for its models."""

_MODULES = ("app", "edgekit")
_OF_THE_PROJECT = frozenset(
    {
        ".gitignore",
        "build.gradle.kts",
        "settings.gradle.kts",
        "gradle.properties",
        "gradle/libs.versions.toml",
        "gradle/wrapper/gradle-wrapper.properties",
    }
)
_OF_A_MODULE = (".kts", ".pro", ".md")
_LICENSE = "LICENSE"


def project_files(folder: Path) -> list[str]:
    """The files of the project below a folder, relative to it, sorted.

    Left out are the tests and Maven's files, which are for machines without Android's SDK, and what Gradle and
    Android Studio leave behind.
    """
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if _belongs(PurePosixPath(path)))


def _belongs(path: PurePosixPath) -> bool:
    if str(path) in _OF_THE_PROJECT:
        return True
    module, *rest = path.parts
    if module not in _MODULES or not rest:
        return False
    if len(rest) == 1:
        return path.suffix in _OF_A_MODULE or path.name == _LICENSE
    hidden = any(part.startswith(".") for part in rest)
    return rest[:2] == ["src", "main"] and not hidden and not path.is_relative_to(MODELS)
