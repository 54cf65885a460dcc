"""The TensorFlow function that coremltools is given, and the ops that coremltools lacks."""

from __future__ import annotations

import re
from typing import Any

from edgekit.converters.coreml_loops import rewrite_loops
from edgekit.program import FrozenProgram, ProgramGraph, load_graph


def load_function(program: FrozenProgram) -> ProgramGraph:
    """The program with outputs of the spec's names and loops in a form that coremltools reads.

    Needs TensorFlow.
    """
    import tensorflow as tf

    graph = load_graph(program)
    rewrite_loops(graph.graph_def)
    outputs: list[str] = []

    def imported() -> None:
        tensors = tf.graph_util.import_graph_def(graph.graph_def, return_elements=list(graph.outputs), name="")
        # coremltools names a model's outputs after the nodes that give them.
        outputs.extend(
            tf.identity(tensor, name=feature_name(output.name)).name
            for tensor, output in zip(tensors, program.spec.outputs, strict=True)
        )

    function = tf.compat.v1.wrap_function(imported, []).prune(list(graph.inputs), outputs)
    return ProgramGraph(function, graph.graph_def, graph.inputs, tuple(outputs))


def feature_name(name: str) -> str:
    """A tensor's name as Core ML allows it: letters, digits and underscores, no digit first."""
    allowed = re.sub("[^a-zA-Z0-9_]", "_", name)
    return allowed if re.match("[a-zA-Z]", allowed) else f"x{allowed}"


def register_ops() -> None:
    """Teaches coremltools the ops that it lacks.

    ``Erfc`` stands in TensorFlow's exact GELU; coremltools 9.0 has no conversion (apple/coremltools#2622).
    """
    from coremltools.converters.mil import Builder, register_tf_op

    def erfc(context: Any, node: Any) -> None:
        error = Builder.erf(x=context[node.inputs[0]])
        context.add(node.name, Builder.sub(x=1.0, y=error, name=node.name))

    register_tf_op(erfc, tf_alias=["Erfc"], strict=False)
