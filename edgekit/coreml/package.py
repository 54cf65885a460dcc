"""Reading a Core ML package (``.mlpackage``), and checking it before anything else reads it.

coremltools loads a model's weights from the offsets that the model names, in native code. So all of
them are looked up first: a package that is truncated, tampered with or foreign ends in a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.coreml.blobs import Blob, BlobFile
from edgekit.coreml.manifest import read_layout
from edgekit.coreml.tools import import_coremltools
from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.modelfile import read_model_file
from edgekit.spec import ModelSpec

SPEC_KEY = "edgekit.spec"
"""In the user-defined metadata: the whole spec as JSON."""

_MODEL_PATH = "@model_path/"


@dataclass(frozen=True)
class Constant:
    """A stored tensor of the program; texts do not count.

    Attributes:
        name: of the op that gives it.
        op: ``const`` or ``constexpr_...``.
        argument: which of the op's values it is: ``val``, ``quantized_data``, ``indices``, ``lut``, ...
        dtype: as it is stored, ``float16``, ``int8``, ``uint4``, ...
        shape: as it is stored; indices of iOS16 (``constexpr_lut_to_dense``) are bytes, in one dimension.
        size_bytes: in the file of weights; 0 for one that stands in the model itself.
    """

    name: str
    op: str
    argument: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Package:
    """A checked package.

    Attributes:
        path: of its folder.
        model_file: the model in it.
        weights: the folder of its weights; ``None`` where it has none.
        model: coremltools' ``Model_pb2.Model``, an ML program.
        spec: EdgeKit's own, ``None`` in a foreign model.
        metadata: author, license, versionString and shortDescription, and what is user-defined.
        constants: all stored tensors.
    """

    path: Path
    model_file: Path
    weights: Path | None
    model: Any
    spec: ModelSpec | None
    metadata: Mapping[str, str]
    constants: tuple[Constant, ...]


def read_package(path: Path) -> Package:
    """Reads a package and checks that all it refers to is in it.

    Raises:
        ModelFileError: missing, no package, truncated, or with paths or offsets out of it.
        UnsupportedModelError: a model of another kind than an ML program.
        SpecError: EdgeKit's spec in it is broken or newer.
        MissingExtraError: coremltools is not installed.
    """
    layout = read_layout(path)
    data = read_model_file(layout.model)
    import_coremltools("Reading a Core ML package")
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError, which upb and Python raise from different modules
        raise _broken(path, f"{layout.model.name} is no Core ML model") from error
    kind = model.WhichOneof("Type")
    if kind is None:
        raise _broken(path, f"{layout.model.name} is no Core ML model")
    if kind != "mlProgram":
        raise UnsupportedModelError(f"{path} is a Core ML model of the kind {kind}; only ML programs are read here.")
    metadata = _metadata(model)
    text = metadata.pop(SPEC_KEY, None)
    spec = None if text is None else ModelSpec.from_json(text, str(path))
    constants = tuple(_Reader(path, layout.weights).constants(model.mlProgram))
    return Package(path, layout.model, layout.weights, model, spec, metadata, constants)


def all_operations(program: Any) -> Iterator[Any]:
    """Every op of a MIL ``Program``, those in the blocks of loops and conditions included."""
    for function in program.functions.values():
        for block in function.block_specializations.values():
            yield from _block_operations(block)


def _block_operations(block: Any) -> Iterator[Any]:
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _block_operations(inner)


def _metadata(model: Any) -> dict[str, str]:
    stored = model.description.metadata
    texts = {
        name: getattr(stored, name)
        for name in ("author", "license", "versionString", "shortDescription")
        if getattr(stored, name)
    }
    return {**texts, **dict(stored.userDefined)}


class _Reader:
    """Looks up the stored tensors of one package."""

    def __init__(self, path: Path, weights: Path | None) -> None:
        self._path = path
        self._weights = weights
        self._files: dict[str, BlobFile] = {}

    def constants(self, program: Any) -> Iterator[Constant]:
        from coremltools.proto import MIL_pb2

        for operation in all_operations(program):
            name = operation.outputs[0].name if operation.outputs else operation.type
            for argument, value in _values(operation):
                tensor = value.type.tensorType
                if tensor.dataType not in MIL_pb2.DataType.values():
                    raise _broken(self._path, f"{name} has numbers of an unknown type")
                dtype = MIL_pb2.DataType.Name(tensor.dataType).lower()
                if value.type.WhichOneof("type") != "tensorType" or dtype == "string":
                    continue
                shape = tuple(int(dimension.constant.size) for dimension in tensor.dimensions)
                size = 0
                if value.WhichOneof("value") == "blobFileValue":
                    blob = self._find(value.blobFileValue)
                    if blob.dtype != dtype or not blob.holds(math.prod(shape)):
                        raise _broken(self._path, f"the weights of {name} are not of the size that the model says")
                    size = blob.size_bytes
                yield Constant(name, operation.type, argument, dtype, shape, size)

    def _find(self, reference: Any) -> Blob:
        name = reference.fileName.removeprefix(_MODEL_PATH)
        folder, _, file = name.rpartition("/")
        if self._weights is None or folder != self._weights.name or file in ("", ".", ".."):
            raise ModelFileError(f"{self._path} refers to weights at {reference.fileName!r}, which it does not have.")
        try:
            if name not in self._files:
                self._files[name] = self._open(self._weights / file)
            return self._files[name].find(reference.offset)
        except ValueError as error:
            raise _broken(self._path, f"{name} {error}") from error
        except OSError as error:
            raise _broken(self._path, f"{name} cannot be read: {error.strerror or error}") from error

    def _open(self, path: Path) -> BlobFile:
        place = f"{path.parent.name}/{path.name}"
        if path.is_symlink():
            raise ModelFileError(
                f"{self._path} is refused: its {place} is a symbolic link, which may lead out of the package. Put the "
                "file itself there."
            )
        if not path.is_file():
            raise _broken(self._path, f"{place} is missing")
        return BlobFile(path)


def _values(operation: Any) -> Iterator[tuple[str, Any]]:
    yield from operation.attributes.items()
    for name, argument in operation.inputs.items():
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "value":
                yield name, binding.value


def _broken(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is not a whole Core ML package ({reason}). Export the model again.")
