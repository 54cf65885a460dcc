"""Where a training writes, checked before an hour of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.api.model import TRAINING_FILES, training_folder
from edgekit.arguments import check_kind
from edgekit.errors import DivergedError, OutOfMemoryError, OutputError, UsageError
from edgekit.files import check_writable, output_error, refuse_existing, remove, temporary_beside

if TYPE_CHECKING:
    from edgekit.training.result import TrainingResult


@dataclass(frozen=True)
class Output:
    """The files of one training.

    Attributes:
        path: the ``.keras`` file.
    """

    path: Path

    @property
    def unfinished(self) -> Path:
        """The folder that keeps a run until its model is written."""
        return unfinished_folder(self.path)

    def epochs_done(self) -> int:
        """Of a run that could go on."""
        from edgekit.training.checkpoint import unfinished_epochs

        return unfinished_epochs(self.unfinished) or 0

    def keep_unfinished(self, result: TrainingResult) -> bool:
        """Whether the same run could go on once its failure is mended."""
        return result.failure is not None and not isinstance(result.failure, DivergedError | OutOfMemoryError)

    def discard_unfinished(self) -> None:
        """Removes the folder."""
        remove(self.unfinished)


def unfinished_folder(path: Path) -> Path:
    """The folder beside a ``.keras`` file that keeps an interrupted run."""
    return path.with_name(f"{path.stem}.unfinished")


def check_output(output: str | Path | None, sources: Sequence[object], *, force: bool, resume: bool) -> Output | None:
    """Finds what would keep a training from writing its results.

    Args:
        output: the ``.keras`` file, or ``None``.
        sources: what is trained on; the model must not lie among the photos.
        force: whether what exists may be replaced.
        resume: whether an interrupted run goes on.

    Raises:
        UsageError: no name for a ``.keras`` file, or a place among the photos.
        OutputError: something is in the way, or the folder cannot be written to.
    """
    if output is None:
        if resume:
            raise UsageError("An interrupted run is found by its output. Name it, as in: -o flowers.keras --resume")
        return None
    check_kind(output, "output", (str, Path), "the path of the .keras file to write")
    path = Path(output)
    if not path.name:
        raise UsageError("The output needs a name, as in: -o flowers.keras")
    if path.suffix != ".keras":
        raise UsageError(f"A trained model is a .keras file. Got: {path}. Use: {path}.keras")
    _check_name(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Choose another name for the model.")
    _refuse_inside(path, [source for source in sources if isinstance(source, str | Path)])
    where = Output(path)
    _check_unfinished(where, force=force, resume=resume)
    goes_on = resume and where.epochs_done() > 0
    refuse_existing(path, force=force or goes_on)
    _check_training_folder(training_folder(path), replace=force or goes_on or not path.exists())
    check_writable(path)
    return where


def _check_name(path: Path) -> None:
    """Refuses names that cannot be: the longest one that a training writes is the one looked up."""
    if "\0" in str(path):
        raise UsageError(f"A name has no null byte. Got: {str(path)!r}. Choose another output.")
    try:
        temporary_beside(unfinished_folder(path)).lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise output_error(path, error) from error


def _refuse_inside(path: Path, sources: Sequence[str | Path]) -> None:
    """The pictures beside a model that lies among the photos would be a class of the next training."""
    for source in sources:
        folder = Path(source).resolve()
        if path.resolve().is_relative_to(folder) or training_folder(path).resolve() == folder:
            raise UsageError(f"{path} lies among the photos of {source}. Write it elsewhere: -o FOLDER/{path.name}")


def _check_unfinished(where: Output, *, force: bool, resume: bool) -> None:
    from edgekit.training.checkpoint import is_checkpoint_folder

    folder = where.unfinished
    if not folder.exists():
        return
    if not is_checkpoint_folder(folder):
        raise OutputError(f"{folder} is not a folder that a training wrote. Choose another name for the model.")
    if where.epochs_done() and not (resume or force):
        raise OutputError(
            f"{folder} holds a run that was interrupted after {where.epochs_done()} epochs. Pass --resume to go on "
            "with it, or --force to start anew."
        )


def _check_training_folder(folder: Path, *, replace: bool) -> None:
    """A folder without its model is what an interrupted run left; one with other files is not ours."""
    if not folder.exists():
        return
    if not folder.is_dir() or not {file.name for file in folder.iterdir()} <= TRAINING_FILES:
        raise OutputError(f"{folder} is not a folder that a training wrote. Choose another name for the model.")
    refuse_existing(folder, force=replace)
