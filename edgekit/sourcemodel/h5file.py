"""Keras models in one HDF5 file (``.h5``): of Keras 2, through ``tf_keras``, and of Keras 3.

Everything that decides is read with h5py, before any Keras sees the file.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import ModelFileError, first_line
from edgekit.extras import require
from edgekit.kerascode import find_code, known_names, refusal
from edgekit.kerasfile import import_keras, why_not_built
from edgekit.modelfile import check_regular, check_unpacked_size
from edgekit.quiet import without_framework_warnings
from edgekit.sourcemodel.nodes import find_dead_end

ZIPPED_WEIGHTS = "model.weights.h5"

_DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises; ``TypeError`` for a kind of link that it does not know."""

MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class H5Model:
    """What an ``.h5`` says about itself: the version of Keras that wrote it, and the model's configuration."""

    version: str
    config: Any


def check_h5(path: Path, known: Mapping[str, Any] | None = None) -> H5Model:
    """Refuses a file that holds no model, or one that could run code or read other files.

    Needs h5py, which comes with Keras; nothing of the file is executed.

    Args:
        path: of the file.
        known: classes and functions of the caller that it may name.

    Raises:
        ModelFileError: missing, damaged, weights alone, or refused; the message says which.
    """
    require("Opening an .h5 file", "h5py", "train")
    import h5py

    check_regular(path)
    try:
        with h5py.File(path, "r") as file:
            config, version = _text(file, "model_config"), _text(file, "keras_version") or "2"
            found = _survey(h5py, file)  # before anything else of it is opened
            groups = sorted(file)
    except _DAMAGED as error:
        raise ModelFileError(f"{path} is damaged or no HDF5 file ({first_line(error)}). Copy it again.") from error
    if found.outside is not None:
        raise _outside(path, found.outside)
    check_unpacked_size(path, "weights", found.size, path.stat().st_size)
    if config is None:
        inside = "layer_names" if "layer_names" in groups else ", ".join(groups[:3]) or "nothing"
        raise ModelFileError(
            f"{path} has weights but no model (it has no model_config; it holds {inside}). Build the model in Python, "
            "call load_weights, and give the model itself: edgekit.export(model); or save it as .keras."
        )
    try:
        parsed = json.loads(config)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: its model_config is no JSON. Copy it again.") from error
    problem = find_code(parsed, known_names(known, "keras" if version.startswith("3") else "tf_keras"))
    if problem:
        raise ModelFileError(refusal(path, problem))
    if not version.startswith("3"):
        check_nodes(path, parsed)
    return H5Model(version, parsed)


def check_nodes(path: Path, config: object) -> None:
    """Refuses the configuration of a Keras 2 model whose layers cannot be put together; Keras 3 sees to that itself.

    Raises:
        ModelFileError: the message names a layer.
    """
    if dead_end := find_dead_end(config):
        raise ModelFileError(f"{path} is no model that can be built: {dead_end}. Copy it again.")


def check_zipped(path: Path) -> None:
    """Refuses a ``.keras`` of Keras 2 with weights in other files, or layers that cannot be put together.

    Keras 3 sees to both itself.

    Args:
        path: of a file that :func:`edgekit.kerasfile.check_keras_file` has passed.

    Raises:
        ModelFileError: they do, or are damaged.
    """
    require("Opening a .keras file", "h5py", "train")
    import h5py

    found = None
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile() as copy:
            check_nodes(path, json.loads(archive.read("config.json")))  # found sound by check_keras_file
            if ZIPPED_WEIGHTS in archive.namelist():
                with archive.open(ZIPPED_WEIGHTS) as member:
                    shutil.copyfileobj(member, copy, 1 << 20)  # HDF5 reads here and there, which a zip is slow at
                with h5py.File(copy, "r") as file:
                    found = _survey(h5py, file)
                    stored = copy.seek(0, os.SEEK_END)
    except (*_DAMAGED, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise ModelFileError(
            f"{path} is damaged: its {ZIPPED_WEIGHTS} cannot be read ({first_line(error)}). Copy it again."
        ) from error
    if found is None:
        return
    if found.outside is not None:
        raise _outside(path, f"{ZIPPED_WEIGHTS}:{found.outside}")
    check_unpacked_size(path, ZIPPED_WEIGHTS, found.size, stored)


def load_h5(path: Path, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Loads the model with the Keras that wrote it, after :func:`check_h5`.

    Raises:
        ModelFileError: it is refused, or Keras cannot build it.
        MissingExtraError: the file is of Keras 2, and ``tf_keras`` is not installed.
    """
    found = check_h5(path, custom_objects)
    if not found.version.startswith("3"):
        return load_with_tf_keras(path, found.version, custom_objects)
    keras = import_keras("Opening an .h5 file")
    with _as_sentence(path, f"Keras {keras.__version__}"):
        return keras.saving.load_model(path, dict(custom_objects or {}), compile=False)


def load_with_tf_keras(path: Path, version: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Loads a checked file of Keras 2: an ``.h5`` or a ``.keras``.

    Raises:
        ModelFileError: it cannot be built.
        MissingExtraError: ``tf_keras`` is not installed.
    """
    require(f"Opening a model of Keras {version}", "tf_keras", "legacy")
    import_keras("Opening a model of Keras 2")  # starts TensorFlow without its notes
    import tf_keras

    with _as_sentence(path, f"tf_keras {tf_keras.__version__}"):
        return tf_keras.models.load_model(path, dict(custom_objects or {}), compile=False)


@contextlib.contextmanager
def _as_sentence(path: Path, reader: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings(), without_framework_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # Keras raises ValueError, TypeError, KeyError, OSError, h5py's own, ...
        reason = why_not_built(error)
        advice = "Copy it again, or load it where it was trained and save it as .keras"
        if "Unknown layer" in reason or "Could not locate" in reason or "Unknown object" in reason:
            advice = "Name the Python file that has this class with --custom FILE.py (in Python: custom_objects={...})"
        raise ModelFileError(f"{path} cannot be loaded by {reader}: {reason}. {advice}.") from error


def _text(file: Any, name: str) -> str | None:
    value = file.attrs.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _outside(path: Path, part: str) -> ModelFileError:
    return ModelFileError(f"{path} is refused: its part {part!r} lies in another file. Save the model again.")


@dataclass(frozen=True)
class _Contents:
    """What is in a file of weights: a link or data set whose contents lie in another, and all bytes in memory."""

    outside: str | None
    size: int


def _survey(h5py: Any, file: Any) -> _Contents:
    """Looks at everything in a file without reading any contents.

    Contents in other files are what a weight file has no use for. Soft links are not followed: what they name in
    the file has a hard link, too, and one that leads through another file leads through an external link. Hard
    links can go round in circles. A data set may be announced with any shape and hold nothing.
    """
    waiting, size = [file], 0
    seen = {h5py.h5o.get_info(file.id).addr}
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                return _Contents(f"{group.name.rstrip('/')}/{name}", size)
            if not isinstance(link, h5py.HardLink):
                continue
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            if isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    return _Contents(item.name, size)
                size += math.prod(item.shape or ()) * item.dtype.itemsize
            elif isinstance(item, h5py.Group):
                waiting.append(item)
    return _Contents(None, size)
