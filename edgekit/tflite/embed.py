"""Putting a spec, standard metadata, labels and a digest into a ``.tflite`` file.

The usual way, unpacking a model into objects and packing it again, rewrites every weight and loses
what the schema asks for: Python's packer aligns constant data to 4 bytes, not 16. Here the old bytes
stay as they are. A new root table is written before them that shares everything with the old one but
the list of buffers and the list of metadata::

    [new root, metadata, spec, digest; a multiple of 16 bytes] [the old FlatBuffer] [zip with labels]

Offsets in a FlatBuffer are relative, so the old tables need no change. The old root and the entries
that were replaced are left behind unused: some hundred bytes, and the older spec of a model that had one.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.errors import ModelFileError
from edgekit.spec import ModelSpec, TensorSpec
from edgekit.tflite.archive import append_archive, archive_start
from edgekit.tflite.container import open_flatbuffer
from edgekit.tflite.digest import DIGEST_ENTRY, DIGEST_SIZE, find_digest, sign
from edgekit.tflite.flatbuffer_writer import Blob, Existing, Scalar, String, Table, Tables, Value, serialize
from edgekit.tflite.metadata_schema import METADATA_ENTRY
from edgekit.tflite.metadata_writer import build_metadata, label_files
from edgekit.tflite.model import TFLiteModel, read_model
from edgekit.tflite.schema import FILE_IDENTIFIER, SHARED_FIELDS, BufferField, MetadataField, ModelField
from edgekit.tflite.spec_io import SPEC_ENTRY

_ALIGNMENT = 16
"""``force_align`` of a buffer's data in TFLite's schema."""


def embed(model_bytes: bytes, spec: ModelSpec) -> bytes:
    """The model with ``spec`` inside, in EdgeKit's form and as standard metadata, signed.

    Graph, weights and other metadata entries stay as they are. What an earlier call wrote is replaced,
    and so is foreign standard metadata together with its files.

    Args:
        model_bytes: a ``.tflite`` file.
        spec: what it takes and answers. Its inputs and outputs are matched to the graph's by the names
            in the signature ``serving_default``, else by their order.

    Raises:
        ModelFileError: the model is not sound, larger than 2 GB, or does not have the spec's inputs and outputs.
    """
    model = read_model(model_bytes, spec.name)
    base = model_bytes[: archive_start(model_bytes)]
    _check_movable(model, base)
    inputs, outputs = _in_graph_order(model, spec)
    entries = {
        METADATA_ENTRY: build_metadata(spec, inputs, outputs),
        SPEC_ENTRY: spec.to_json().encode("utf-8"),
        DIGEST_ENTRY: bytes(DIGEST_SIZE),
    }
    return _signed(append_archive(_with_entries(base, entries), label_files(spec)), spec.name)


def signed(model_bytes: bytes, name: str) -> bytes:
    """The model with nothing but a digest inside: what EdgeKit wrote, though it has no spec.

    Raises:
        ModelFileError: the model is not sound, or larger than 2 GB.
    """
    _check_movable(read_model(model_bytes, name), model_bytes)
    return _signed(bytearray(_with_entries(model_bytes, {DIGEST_ENTRY: bytes(DIGEST_SIZE)})), name)


def _signed(data: bytearray, name: str) -> bytes:
    place = find_digest(data)
    if place is None:
        raise ModelFileError(f"The digest of {name} was not found after writing. This is a defect of EdgeKit.")
    sign(data, place)
    return bytes(data)


def _check_movable(model: TFLiteModel, base: bytes) -> None:
    """Raises where the FlatBuffer ``base`` cannot stand at another place of the file."""
    tables = open_flatbuffer(base, model.name).root().tables(ModelField.BUFFERS)
    if any(table.uint64(BufferField.OFFSET) > 1 for table in tables):
        raise ModelFileError(
            f"{model.name} keeps weights behind its FlatBuffer, as models above 2 GB do; no spec can be put into it."
        )
    if any(span.offset + span.size > len(base) for span in model.buffers):
        raise ModelFileError(f"The zip at the end of {model.name} overlaps its weights. Export the model again.")


def _with_entries(base: bytes, entries: dict[str, bytes]) -> bytes:
    """The FlatBuffer ``base`` with metadata entries added or replaced."""
    root = open_flatbuffer(base, "the model").root()
    buffers: list[Table | Existing] = [Existing(position) for position in root.targets(ModelField.BUFFERS)]
    kept: list[Table | Existing] = [
        Existing(table.position)
        for table in root.tables(ModelField.METADATA)
        if table.string(MetadataField.NAME) not in entries
    ]
    for name, content in entries.items():
        index = Scalar("I", len(buffers))
        buffers.append(Table({BufferField.DATA: Blob(content, _ALIGNMENT)}))
        kept.append(Table({MetadataField.NAME: String(name), MetadataField.BUFFER: index}))
    fields: dict[int, Value] = {
        field: Existing(target) for field in SHARED_FIELDS if (target := root.target(field)) is not None
    }
    fields[ModelField.VERSION] = Scalar("I", root.uint32(ModelField.VERSION))
    fields[ModelField.BUFFERS] = Tables(tuple(buffers))
    fields[ModelField.METADATA] = Tables(tuple(kept))
    return serialize(Table(fields), FILE_IDENTIFIER, _ALIGNMENT) + base


def _in_graph_order(model: TFLiteModel, spec: ModelSpec) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    signature = next((s for s in model.signatures if s.key == "serving_default" and s.subgraph == 0), None)
    main = model.subgraphs[0]
    return (
        _ordered(model, spec.inputs, main.inputs, signature.inputs if signature else {}, "inputs"),
        _ordered(model, spec.outputs, main.outputs, signature.outputs if signature else {}, "outputs"),
    )


def _ordered(
    model: TFLiteModel,
    wanted: tuple[TensorSpec, ...],
    indices: tuple[int, ...],
    names: Mapping[str, int],
    what: str,
) -> tuple[TensorSpec, ...]:
    if len(wanted) != len(indices):
        raise ModelFileError(
            f"{model.name} has {len(indices)} {what}, its spec has {len(wanted)}. Give a spec of this very model."
        )
    by_index = {names[tensor.name]: tensor for tensor in wanted if tensor.name in names}
    if set(by_index) == set(indices):
        return tuple(by_index[index] for index in indices)
    return wanted
