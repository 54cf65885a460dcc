"""Which ops end up together on the Edge TPU: TFLite's way of cutting a graph for a delegate.

The compiler is a delegate of TFLite, which walks through the graph in epochs: as many ops as can run,
all of them for the delegate or all of them not, then the other kind, and so on
(:data:`edgekit.edgetpu.sources.PARTITION`). The compiler takes the first epoch of its own and no other
("More than one subgraph is not supported"), so that an op left behind takes along what follows on its path,
but not a branch beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.tflite.model import Subgraph


def first_subgraph(graph: Subgraph, supported: Sequence[bool]) -> frozenset[int]:
    """The indices of the operators that are mapped.

    Args:
        graph: the model's first graph.
        supported: for each operator, whether the Edge TPU would take it by itself.
    """
    made_by = {tensor: operator.index for operator in graph.operators for tensor in operator.outputs}
    waiting = list(range(len(graph.operators)))
    done: set[int] = set()
    # The first op decides whose epoch the first one is.
    for delegate in (True,) if supported and supported[0] else (False, True):
        epoch: set[int] = set()
        later = []
        # Operators are in the order of execution, so one walk finds all that are ready.
        for index in waiting:
            needed = {made_by[tensor] for tensor in graph.operators[index].inputs if tensor in made_by} - {index}
            if supported[index] == delegate and needed <= done | epoch:
                epoch.add(index)
            else:
                later.append(index)
        if delegate:
            return frozenset(epoch)
        done, waiting = done | epoch, later
    return frozenset()


def blockers(graph: Subgraph, taken: frozenset[int], supported: Sequence[bool]) -> dict[int, int]:
    """What keeps ops off the Edge TPU that would take them: for each of them the op that it is behind, if there is one.

    Args:
        graph: the model's first graph.
        taken: the operators that are mapped.
        supported: for each operator, whether the Edge TPU would take it by itself.
    """
    by_tensor: dict[int, int] = {}
    found: dict[int, int] = {}
    for operator in graph.operators:
        blocker = operator.index if not supported[operator.index] else None
        if blocker is None and operator.index not in taken:
            behind = [by_tensor[tensor] for tensor in operator.inputs if tensor in by_tensor]
            if behind:
                blocker = found[operator.index] = behind[0]
        if blocker is not None:
            by_tensor.update(dict.fromkeys(operator.outputs, blocker))
    return found
