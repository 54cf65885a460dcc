"""Takes Keras' care for negative zeros out of a traced graph. Needs TensorFlow.

::

    y = ArgMax(SelectV2(LogicalAnd(Equal(x, 0), Less(BitwiseAnd(Bitcast(x), -2**31), 0)), -tiny, x))
      ──▶  y = ArgMax(x)

``keras.ops.argmax`` and ``argmin`` put a negative zero below a positive one (``argmax`` in
``keras/src/backend/tensorflow/numpy.py`` of Keras 3.15), by looking at the bits of each number. No format but
TensorFlow's own can do that. Where zeros of both signs are the largest numbers, the first of them is the answer now,
as NumPy, ``tf.argmax`` and every runtime have it.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from typing import Any

import numpy as np

_CALLS = frozenset({"While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"})


def ignore_negative_zeros(function: Any) -> Any:
    """A frozen ``ConcreteFunction`` that searches for the largest among the numbers as they are, in loops, too.

    One that does so already is answered itself.
    """
    kinds = {operation.type for operation in function.graph.get_operations()}
    if not kinds & {"Bitcast", *_CALLS}:
        return function
    from tensorflow.python.eager.wrap_function import function_from_graph_def

    graph_def = function.graph.as_graph_def()
    library = graph_def.library.function
    parts = [(graph_def.node, ()), *((part.node_def, part.ret.values()) for part in library)]
    rewritten_parts = [_rewrite(nodes, results) for nodes, results in parts]
    if not any(rewritten_parts):
        return function
    _rename(graph_def)
    inputs, outputs = ([tensor.name for tensor in tensors] for tensors in (function.inputs, function.outputs))
    rewritten = function_from_graph_def(graph_def, inputs, outputs)
    for tensor, before in zip(rewritten.inputs, function.inputs, strict=True):
        tensor.set_shape(before.shape)  # a scalar's is lost
    return rewritten


def _rewrite(nodes: MutableSequence[Any], results: Any) -> bool:
    """Rewrites the nodes of a graph, or of a function with these results; whether there was something to do."""
    makers = {node.name: node for node in nodes}
    dead: list[str] = []
    for node in nodes:
        condition = _condition(node, makers)
        if condition:
            node.op = "Identity"
            del node.input[:2]
            dead += condition
    for name in dead:  # each before what it takes
        used = {_maker(text) for node in nodes for text in node.input} | {_maker(text) for text in results}
        if name in makers and name not in used:
            nodes.remove(makers.pop(name))
    return bool(dead)


def _rename(graph_def: Any) -> None:
    """Gives all functions names of their own: TensorFlow knows those of the graph as it was."""
    library = graph_def.library.function
    names = {part.signature.name: f"{part.signature.name}_as_they_are" for part in library}
    for part in library:
        part.signature.name = names[part.signature.name]
    del graph_def.library.gradient[:]  # a program is never trained
    for nodes in (graph_def.node, *(part.node_def for part in library)):
        for attribute in (attribute for node in nodes for attribute in node.attr.values()):
            for called in (attribute.func, *attribute.list.func):
                if called.name:
                    called.name = names[called.name]


def _condition(node: Any, makers: Mapping[str, Any]) -> list[str]:
    """The nodes that tell whether a number is a negative zero, if ``node`` replaces these; else none."""
    if node.op != "SelectV2" or not _is(makers, node.input[1], -float(np.finfo(np.float32).tiny)):
        return []
    both = makers.get(_maker(node.input[0]))
    if both is None or both.op != "LogicalAnd":
        return []
    zero, sign = (makers.get(_maker(text)) for text in both.input[:2])
    masked = _taken(makers, sign, "Less", 0)
    bits = _taken(makers, masked, "BitwiseAnd", np.iinfo(np.int32).min)
    if zero is None or sign is None or masked is None or bits is None or bits.op != "Bitcast":
        return []
    if zero.op != "Equal" or zero.input[0] != node.input[2] or not _is(makers, zero.input[1], 0):
        return []
    return [both.name, zero.name, sign.name, masked.name, bits.name]


def _taken(makers: Mapping[str, Any], node: Any, op: str, constant: float) -> Any:
    """What made the first operand of ``node``, if that is ``op`` with this constant as its second; else ``None``."""
    if node is None or node.op != op or not _is(makers, node.input[1], constant):
        return None
    return makers.get(_maker(node.input[0]))


def _is(makers: Mapping[str, Any], text: str, number: float) -> bool:
    import tensorflow as tf

    node = makers.get(_maker(text))
    if node is None or node.op != "Const":
        return False
    value = tf.make_ndarray(node.attr["value"].tensor)
    return bool(value.size == 1 and value.reshape(()) == value.dtype.type(number))


def _maker(text: str) -> str:
    """The node of ``NODE``, ``NODE:0``, ``NODE:RESULT:0`` or ``^NODE``."""
    return text.removeprefix("^").partition(":")[0]
