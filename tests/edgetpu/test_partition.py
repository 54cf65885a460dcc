"""Which of several supported parts of a graph is mapped: the first one in TFLite's order of epochs."""

from __future__ import annotations

import itertools
import random

import pytest

from edgekit.edgetpu import reasons
from edgekit.edgetpu.mapping import Mapping, map_model
from edgekit.edgetpu.partition import first_subgraph
from edgekit.tflite.model import read_model
from tests.edgetpu.models import Op, T, build

ROW = T((1, 16))


def fates(ops: list[Op], tensors: int, inputs: list[int]) -> tuple[str, Mapping]:
    """One letter for each op: M mapped, or the first letter of its reason's last word but for "subgraph" (S)."""
    mapping = map_model(build([ROW] * tensors, ops, inputs, [tensors - 1]))
    letters = {reasons.SUBGRAPH: "s", reasons.NOT_SUPPORTED: "x"}
    return "".join(letters[fate.finding.reason] if fate.finding else "M" for fate in mapping.fates), mapping


def test_what_follows_an_unsupported_op_stays_on_the_cpu() -> None:
    ops = [Op("TANH", [0], [1]), Op("ELU", [1], [2]), Op("TANH", [2], [3]), Op("RELU", [3], [4])]
    found, mapping = fates(ops, 5, [0])
    assert found == "Mxss"
    assert mapping.fates[3].finding is not None
    assert mapping.fates[3].finding.detail == "it is behind ELU (op 1)"


def test_a_branch_beside_an_unsupported_op_is_mapped() -> None:
    ops = [
        Op("TANH", [0], [1]),
        Op("ELU", [1], [2]),
        Op("RELU", [1], [3]),
        Op("RELU6", [3], [4]),
        Op("ADD", [2, 4], [5]),
    ]
    assert fates(ops, 6, [0])[0] == "MxMMs"


def test_an_unsupported_op_in_front_does_not_hold_up_the_rest() -> None:
    ops = [Op("ELU", [0], [1]), Op("TANH", [1], [2]), Op("ELU", [2], [3]), Op("TANH", [3], [4])]
    assert fates(ops, 5, [0])[0] == "xMxs"


def test_the_first_op_decides_whose_the_first_epoch_is() -> None:
    """TFLite begins with the first op's kind: what needs the other input's op waits for a later epoch."""
    supported_first = [Op("TANH", [0], [2]), Op("ELU", [1], [3]), Op("ADD", [2, 3], [4])]
    assert fates(supported_first, 5, [0, 1])[0] == "Mxs"
    cpu_first = [Op("ELU", [1], [3]), Op("TANH", [0], [2]), Op("ADD", [2, 3], [4])]
    assert fates(cpu_first, 5, [0, 1])[0] == "xMM"


def test_an_empty_graph_has_nothing_to_map() -> None:
    mapping = map_model(build([ROW], [], [0], [0]))
    assert (mapping.mapped, mapping.left, mapping.fully_mapped) == (0, 0, False)


def _tflite_epochs(graph: object, supported: list[bool]) -> frozenset[int]:
    """TFLite's algorithm as ``graph_info.cc`` has it: tensors that are ready, epochs of one kind."""
    operators = graph.operators  # type: ignore[attr-defined]
    epoch_of: dict[int, int] = {}
    ready = {tensor: operator.index for operator in operators for tensor in operator.outputs}
    for epoch in itertools.count():
        kind: bool | None = None
        changed = True
        while changed:
            changed = False
            for operator in operators:
                if operator.index in epoch_of:
                    continue
                if any(ready.get(tensor, -1) >= 0 and ready[tensor] not in epoch_of for tensor in operator.inputs):
                    continue
                if kind is None:
                    kind = supported[operator.index]
                if kind == supported[operator.index]:
                    epoch_of[operator.index] = epoch
                    changed = True
        if kind is None:
            return frozenset()
        if kind:
            return frozenset(index for index, found in epoch_of.items() if found == epoch)
    raise AssertionError


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_are_cut_as_tflite_does(seed: int) -> None:
    generator = random.Random(seed)
    ops = []
    for index in range(generator.randrange(1, 30)):
        inputs = [generator.randrange(max(0, index - 4), index + 2) for _ in range(2)]
        ops.append(Op(generator.choice(["ADD", "ADD", "ADD", "DIV"]), inputs, [index + 2]))
    data = build([ROW] * (len(ops) + 2), ops, [0, 1], [len(ops) + 1])
    graph = read_model(data).subgraphs[0]
    supported = [operator.name == "ADD" for operator in graph.operators]
    expected = _tflite_epochs(graph, supported)
    assert first_subgraph(graph, supported) == expected
    mapping = map_model(data)
    assert {fate.index for fate in mapping.fates if fate.finding is None} == expected
