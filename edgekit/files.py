"""Writing results whole: a temporary name in the same folder, then one rename. And where caches lie."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from edgekit.errors import OutputError

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space, or choose another place",
    errno.EDQUOT: "your disk quota is used up. Free some space, or choose another place",
    errno.EROFS: "the file system is read-only. Choose another place",
    errno.EACCES: "permission denied. Choose a folder that you may write to",
    errno.EPERM: "permission denied. Choose a folder that you may write to",
    errno.EFBIG: "it is larger than the file system or a limit of this process allows",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "a folder with this name is in the way",
    errno.ENAMETOOLONG: "the name is too long",
}


def output_error(path: Path, error: OSError) -> OutputError:
    """Says in a sentence why ``path`` could not be written."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return OutputError(f"Cannot write {path}: {reason}.")


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises :class:`OutputError` where ``path`` exists and may not be replaced."""
    if not force and os.path.lexists(path):
        raise OutputError(
            f"{path} exists already. Pass --force (in Python: force=True) to replace it, or choose another output."
        )


def make_directory(path: Path) -> None:
    """``mkdir -p`` with a clear :class:`OutputError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"Cannot write {path}: a file with this name is in the way.") from None
    except OSError as error:
        raise output_error(path, error) from error


def check_writable(path: Path) -> None:
    """Fails now, not after an hour of work, where nothing can be written at ``path``.

    Makes the parent folder if it is missing.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    make_directory(path.parent)
    probe = temporary_beside(path)
    try:
        probe.write_bytes(b"edgekit")
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


def temporary_beside(path: Path) -> Path:
    """A new hidden name in the folder of ``path`` that keeps its suffixes."""
    return path.with_name(f".{os.urandom(4).hex()}.tmp.{path.name}")


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary path (file or folder, as the caller makes it) that becomes ``path``.

    On success what was written replaces ``path`` in one rename; on any exception, Ctrl-C
    included, it is removed and an older ``path`` stays as it was. A folder that is replaced
    is first moved aside, so a kill in between leaves it whole under a ``.old.`` name.

    Raises:
        OutputError: the disk is full, read-only or not permitted.
    """
    target = Path(path)
    make_directory(target.parent)
    temporary = temporary_beside(target)
    try:
        yield temporary
        if temporary.is_dir():
            _replace_directory(temporary, target)
        else:
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
            temporary.replace(target)
    except OSError as error:
        if error.errno in _REASONS and _concerns(error, temporary):
            raise output_error(target, error) from error
        raise
    finally:
        remove(temporary)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes UTF-8 text with :func:`atomic_write`."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        import shutil  # with all its archive formats nothing that loading a model should wait for

        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _concerns(error: OSError, temporary: Path) -> bool:
    """Whether what failed is the writing, and not the reading of some other file in between."""
    if error.filename is None:
        return True
    return isinstance(error.filename, str | os.PathLike) and Path(error.filename).is_relative_to(temporary)


def _replace_directory(temporary: Path, target: Path) -> None:
    if not os.path.lexists(target):
        temporary.rename(target)
        return
    aside = target.with_name(f".old.{os.urandom(4).hex()}.{target.name}")
    try:
        target.rename(aside)
        temporary.rename(target)
    except BaseException:
        if os.path.lexists(aside) and not os.path.lexists(target):
            aside.rename(target)
        raise
    remove(aside)


def cache_directory(chosen: str | os.PathLike[str] | None = None) -> Path:
    """The cache's folder: ``chosen``, ``$EDGEKIT_CACHE``, or ``edgekit`` in the user's cache folder.

    Raises:
        OSError: there is no home folder.
    """
    if chosen is not None:
        return Path(chosen)
    if named := os.environ.get("EDGEKIT_CACHE"):
        return Path(named)
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "edgekit" / "Cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "edgekit"
        shared = os.environ.get("XDG_CACHE_HOME", "")
        # The XDG specification has relative paths ignored.
        return (Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache") / "edgekit"
    except RuntimeError as error:
        raise OSError(f"no home folder ({error})") from error
