"""Loops of recurrent layers in the form that coremltools reads.

A TensorFlow ``While`` begins with two arguments of its own, a counter and its limit, and coremltools
drops them. Keras 3 compares them in the loop's condition, which then has nothing to compare
("list index out of range"). So each loop is given a second counter and limit, as ordinary arguments
at the end, and its condition asks those.

```
before                                        after
while(counter, limit, time, state)            while(counter, limit, time, state, counter2, limit2)
cond: counter < limit and time < 12           cond: counter2 < limit2 and time < 12
body: counter + 1, limit, time + 1, ...       body: counter + 1, limit, time + 1, ..., counter2 + 1, limit2
```
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

LOOPS = frozenset({"While", "StatelessWhile"})
"""Ops of the graph form of TensorFlow's control flow, version 2."""

_OWN_ARGUMENTS = 2
"""The counter and its limit, ``loop_counter`` and ``maximum_iterations`` in
``tensorflow/python/ops/while_v2.py``; the body returns its results in the order of its arguments."""

_COUNTER, _LIMIT, _NEXT = "edgekit_counter", "edgekit_limit", "edgekit_next"


def rewrite_loops(graph_def: Any) -> int:
    """Gives each loop whose condition asks its counter a second one, in place; answers how many there were.

    Args:
        graph_def: TensorFlow's ``GraphDef``, nested loops (in its function library) included.
    """
    return _rewrite(graph_def.node, graph_def.library, itertools.count(1))


def _rewrite(nodes: Any, library: Any, numbers: Iterator[int]) -> int:
    functions = {function.signature.name: function for function in library.function}
    count = 0
    for node in nodes:
        if node.op not in LOOPS:
            continue
        condition, body = functions[node.attr["cond"].func.name], functions[node.attr["body"].func.name]
        count += _rewrite(body.node_def, library, numbers)  # loops in loops first: what follows is a copy
        if _asks_counter(condition):
            number = next(numbers)
            _extend_condition(_copy(library, condition, node.attr["cond"].func, number))
            _extend_body(_copy(library, body, node.attr["body"].func, number))
            _extend_node(node)
            count += 1
    return count


def _copy(library: Any, function: Any, reference: Any, number: int) -> Any:
    """A function of a new name, since TensorFlow refuses another one under a name that it knows."""
    copy = library.function.add()
    copy.CopyFrom(function)
    copy.signature.name = reference.name = f"{function.signature.name}_edgekit_{number}"
    return copy


def _own_arguments(function: Any) -> list[str]:
    return [argument.name for argument in function.signature.input_arg[:_OWN_ARGUMENTS]]


def _asks_counter(condition: Any) -> bool:
    own = set(_own_arguments(condition))
    return any(name in own for node in condition.node_def for name in node.input)


def _extend_condition(condition: Any) -> None:
    replaced = dict(zip(_own_arguments(condition), _add_arguments(condition), strict=True))
    for node in condition.node_def:
        for place, name in enumerate(node.input):
            node.input[place] = replaced.get(name, name)


def _extend_body(body: Any) -> None:
    from tensorflow.core.framework import types_pb2

    counter, limit = _add_arguments(body)
    one = body.node_def.add(name=f"{_NEXT}/one", op="Const")
    one.attr["dtype"].type = types_pb2.DT_INT32
    one.attr["value"].tensor.dtype = types_pb2.DT_INT32
    one.attr["value"].tensor.tensor_shape.SetInParent()
    one.attr["value"].tensor.int_val.append(1)
    following = body.node_def.add(name=_NEXT, op="AddV2", input=[counter, f"{one.name}:output:0"])
    following.attr["T"].type = types_pb2.DT_INT32
    for name, value in ((f"{_COUNTER}_out", f"{_NEXT}:z:0"), (f"{_LIMIT}_out", limit)):
        body.signature.output_arg.add(name=name, type=types_pb2.DT_INT32)
        body.ret[name] = value


def _add_arguments(function: Any) -> tuple[str, str]:
    """Two more int32 arguments, in the form of the own ones; their names."""
    from tensorflow.core.framework import types_pb2

    for name in (_COUNTER, _LIMIT):
        function.signature.input_arg.add(name=name, type=types_pb2.DT_INT32)
    return _COUNTER, _LIMIT


def _extend_node(node: Any) -> None:
    from tensorflow.core.framework import types_pb2

    own = list(node.input[:_OWN_ARGUMENTS])
    controls = [name for name in node.input if name.startswith("^")]
    data = [name for name in node.input if not name.startswith("^")]
    del node.input[:]
    node.input.extend([*data, *own, *controls])
    for _ in own:
        node.attr["T"].list.type.append(types_pb2.DT_INT32)
        if "output_shapes" in node.attr and node.attr["output_shapes"].list.shape:
            node.attr["output_shapes"].list.shape.add()
    # What TensorFlow noted on the node about its old results.
    for note in ("_output_shapes", "_num_original_outputs"):
        node.attr.pop(note, None)
