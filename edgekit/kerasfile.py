"""A ``.keras`` file: what is in it, whether it is safe to open, and EdgeKit's spec inside.

Reading the spec and checking the file need neither Keras nor TensorFlow: a ``.keras`` is a zip
with ``config.json`` (the layers), ``model.weights.h5`` and ``metadata.json``. EdgeKit adds the
member ``edgekit/spec.json``, which Keras ignores.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import warnings
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from edgekit.errors import MissingExtraError, ModelFileError, UsageError, first_line
from edgekit.files import atomic_write
from edgekit.kerascode import find_code, known_names, refusal
from edgekit.modelfile import PAGE_BYTES, check_regular, check_unpacked_size, refuse_web_page
from edgekit.quiet import without_framework_warnings, without_start_up_notes
from edgekit.spec import ModelSpec

SPEC_MEMBER = "edgekit/spec.json"

_CONFIG = "config.json"
_METADATA = "metadata.json"
_WEIGHTS = ("model.weights.h5", "model.weights.json")
_MAX_TEXT = 64 << 20
"""Bytes of a text member after unpacking. The largest Keras application's config has 1 MB; a zip
can announce any size."""

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def read_spec_from_keras(path: str | os.PathLike[str]) -> ModelSpec | None:
    """The spec that EdgeKit put into a ``.keras`` file; ``None`` in one that others made.

    Raises:
        ModelFileError: as for :func:`check_keras_file`.
        SpecError: the spec is broken or newer than this EdgeKit.
    """
    path = Path(path)
    with _open(path) as archive:
        if SPEC_MEMBER not in archive.namelist():
            return None
        return ModelSpec.from_json(_read(archive, SPEC_MEMBER, path), str(path))


def check_keras_file(path: str | os.PathLike[str], known: Collection[str] = ()) -> None:
    """Refuses a file that is no Keras 3 model, or one that could run code when it is opened.

    Nothing of the file is executed, and Keras is not imported.

    Args:
        path: of the file.
        known: names of classes and functions that this program has, see :func:`edgekit.kerascode.find_code`.

    Raises:
        ModelFileError: missing, no zip, a zip of something else, damaged, with a part that unpacks to more than it
            can be, or with a layer that brings or needs code of its own; the message names it.
    """
    path = Path(path)
    with _open(path) as archive:
        names = set(archive.namelist())
        missing = _CONFIG if _CONFIG not in names else "" if names.intersection(_WEIGHTS) else _WEIGHTS[0]
        if missing:
            raise ModelFileError(
                f"{path} is a zip, but not a Keras model (it has no {missing}; it holds {_listing(names)})."
            )
        for member in archive.infolist():
            check_unpacked_size(path, member.filename, member.file_size, member.compress_size)
        config = _read_config(archive, path)
    problem = find_code(config, known)
    if problem:
        raise ModelFileError(refusal(path, problem))


def read_keras_version(path: str | os.PathLike[str]) -> str | None:
    """The version of Keras that wrote a ``.keras`` file, as ``3.15.1``; ``None`` where it does not say.

    Raises:
        ModelFileError: no zip, or damaged.
    """
    path = Path(path)
    with _open(path) as archive:
        if _METADATA not in archive.namelist():
            return None
        try:
            version = json.loads(_read(archive, _METADATA, path)).get("keras_version")
        except (ValueError, AttributeError, RecursionError):
            return None
    return version if isinstance(version, str) else None


def load_model(
    path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None
) -> tuple[Any, ModelSpec | None]:
    """Loads a ``.keras`` file in Keras' safe mode, after :func:`check_keras_file`.

    Args:
        path: of the file.
        custom_objects: classes and functions of the caller, by the names that the file has for them;
            those under ``keras.saving.register_keras_serializable`` are known without.

    Returns:
        The ``keras.Model``, not compiled, and EdgeKit's spec or ``None``.

    Raises:
        ModelFileError: the check fails, or Keras cannot build the model.
        SpecError: the spec inside is broken.
        MissingExtraError: Keras is not installed.
    """
    path = Path(path)
    check_keras_file(path, known_names(custom_objects))
    spec = read_spec_from_keras(path)
    keras = import_keras("Opening a .keras file")
    try:
        with warnings.catch_warnings(), without_framework_warnings():
            warnings.simplefilter("ignore")
            model = keras.saving.load_model(path, dict(custom_objects or {}), compile=False, safe_mode=True)
    except Exception as error:  # Keras raises ValueError, TypeError, KeyError, OSError, h5py's own, ...
        raise ModelFileError(
            f"{path} cannot be loaded by Keras {keras.__version__}: {why_not_built(error)}. Copy it again, or save it "
            "with Keras 3."
        ) from error
    return model, spec


def why_not_built(error: Exception) -> str:
    """What Keras says where it cannot build a model, as a clause without a full stop."""
    if isinstance(error, MemoryError) or "OOM when allocating" in str(error):
        return "its layers need more memory than there is"
    return first_line(error).rstrip(".")


def import_keras(what: str = "Training") -> Any:
    """Keras with its backend, without the backend's start-up notes.

    The variables that quiet TensorFlow are set only where the user has not set them.

    Args:
        what: the work that needs it, for the error's sentence.

    Raises:
        MissingExtraError: Keras or its backend is not installed.
    """
    with without_start_up_notes("keras"):
        return _import_keras(what)


def _import_keras(what: str) -> Any:
    try:
        import keras
    except ImportError as error:
        extra = "train" if (error.name or "").startswith("keras") else "tensorflow"
        raise MissingExtraError(what, extra) from None
    return keras


@contextlib.contextmanager
def _open(path: Path) -> Iterator[zipfile.ZipFile]:
    check_regular(path)
    try:
        with path.open("rb") as handle:
            yield _as_zip(handle, path)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror or error}).") from error


def _as_zip(handle: BinaryIO, path: Path) -> zipfile.ZipFile:
    beginning = handle.read(PAGE_BYTES)
    refuse_web_page(path, beginning)
    magic = beginning[: len(_HDF5_MAGIC)]
    try:
        return zipfile.ZipFile(handle)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error) as error:
        if magic == _HDF5_MAGIC:
            reason = (
                "an HDF5 file of an older Keras, not a .keras file. 'edgekit export' takes it as it is; for all else "
                "load it with the Keras that wrote it and save it as .keras"
            )
        elif not magic:
            reason = "empty. Copy or save it again"
        else:
            reason = f"not a Keras model, or cut short ({first_line(error)}). Copy or save it again"
        raise ModelFileError(f"{path} is {reason}.") from None


def _read_config(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(_read(archive, _CONFIG, path))
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelFileError(f"{path} is a zip, but not a Keras model (its {_CONFIG} describes no model).")
    return config


def _read(archive: zipfile.ZipFile, member: str, path: Path) -> bytes:
    size = archive.getinfo(member).file_size
    if size > _MAX_TEXT:
        raise ModelFileError(f"{path} is not a Keras model of EdgeKit: its {member} has {size:,} bytes.")
    try:
        return archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise ModelFileError(f"{path} is damaged: {member} cannot be unpacked ({first_line(error)}).") from error
    except Exception as error:  # zlib.error and lzma.LZMAError have no common base
        raise ModelFileError(f"{path} is damaged: {member} cannot be unpacked ({first_line(error)}).") from error


def _listing(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return (shown + (", …" if len(names) > 3 else "")) if names else "nothing"


def save_model(keras_model: Any, spec: ModelSpec, path: str | os.PathLike[str]) -> None:
    """Writes a standard ``.keras`` file with one member more, whole or not at all.

    Args:
        keras_model: a ``keras.Model``.
        spec: what it takes and answers.
        path: ends in ``.keras``.

    Raises:
        UsageError: another suffix.
        OutputError: the disk is full, read-only or not permitted.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise UsageError(f"A trained model is a .keras file. Got: {path}. Use: {path.with_suffix('.keras')}")
    with atomic_write(path) as temporary:
        keras_model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(SPEC_MEMBER, spec.to_json(indent=2))
