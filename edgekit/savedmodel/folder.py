"""The folder of a SavedModel: what may lie in it, and whether it is as TensorFlow wrote it."""

from __future__ import annotations

from pathlib import Path

from edgekit.errors import ModelFileError
from edgekit.modelfile import read_model_file

GRAPH_FILE = "saved_model.pb"

_FINGERPRINT = "fingerprint.pb"


def check_folder(path: Path) -> None:
    """Refuses what is no folder with a graph, and one with links out of it, pipes or devices.

    Raises:
        ModelFileError: the message says which.
    """
    if path.is_file():
        raise ModelFileError(f"{path} is a file. A SavedModel is the folder around {GRAPH_FILE}.")
    if not path.is_dir():
        raise ModelFileError(f"There is no SavedModel at {path}. Check the path.")
    if not (path / GRAPH_FILE).exists():
        raise ModelFileError(f"{path} is no SavedModel (it has no {GRAPH_FILE}).")
    root = path.resolve()
    for entry in path.rglob("*"):
        if entry.is_symlink() and not lies_in(root, entry):
            raise refused(path, f"{entry.relative_to(path)} is a link that leads out of the folder")
        if not (entry.is_file() or entry.is_dir()):
            raise refused(path, f"{entry.relative_to(path)} is neither a file nor a folder")


def lies_in(root: Path, entry: Path) -> bool:
    """Whether a path, its links followed, is inside a folder (which has none)."""
    try:
        return entry.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a loop of links
        return False


def check_fingerprint(path: Path) -> None:
    """Compares the graph with the fingerprint that TensorFlow 2.11 and later write beside it.

    Variables have checksums of their own, which TensorFlow checks when it reads them.

    Raises:
        ModelFileError: the graph was changed, or damaged, after it was saved.
    """
    if not (path / _FINGERPRINT).exists():
        return
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    stored, found = fingerprint_pb2.FingerprintDef(), fingerprint_pb2.FingerprintDef()
    try:
        stored.ParseFromString(read_model_file(path / _FINGERPRINT))
        found.ParseFromString(fingerprinting.CreateFingerprintDef(str(path)))
    except DecodeError as error:
        raise damaged(path, f"{_FINGERPRINT} cannot be read") from error
    except (fingerprinting.FileNotFoundException, fingerprinting.FingerprintException) as error:
        raise damaged(path, f"{GRAPH_FILE} has no fingerprint") from error
    # What is summed up changed from version to version.
    if stored.version.producer == found.version.producer and stored.saved_model_checksum != found.saved_model_checksum:
        raise ModelFileError(
            f"{path} was changed after it was saved: {GRAPH_FILE} does not fit {_FINGERPRINT}. Copy it again from "
            f"where it came; or remove {_FINGERPRINT} if you changed it yourself."
        )


def refused(path: Path, problem: str) -> ModelFileError:
    """The error for a model that could reach beyond itself."""
    return ModelFileError(f"{path} is refused: {problem}. Export the model without it, from a source that you trust.")


def damaged(path: Path, reason: str) -> ModelFileError:
    """The error for one that cannot be read."""
    return ModelFileError(f"{path} is no readable SavedModel: {reason}. Copy it again from where it came.")
