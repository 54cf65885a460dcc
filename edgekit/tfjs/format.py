"""Reading and checking a folder with ``model.json``. Runs nothing and needs no TensorFlow.

So it is safe for a folder from anywhere: it opens no file outside of it, and believes no size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.spec import ModelSpec
from edgekit.tfjs.document import FORMAT, SPEC_KEY
from edgekit.tfjs.fields import read_document, refuse, take
from edgekit.tfjs.graph import Graph
from edgekit.tfjs.ops import TFJS_VERSION, unknown_ops
from edgekit.tfjs.shards import check_sizes, find_shards, read_groups, read_shards
from edgekit.tfjs.topology import read_graph
from edgekit.tfjs.weights import WeightEntry, dequantize, from_bytes, spans
from edgekit.tfjs.writing import MODEL_FILE

__all__ = ["GraphModel", "Group", "check_model", "read_spec", "read_weights"]


@dataclass(frozen=True)
class Group:
    """Weights that lie in the same files, one after the other.

    Attributes:
        files: inside the model's folder.
        weights: what the manifest says about them; the files have exactly their sizes.
    """

    files: tuple[Path, ...]
    weights: tuple[WeightEntry, ...]


@dataclass(frozen=True)
class GraphModel:
    """A checked graph model.

    Attributes:
        folder: where it lies.
        graph: its operations; the weights are in the groups.
        groups: of the ``weightsManifest``.
        metadata: ``userDefinedMetadata``, as it stands there.
        converted_by: who wrote it, as it says itself.
    """

    folder: Path
    graph: Graph
    groups: tuple[Group, ...]
    metadata: dict[str, Any]
    converted_by: str = ""

    @property
    def weights(self) -> tuple[WeightEntry, ...]:
        return tuple(entry for group in self.groups for entry in group.weights)


def check_model(folder: Path) -> GraphModel:
    """Reads ``model.json`` and sees to it that everything it speaks of is there.

    Args:
        folder: of the model, or its ``model.json``.

    Raises:
        ModelFileError: missing, truncated, tampered with, or no TF.js model; the sentence says why.
        UnsupportedModelError: sound, but not a graph model, or with operations that TF.js does not know.
    """
    name = str(folder)
    if folder.name == MODEL_FILE:
        folder = folder.parent
    if not folder.is_dir():
        raise ModelFileError(f"{name} is not a folder with a TF.js model. Give the folder that holds {MODEL_FILE}.")
    document = read_document(folder / MODEL_FILE, name)
    _check_format(document, name)
    groups = tuple(Group(find_shards(folder, paths, name), entries) for paths, entries in read_groups(document, name))
    for group in groups:
        check_sizes(group.files, group.weights, name)
    entries = {entry.name: entry for group in groups for entry in group.weights}
    graph = read_graph(document, entries, name)
    unknown = unknown_ops(graph)
    if unknown:
        raise UnsupportedModelError(
            f"{name} needs the operation{'s' if len(unknown) > 1 else ''} {', '.join(unknown)}, which TF.js "
            f"{TFJS_VERSION} does not have."
        )
    metadata = take(document, "userDefinedMetadata", dict, name, {})
    converted_by = document.get("convertedBy")
    return GraphModel(folder, graph, groups, metadata, converted_by if isinstance(converted_by, str) else "")


def read_spec(model: GraphModel) -> ModelSpec | None:
    """The model's spec, or ``None`` where EdgeKit did not write it.

    Raises:
        SpecError: the spec is broken, or written by a newer EdgeKit.
    """
    text = model.metadata.get(SPEC_KEY)
    return ModelSpec.from_json(text, str(model.folder)) if isinstance(text, str) else None


def read_weights(model: GraphModel) -> Iterator[tuple[WeightEntry, NDArray[Any]]]:
    """The weights as a runtime computes with them, in the order of the manifest."""
    for group in model.groups:
        for entry, data in spans(group.weights, read_shards(group.files)):
            yield entry, dequantize(from_bytes(data, entry), entry)


def _check_format(document: dict[str, Any], name: str) -> None:
    found = document.get("format")
    if found == FORMAT or (found is None and "weightsManifest" in document and "node" in _topology(document)):
        return
    if found == "layers-model" or "model_config" in _topology(document):
        raise UnsupportedModelError(
            f"{name} is a TF.js layers model, which needs Keras' layers in JavaScript. Convert it to a graph model: "
            "tensorflowjs_converter --input_format=tfjs_layers_model --output_format=tfjs_graph_model"
        )
    refuse(name, f"{MODEL_FILE} has the format {found!r}, not {FORMAT!r}")


def _topology(document: dict[str, Any]) -> dict[str, Any]:
    topology = document.get("modelTopology")
    return topology if isinstance(topology, dict) else {}
