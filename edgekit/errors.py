"""The errors that EdgeKit raises on purpose.

Each message names the thing, the reason and the next step, so that it can be shown to a person as
it is. The command line prints the message and exits with :attr:`EdgeKitError.exit_code`; anything
that is not an :class:`EdgeKitError` is a defect of EdgeKit.
"""

from functools import cache


def install_command(extra: str) -> str:
    """How to get an extra. EdgeKit is in no package index: the name there is somebody else's."""
    if _of_wheels():
        return f"pip install --find-links FOLDER 'edgekit[{extra}]' (FOLDER: where EdgeKit's wheels lie)"
    return f"pip install '.[{extra}]' (in EdgeKit's checkout)"


@cache
def _of_wheels() -> bool:
    """Whether what is installed is of ``make wheels``, whose extras bring further wheels."""
    from importlib import metadata  # what only an error needs

    try:
        wanted = metadata.requires("edgekit") or ()
    except metadata.PackageNotFoundError:
        return False
    return any(requirement.startswith("edgekit-train") for requirement in wanted)


def first_line(error: BaseException | str, limit: int = 300) -> str:
    """The beginning of an error's text: the messages of others can run over pages of numbers."""
    text = str(error).strip() or type(error).__name__
    line = text.splitlines()[0]
    return line if len(line) <= limit else line[: limit - 1] + "…"


class EdgeKitError(Exception):
    """Base of all errors with a message meant for the user."""

    kind = "error"
    exit_code = 1


class UsageError(EdgeKitError):
    """An argument is unknown, contradictory or out of range."""

    kind = "usage"
    exit_code = 2


class DataError(EdgeKitError):
    """A data set is missing, empty, unreadable or mislabelled."""

    kind = "data"


class ImageError(DataError):
    """One image cannot be read; :attr:`reason` says why, without naming the file."""

    kind = "image"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is not a readable image ({reason}).")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type["ImageError"], tuple[str, str]]:
        return type(self), (self.name, self.reason)


class SpecError(EdgeKitError):
    """A model's spec is missing, incomplete or newer than this EdgeKit."""

    kind = "spec"


class ModelFileError(EdgeKitError):
    """A model file is missing, broken, foreign or not allowed."""

    kind = "model-file"


class UnsupportedModelError(ModelFileError):
    """The file is sound, but the engine at hand cannot run it."""

    kind = "unsupported-model"


class NotRunHereError(UnsupportedModelError):
    """The file may well be sound, but nothing on this machine can run all of it, so nobody knows."""

    kind = "not-run-here"


class MissingExtraError(EdgeKitError):
    """A command needs a part of EdgeKit that is not installed."""

    kind = "missing-extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra '{extra}', which is not installed. Install it with: {install_command(extra)}"
        )
        self.what = what
        self.extra = extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        return type(self), (self.what, self.extra)


class OutputError(EdgeKitError):
    """A result cannot be written: it exists already, the disk is full or read-only."""

    kind = "output"


class TrainingError(EdgeKitError):
    """Training cannot start or cannot go on."""

    kind = "training"


class DivergedError(TrainingError):
    """The loss is no number any more; the same training would end there again."""

    kind = "diverged"


class OutOfMemoryError(TrainingError):
    """The device has not enough memory for this batch size."""

    kind = "out-of-memory"


class TrainingStoppedError(TrainingError):
    """Training broke off after at least one epoch; :attr:`model` is the best one until then."""

    kind = "training-stopped"

    def __init__(self, message: str, model: object = None) -> None:
        super().__init__(message)
        self.model = model


class ConversionError(EdgeKitError):
    """A converter failed, or wrote a file that does not keep its promises."""

    kind = "conversion"


class VerificationError(EdgeKitError):
    """An artifact does not agree with the model it was made from."""

    kind = "verification"


class TargetError(EdgeKitError):
    """A device cannot be reached or cannot run the artifact."""

    kind = "target"


class CameraError(EdgeKitError):
    """A camera or a video cannot be opened, stopped sending frames, or is in use."""

    kind = "camera"


class NoCameraError(CameraError):
    """There is no such camera, as far as this way of reading cameras can tell; another way may find it."""

    kind = "no-camera"
