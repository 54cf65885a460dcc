"""TensorFlow ops that tf2onnx has no translation for, and ours."""

from __future__ import annotations

from typing import Any


def _erfc(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Erfc(x) = 1 - Erf(x): the exact GELU, which TensorFlow writes with it."""
    import numpy as np

    tensor, output = node.input[0], node.output[0]
    kind: dict[str, Any] = {"dtypes": [context.get_dtype(output)], "shapes": [context.get_shape(output)]}
    context.remove_node(node.name)
    erf = context.make_node("Erf", [tensor], name=f"{name}_erf", **kind)
    one = context.make_const(f"{name}_one", np.array(1, np.float32))
    context.make_node("Sub", [one.output[0], erf.output[0]], name=name, outputs=[output], **kind)


CUSTOM_OPS: dict[str, tuple[Any, list[Any]]] = {"Erfc": (_erfc, [])}
"""Op to its handler, in the form of tf2onnx' ``custom_op_handlers``."""
