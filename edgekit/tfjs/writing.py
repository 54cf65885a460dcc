"""Writing a graph model: ``model.json`` and the shards of its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.spec import ModelSpec
from edgekit.tfjs.document import FORMAT, SPEC_KEY, describe_graph, describe_group, describe_signature
from edgekit.tfjs.graph import Graph
from edgekit.tfjs.weights import STRING, Stored, WeightEntry, quantize, to_bytes
from edgekit.version import __version__

MODEL_FILE = "model.json"

SHARD_BYTES = 4 << 20
"""The reference converter's default: browsers cache files up to this size."""


def write_model(folder: Path, graph: Graph, spec: ModelSpec, stored: Mapping[str, Stored], generated_by: str) -> None:
    """Writes a folder that ``tf.loadGraphModel`` reads.

    Args:
        folder: a new one.
        graph: inputs and outputs have the spec's names; weights in TF.js' dtypes.
        spec: travels along.
        stored: the weights to store in fewer bits.
        generated_by: the version of TensorFlow that made the graph.
    """
    folder.mkdir()
    entries: list[WeightEntry] = []
    parts: list[bytes] = []
    for name, values in graph.weights.items():
        entry, data = _store(name, values, stored.get(name))
        entries.append(entry)
        parts.append(data)
    paths = _write_shards(folder, b"".join(parts))
    document = {
        "format": FORMAT,
        "generatedBy": generated_by,
        "convertedBy": f"EdgeKit {__version__}",
        "signature": describe_signature(graph, spec),
        "userDefinedMetadata": {SPEC_KEY: spec.to_json()},
        "modelTopology": describe_graph(graph),
        "weightsManifest": [describe_group(paths, entries)],
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    (folder / MODEL_FILE).write_text(text, encoding="utf-8")


def _store(name: str, values: NDArray[Any], dtype: Stored | None) -> tuple[WeightEntry, bytes]:
    kind = STRING if values.dtype.kind in "SUO" else values.dtype.name
    if dtype is None:
        return WeightEntry(name, values.shape, kind), to_bytes(values)
    quantized, quantization = quantize(values, dtype)
    return WeightEntry(name, values.shape, kind, quantization), to_bytes(quantized)


def _write_shards(folder: Path, data: bytes) -> list[str]:
    """Writes ``group1-shardIofN.bin``; a model without weights has no file."""
    starts = range(0, len(data), SHARD_BYTES)
    names = []
    for index, start in enumerate(starts, start=1):
        name = f"group1-shard{index}of{len(starts)}.bin"
        (folder / name).write_bytes(data[start : start + SHARD_BYTES])
        names.append(name)
    return names
