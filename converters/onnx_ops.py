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


def _floor_mod(context: Any, node: Any, name: str, arguments: Any) -> None:
    """The remainder with the divisor's sign; tf2onnx takes that of a quotient which ONNX cuts towards 0."""
    (dividend, divisor), output, kind = _taken(context, node)
    if _is_float(kind):
        whole = _floored_quotient(context, name, dividend, divisor, kind)
        product = context.make_node("Mul", [whole, divisor], name=f"{name}_product", **kind)
        context.make_node("Sub", [dividend, product.output[0]], name=name, outputs=[output], **kind)
    else:
        context.make_node("Mod", [dividend, divisor], name=name, outputs=[output], **kind)


def _floor_div(context: Any, node: Any, name: str, arguments: Any) -> None:
    """The quotient rounded down, of integers too, which ONNX' ``Div`` cuts towards 0."""
    (dividend, divisor), output, kind = _taken(context, node)
    if _is_float(kind):
        _floored_quotient(context, name, dividend, divisor, kind, output)
    else:
        rest = context.make_node("Mod", [dividend, divisor], name=f"{name}_rest", **kind)
        exact = context.make_node("Sub", [dividend, rest.output[0]], name=f"{name}_exact", **kind)
        context.make_node("Div", [exact.output[0], divisor], name=name, outputs=[output], **kind)


def _one_hot(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Y = Where(Equal(Unsqueeze(x), [0, 1, ...]), on, off).

    ONNX' ``OneHot`` counts negative indices from the end, where TensorFlow's has no class for them, and
    onnxruntime has it for few dtypes.
    """
    import numpy as np
    from onnx import TensorProto

    axis = node.get_attr_value("axis", -1)
    (indices, depth, on, off), output, kind = _taken(context, node)
    rank = len(context.get_shape(indices) or ())

    def make(op: str, what: str, inputs: list[str], dtype: int, **attributes: Any) -> str:
        made = context.make_node(op, inputs, name=f"{name}_{what}", dtypes=[dtype], attr=attributes, shapes=[None])
        return str(made.output[0])

    def constant(what: str, value: Any) -> str:
        return str(context.make_const(f"{name}_{what}", np.array(value, np.int64)).output[0])

    places = make("Cast", "places", [indices], TensorProto.INT64, to=TensorProto.INT64)
    places = make("Unsqueeze", "wide", [places, constant("axis", [axis])], TensorProto.INT64)
    depth = make("Cast", "depth", [depth], TensorProto.INT64, to=TensorProto.INT64)
    classes = make("Range", "classes", [constant("zero", 0), depth, constant("one", 1)], TensorProto.INT64)
    if axis not in (-1, rank):
        behind = constant("behind", list(range(1, rank - axis + 1)))
        classes = make("Unsqueeze", "shaped", [classes, behind], TensorProto.INT64)
    hot = make("Equal", "hot", [places, classes], TensorProto.BOOL)
    dtype = kind["dtypes"][0]
    if dtype not in (TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64):  # what onnxruntime can choose from
        on, off = (
            make("Cast", what, [value], TensorProto.FLOAT, to=TensorProto.FLOAT)
            for what, value in (("on", on), ("off", off))
        )
        chosen = make("Where", "chosen", [hot, on, off], TensorProto.FLOAT)
        context.make_node("Cast", [chosen], name=name, outputs=[output], attr={"to": dtype}, **kind)
    else:
        context.make_node("Where", [hot, on, off], name=name, outputs=[output], **kind)


def _taken(context: Any, node: Any) -> tuple[list[str], str, dict[str, Any]]:
    """Inputs, output, and dtype and shape of a node, which is taken out of the graph."""
    inputs, output = list(node.input), node.output[0]
    kind: dict[str, Any] = {"dtypes": [context.get_dtype(output)], "shapes": [context.get_shape(output)]}
    context.remove_node(node.name)
    return inputs, output, kind


def _is_float(kind: dict[str, Any]) -> bool:
    from onnx import TensorProto

    return kind["dtypes"][0] in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)


def _floored_quotient(
    context: Any, name: str, dividend: str, divisor: str, kind: dict[str, Any], output: str | None = None
) -> str:
    quotient = context.make_node("Div", [dividend, divisor], name=f"{name}_quotient", **kind)
    last = {"name": name, "outputs": [output]} if output else {"name": f"{name}_floor"}
    return str(context.make_node("Floor", [quotient.output[0]], **last, **kind).output[0])


CUSTOM_OPS: dict[str, tuple[Any, list[Any]]] = {
    "Erfc": (_erfc, []),
    "FloorDiv": (_floor_div, []),
    "FloorMod": (_floor_mod, []),
    "OneHot": (_one_hot, []),
}
"""Op to its handler, in the form of tf2onnx' ``custom_op_handlers``."""
