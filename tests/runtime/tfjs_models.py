"""TF.js graph models written by hand: what the engine must run, without any converter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.spec import ModelSpec

_DTYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "bool": "DT_BOOL"}


def placeholder(name: str, dtype: str, *shape: int) -> dict[str, Any]:
    """An input; -1 is any size."""
    return node(name, "Placeholder", dtype={"type": _DTYPES[dtype]}, shape={"shape": _shape(shape)})


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    """One operation; ``T`` and its like are floats where they are not given."""
    return {"name": name, "op": op, "input": list(inputs), "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}


def write_model(
    folder: Path,
    nodes: Sequence[dict[str, Any]],
    outputs: Mapping[str, tuple[str, str, tuple[int, ...]]],
    weights: Mapping[str, NDArray[Any]],
    spec: ModelSpec | None = None,
) -> Path:
    """Writes a model folder.

    Args:
        folder: a new one.
        nodes: without the weights.
        outputs: name to tensor, dtype and shape.
        weights: name of a ``Const`` to its value.
        spec: goes into ``userDefinedMetadata``.
    """
    folder.mkdir(parents=True)
    constants = [node(name, "Const", dtype={"type": _DTYPES[value.dtype.name]}) for name, value in weights.items()]
    given = {item["name"]: item["attr"] for item in nodes if item["op"] == "Placeholder"}
    document = {
        "format": "graph-model",
        "signature": {
            "inputs": {
                name: {"name": f"{name}:0", "dtype": attr["dtype"]["type"], "tensorShape": attr["shape"]["shape"]}
                for name, attr in given.items()
            },
            "outputs": {
                name: {"name": tensor, "dtype": _DTYPES[dtype], "tensorShape": _shape(shape)}
                for name, (tensor, dtype, shape) in outputs.items()
            },
        },
        "modelTopology": {"node": [*nodes, *constants], "versions": {"producer": 1882}},
        "weightsManifest": [
            {
                "paths": ["group1-shard1of1.bin"],
                "weights": [
                    {"name": name, "shape": value.shape, "dtype": value.dtype.name} for name, value in weights.items()
                ],
            }
        ],
        "userDefinedMetadata": {"edgekit.spec": spec.to_json()} if spec else {},
    }
    (folder / "group1-shard1of1.bin").write_bytes(b"".join(value.tobytes() for value in weights.values()))
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def edit(folder: Path, change: Any) -> None:
    """Changes ``model.json``: ``change`` takes the document."""
    path = folder / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def _shape(sizes: Sequence[int]) -> dict[str, Any]:
    return {"dim": [{"size": str(size)} for size in sizes]}


def write_dense(folder: Path, kernel: NDArray[np.float32], spec: ModelSpec | None = None) -> Path:
    """``probabilities = softmax(pixels @ kernel)`` for any number of rows."""
    return write_model(
        folder,
        [
            placeholder("pixels", "float32", -1, len(kernel)),
            node("product", "MatMul", "pixels", "kernel"),
            node("answer", "Softmax", "product"),
        ],
        {"probabilities": ("answer:0", "float32", (-1, kernel.shape[1]))},
        {"kernel": kernel},
        spec,
    )
