"""Where the names of files come from in a SavedModel's graph.

Two kinds of operators take the name of a file and belong into a normal SavedModel:

- those that save and restore variables. TensorFlow 2 restores variables by itself, so these may
  stand only in functions that nothing runs; in a graph of TensorFlow 1 a ``RestoreV2`` may read the
  path that the loader passes, and no other;
- those that fill a table from an asset. The name must come, through any number of calls, from an
  asset of the SavedModel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgekit.savedmodel.graph import Body, called_by, producer, reachable
from edgekit.savedmodel.ops import FILES, SAVERS, TABLE_FILES

_TABLE_FILE_INPUT = 1
"""``InitializeTableFromTextFile(table, filename)``."""

_PLAIN_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
"""Calls whose inputs are the function's arguments, one by one."""


@dataclass(frozen=True)
class Program:
    """One ``MetaGraphDef``, read once.

    Attributes:
        meta_graph: the ``MetaGraphDef``.
        main: its main graph.
        functions: by name.
        assets: an ``AssetFileDef`` for each asset.
    """

    meta_graph: Any
    main: Body
    functions: dict[str, Body]
    assets: tuple[Any, ...]

    @property
    def objects(self) -> Any | None:
        """The ``SavedObjectGraph`` of a SavedModel of TensorFlow 2; only its functions are ever run."""
        return self.meta_graph.object_graph_def if self.meta_graph.HasField("object_graph_def") else None


def find_open_path(program: Program) -> str | None:
    """What reads or writes a file that is not the model's own, as a sentence, or ``None``."""
    return _find_saver(program) or _find_table_file(program)


def _find_saver(program: Program) -> str | None:
    objects = program.objects
    if objects is not None:
        main: set[str] = set()
        roots = set(objects.concrete_functions)
    else:
        main = _executed_nodes(program)
        roots = {name for key in main for name in called_by(program.main.nodes[key], program.functions)}
    executed = reachable(roots, program.functions)
    for name, body in program.functions.items():
        for node in body.nodes.values() if name in executed else ():
            if node.op in SAVERS:
                return f"the function {name} has the operator {node.op} ({FILES})"
    given = producer(program.meta_graph.saver_def.filename_tensor_name)
    for key, node in program.main.nodes.items():
        # The loader passes the path of the model's own variables to this one.
        own = node.op == "RestoreV2" and _input(program.main, node, 0) == given
        if key in main and node.op in SAVERS and not own:
            return f"the node {key} has the operator {node.op} ({FILES})"
    return None


def _executed_nodes(program: Program) -> set[str]:
    """The nodes of a main graph of TensorFlow 1 that loading it or a signature runs."""
    meta = program.meta_graph
    wanted = [meta.saver_def.restore_op_name, meta.saver_def.filename_tensor_name]
    for signature in meta.signature_def.values():
        for tensor in (*signature.inputs.values(), *signature.outputs.values()):
            sparse = tensor.coo_sparse
            wanted += [tensor.name, sparse.values_tensor_name, sparse.indices_tensor_name]
            wanted += [sparse.dense_shape_tensor_name, *(part.name for part in tensor.composite_tensor.components)]
    for key, collection in meta.collection_def.items():
        if "init" in key or "main_op" in key:
            wanted += collection.node_list.value
    return program.main.ancestors(wanted)


def _find_table_file(program: Program) -> str | None:
    assets = {producer(asset.tensor_info.name) for asset in program.assets}
    if program.objects is None:
        for node in program.main.nodes.values():
            if node.op in TABLE_FILES and _input(program.main, node, _TABLE_FILE_INPUT) not in assets:
                return f"the node {node.name} fills a table from a file that is no asset of the model"
    checked: set[tuple[str, int]] = set()
    for body in program.functions.values():
        for node in body.nodes.values():
            if node.op in TABLE_FILES:
                source = _input(body, node, _TABLE_FILE_INPUT)
                if source not in body.arguments or not _only_assets(
                    program, body, body.arguments.index(source), assets, checked
                ):
                    return f"the function {body.name} fills a table from a file that is no asset of the model"
    return None


def _input(body: Body, node: Any, index: int) -> str:
    return body.source(node.input[index]) if index < len(node.input) else ""


def _only_assets(program: Program, body: Body, index: int, assets: set[str], checked: set[tuple[str, int]]) -> bool:
    """Whether an argument of a function is an asset whoever calls it."""
    if (body.name, index) in checked:
        return True
    checked.add((body.name, index))
    if program.objects is not None and not _bound_to_asset(program.objects, body, index):
        return False
    for caller, node in _calls(program, body.name):
        if caller is program.main and program.objects is not None:
            continue  # loading a SavedModel of TensorFlow 2 does not run its main graph
        if node.op != body.name and node.op not in _PLAIN_CALLS:
            return False
        source = _input(caller, node, index)
        if caller is program.main:
            if source not in assets:
                return False
        elif source not in caller.arguments or not _only_assets(
            program, caller, caller.arguments.index(source), assets, checked
        ):
            return False
    return True


def _calls(program: Program, name: str) -> Iterator[tuple[Body, Any]]:
    for body in (program.main, *program.functions.values()):
        for node in body.nodes.values():
            if name in called_by(node, program.functions):
                yield body, node


def _bound_to_asset(objects: Any, body: Body, index: int) -> bool:
    """Whether an argument is an asset where TensorFlow 2 calls the function as an object's own."""
    if body.name not in objects.concrete_functions:
        return True
    bound = objects.concrete_functions[body.name].bound_inputs
    place = index - (len(body.arguments) - len(bound))
    if place < 0:
        return False
    return bound[place] < len(objects.nodes) and bool(objects.nodes[bound[place]].WhichOneof("kind") == "asset")
