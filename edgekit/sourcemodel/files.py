"""Model files and folders, told apart by what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.errors import ModelFileError, UsageError
from edgekit.kerascode import known_names
from edgekit.kerasfile import check_keras_file, load_model, read_keras_version, read_spec_from_keras
from edgekit.modelfile import check_regular
from edgekit.quiet import without_framework_warnings
from edgekit.sourcemodel.base import Graph
from edgekit.sourcemodel.functiongraph import FunctionGraph
from edgekit.sourcemodel.h5file import MAGIC, check_zipped, load_h5, load_with_tf_keras
from edgekit.sourcemodel.kerasgraph import KerasGraph
from edgekit.sourcemodel.options import SourceOptions
from edgekit.sourcemodel.shapes import Shape
from edgekit.spec import ModelSpec

Shapes = Mapping[str | None, Shape]

_TAKEN = "An export starts from a .keras or .h5 file, a SavedModel folder, or in Python a model or a tf.function"

_SUFFIXES = (".keras", ".h5", ".hdf5", ".savedmodel")

_FOREIGN = {
    ".tflite": "an exported model already. Give the model that it was made from",
    ".onnx": "an ONNX model, which EdgeKit writes but does not read. Give the model that it was made from",
    ".mlpackage": "an exported model already. Give the model that it was made from",
    ".mlmodel": "a Core ML model. Give the model that it was made from",
    ".pb": "a frozen graph. Give the SavedModel folder that it was made from",
    ".pt": "a PyTorch file. EdgeKit takes Keras and TensorFlow models",
    ".pth": "a PyTorch file. EdgeKit takes Keras and TensorFlow models",
    ".json": "a model without its weights. Give the .keras or .h5 file, or build the model in Python",
}


def source_stem(path: Path) -> str:
    """What to call the artifacts of a file or folder: its name without the suffix of a model."""
    return path.stem if path.suffix.lower() in _SUFFIXES else path.name


def open_file(path: Path, options: SourceOptions, shapes: Shapes) -> tuple[Graph, ModelSpec | None]:
    """A model from the disk, and EdgeKit's spec where one is inside.

    Raises:
        ModelFileError: no model, damaged, or refused because it could run code.
        UsageError: a kind of file that is no start of an export.
        MissingExtraError: what reads this kind of file is not installed.
    """
    if path.is_dir():
        return _open_folder(path, options, shapes)
    if path.suffix.lower() in _FOREIGN and path.exists():
        raise UsageError(f"{path} is {_FOREIGN[path.suffix.lower()]}.")
    check_regular(path)
    if options.signature is not None:
        raise UsageError(f"signature is for a SavedModel with several; {path} is a file.")
    custom = options.custom_objects
    if _begins_with(path, MAGIC):
        return KerasGraph(load_h5(path, custom), str(path), source_stem(path), shapes), None
    version = read_keras_version(path)
    if version is not None and version.startswith("2"):
        check_keras_file(path, known_names(custom, "tf_keras"))
        check_zipped(path)
        return KerasGraph(load_with_tf_keras(path, version, custom), str(path), source_stem(path), shapes), None
    spec = read_spec_from_keras(path)
    return KerasGraph(load_model(path, custom)[0], str(path), source_stem(path), shapes), spec


def _open_folder(path: Path, options: SourceOptions, shapes: Shapes) -> tuple[Graph, ModelSpec | None]:
    from edgekit.savedmodel import check_saved_model

    if path.suffix == ".mlpackage":
        raise UsageError(f"{path} is {_FOREIGN['.mlpackage']}.")
    if not (path / "saved_model.pb").exists():
        inside = sorted(item.name for item in path.iterdir())
        raise ModelFileError(
            f"{path} is a folder, but no SavedModel (it has no saved_model.pb; it holds "
            f"{', '.join(inside[:5]) or 'nothing'}{', …' if len(inside) > 5 else ''}). {_TAKEN}."
        )
    info = check_saved_model(path)
    loaded, function = _load(path, info.tags, options.signature)
    return FunctionGraph(function, str(path), source_stem(path), shapes, loaded, info.spec), info.spec


def _load(path: Path, tags: tuple[str, ...], wanted: str | None) -> tuple[Any, Any]:
    from edgekit.savedmodel import import_tensorflow

    tf = import_tensorflow("Opening a SavedModel")
    try:
        with without_framework_warnings():
            loaded = tf.saved_model.load(str(path), tags=list(tags))
            signatures = dict(loaded.signatures)
    except Exception as error:  # TensorFlow raises OpError, OSError, ValueError, KeyError, RuntimeError, ...
        reason = str(getattr(error, "message", error)).strip().splitlines()
        raise ModelFileError(
            f"{path} cannot be loaded by TensorFlow {tf.__version__}: {reason[0][:300] if reason else error!r}. Copy "
            "the whole folder again, or save it with this TensorFlow."
        ) from error
    known = ", ".join(signatures) or "none"
    if wanted is not None and wanted not in signatures:
        raise UsageError(f"{path} has no signature {wanted!r}. It has: {known}.")
    name = wanted or ("serving_default" if "serving_default" in signatures else None)
    if name is None and len(signatures) == 1:
        name = next(iter(signatures))
    if name is None:
        raise UsageError(
            f"{path} has the signatures {known}. "
            + (
                "Choose one with --signature NAME."
                if signatures
                else "Save it with signatures={'serving_default': ...}."
            )
        )
    return loaded, signatures[name]


def _begins_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(len(magic)) == magic
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror or error}).") from error
