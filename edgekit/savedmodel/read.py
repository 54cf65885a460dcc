"""Reading and checking a SavedModel folder without executing anything of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import ModelFileError, UnsupportedModelError, first_line
from edgekit.modelfile import read_model_file
from edgekit.savedmodel import kerasmeta
from edgekit.savedmodel.folder import GRAPH_FILE, check_fingerprint, check_folder, damaged, lies_in, refused
from edgekit.savedmodel.framework import import_tensorflow
from edgekit.savedmodel.graph import Body, producer, read_bodies
from edgekit.savedmodel.ops import judge_op
from edgekit.savedmodel.paths import Program, find_open_path
from edgekit.spec import ModelSpec

SPEC_FILE = Path("assets.extra", "edgekit_spec.json")
"""Where EdgeKit's spec lies; TensorFlow leaves ``assets.extra`` to whoever wants it."""

_SERVE = "serve"
"""The tag of the graph that is meant for inference."""

_INITIALIZER = "__saved_model_init_op"
"""Looks like a signature, and is how the loader finds what to run first."""


@dataclass(frozen=True)
class SavedTensor:
    """One input or output of a signature.

    Attributes:
        name: its key in the signature.
        shape: dimensions, ``None`` where any size is taken; ``None`` as a whole where the rank is unknown.
        dtype: NumPy's name, or ``string``.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str


@dataclass(frozen=True)
class SavedSignature:
    """One function that a SavedModel offers by name; tensors are sorted by name."""

    inputs: tuple[SavedTensor, ...]
    outputs: tuple[SavedTensor, ...]


@dataclass(frozen=True)
class SavedModelInfo:
    """What a SavedModel that may be opened says about itself.

    Attributes:
        path: of the folder.
        tags: of the graph to load.
        signatures: by name; without the internal ones.
        tensorflow: the version that wrote it, empty where it does not say.
        operators: how many nodes of each kind there are, functions included.
        assets: names of the files in ``assets`` that the graph uses.
        spec: EdgeKit's own, or ``None``.
    """

    path: Path
    tags: tuple[str, ...]
    signatures: Mapping[str, SavedSignature]
    tensorflow: str
    operators: Mapping[str, int]
    assets: tuple[str, ...]
    spec: ModelSpec | None


def check_saved_model(path: str | os.PathLike[str]) -> SavedModelInfo:
    """Refuses a folder that is no sound SavedModel, or one that could reach beyond itself when it runs.

    Refused are operators that read or write files, use the network, run Python or native code of
    others (:mod:`edgekit.savedmodel.ops` has the rule), links and assets that lead out of the folder,
    and Keras layers that hold code. Nothing is executed.

    Args:
        path: of the folder.

    Raises:
        ModelFileError: missing, no SavedModel, damaged, or refused; the message names the cause.
        UnsupportedModelError: an operator is unknown to this TensorFlow.
        SpecError: EdgeKit's spec inside is broken or newer.
        MissingExtraError: TensorFlow is not installed.
    """
    path = Path(path)
    check_folder(path)
    import_tensorflow("Opening a SavedModel")
    saved = _parse(path)
    counts: dict[str, int] = {}
    for meta_graph in saved.meta_graphs:
        program = _read_program(path, meta_graph)
        _check_operators(path, program, counts)
        _check_assets(path, program)
        if problem := find_open_path(program):
            raise refused(path, problem)
        metadata = (node.user_object.metadata for node in meta_graph.object_graph_def.nodes)
        _check_layers(path, (text for text in metadata if text))
    if (path / kerasmeta.FILE).exists():
        _check_layers(path, _metadata_of(path))
    check_fingerprint(path)
    chosen = _choose(path, saved)
    return SavedModelInfo(
        path=path,
        tags=tuple(chosen.meta_info_def.tags),
        signatures={
            name: SavedSignature(_tensors(signature.inputs), _tensors(signature.outputs))
            for name, signature in sorted(chosen.signature_def.items())
            if name != _INITIALIZER
        },
        tensorflow=chosen.meta_info_def.tensorflow_version,
        operators=dict(sorted(counts.items())),
        assets=tuple(asset.filename for asset in _assets(chosen)),
        spec=read_spec_from_saved_model(path),
    )


def read_spec_from_saved_model(path: str | os.PathLike[str]) -> ModelSpec | None:
    """The spec that EdgeKit put into a SavedModel's folder; ``None`` in one that others made.

    Raises:
        ModelFileError: it cannot be read.
        SpecError: it is broken, or newer than this EdgeKit.
    """
    file = Path(path) / SPEC_FILE
    if not os.path.lexists(file):
        return None
    return ModelSpec.from_json(read_model_file(file), str(path))


def _parse(path: Path) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(read_model_file(path / GRAPH_FILE))
    except DecodeError as error:
        raise damaged(path, f"{GRAPH_FILE} is no SavedModel, or cut short") from error
    if not saved.meta_graphs:
        raise damaged(path, f"{GRAPH_FILE} holds no graph")
    return saved


def _read_program(path: Path, meta_graph: Any) -> Program:
    try:
        main, functions = read_bodies(meta_graph.graph_def)
    except ValueError as error:
        raise damaged(path, str(error)) from None
    return Program(meta_graph, main, functions, _assets(meta_graph))


def _assets(meta_graph: Any) -> tuple[Any, ...]:
    """``AssetFileDef`` of each asset; TensorFlow 1 kept them in a collection."""
    from tensorflow.core.protobuf import meta_graph_pb2

    if meta_graph.asset_file_def:
        return tuple(meta_graph.asset_file_def)
    found = []
    for packed in meta_graph.collection_def["saved_model_assets"].any_list.value if _has_asset_list(meta_graph) else ():
        asset = meta_graph_pb2.AssetFileDef()
        if packed.Unpack(asset):
            found.append(asset)
    return tuple(found)


def _has_asset_list(meta_graph: Any) -> bool:
    return "saved_model_assets" in meta_graph.collection_def


def _check_operators(path: Path, program: Program, counts: dict[str, int]) -> None:
    from tensorflow.python.framework import op_def_registry

    for name in program.functions:
        if op_def_registry.get(name) is not None:
            raise refused(path, f"it has a function of its own with the name of the operator {name}")
    for body in (program.main, *program.functions.values()):
        for node in body.nodes.values():
            if node.op in program.functions:
                continue
            counts[node.op] = counts.get(node.op, 0) + 1
            known = op_def_registry.get(node.op)
            verdict, reason = judge_op(node.op, known.is_stateful if known is not None else None)
            if verdict == "unknown":
                raise UnsupportedModelError(
                    f"{path} cannot run here: the operator {node.op} ({_place(body, node)}) is unknown to this "
                    "TensorFlow. It needs a library of custom operators, or a newer TensorFlow."
                )
            if verdict == "refused":
                raise refused(path, f"{_place(body, node)} has the operator {node.op} ({reason})")
            if node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:"):
                raise refused(path, f"{_place(body, node)} prints into a file")


def _place(body: Body, node: Any) -> str:
    return f"the node {node.name}" + (f" of the function {body.name}" if body.name else "")


def _check_assets(path: Path, program: Program) -> None:
    folder = (path / "assets").resolve()
    for asset in program.assets:
        target = folder / asset.filename
        if not asset.filename or "\0" in asset.filename or not lies_in(folder, target):
            raise refused(path, f"its asset {asset.filename!r} ({producer(asset.tensor_info.name)}) lies outside of it")
        if not target.is_file():
            raise damaged(path, f"its asset {asset.filename} is missing")


def _check_layers(path: Path, texts: Iterator[str]) -> None:
    try:
        problem = kerasmeta.find_code(texts)
    except ValueError as error:
        raise damaged(path, f"{kerasmeta.FILE} cannot be read ({first_line(error)})") from error
    if problem:
        raise ModelFileError(f"{path} is refused: {problem}. Replace it with standard Keras layers and save again.")


def _metadata_of(path: Path) -> Iterator[str]:
    return kerasmeta.read_texts(path / kerasmeta.FILE)


def _choose(path: Path, saved: Any) -> Any:
    graphs = [graph for graph in saved.meta_graphs if _SERVE in graph.meta_info_def.tags]
    graphs = [graph for graph in graphs if list(graph.meta_info_def.tags) == [_SERVE]] or graphs
    graphs = graphs or list(saved.meta_graphs)
    if len(graphs) > 1:
        tags = " and ".join("+".join(graph.meta_info_def.tags) or "none" for graph in graphs)
        raise ModelFileError(f"{path} has several graphs with the tags {tags}, and none of them is just 'serve'.")
    return graphs[0]


def _tensors(tensors: Mapping[str, Any]) -> tuple[SavedTensor, ...]:
    from tensorflow import dtypes

    found = []
    for name, info in sorted(tensors.items()):
        dims = tuple(dim.size if dim.size >= 0 else None for dim in info.tensor_shape.dim)
        try:
            dtype = dtypes.as_dtype(info.dtype).name
        except TypeError:
            dtype = "unknown"
        found.append(SavedTensor(name, None if info.tensor_shape.unknown_rank else dims, dtype))
    return tuple(found)
