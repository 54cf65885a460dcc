"""Matrix products that quantize their input on the fly.

```
MatMul(x, W)  ->  xq, xs, xz = DynamicQuantizeLinear(x)
                  MatMulInteger(xq, W', xz) -> Cast -> Mul(xs * scale of each column)
```

The form that onnxruntime fuses into one kernel. It pays for large matrices: 512 x 2048 takes 0.07 ms instead
of 0.16 ms for one row and 0.6 ms instead of 2.4 ms for 64, on an x86 with VNNI; 128 x 256 gains nothing for
one row. One scale is taken from all rows of a run, so a row's answer depends a little on the others.
"""

from __future__ import annotations

from typing import Any

from edgekit.converters.onnx_weights import find_uses, quantize_weights

SMALLEST_MATRIX = 1 << 16
"""Elements of a matrix from which quantizing the input pays."""

_RANK = 2


def quantize_products(model: Any) -> None:
    """Rewrites each large MatMul and Gemm of the main graph whose weights are constant.

    Those in loops stay: they are small, and their state would be rounded again in each step.
    """
    import onnx

    uses = find_uses(model)
    weights = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == _RANK and len(uses[tensor.name]) == 1
    }
    nodes: list[Any] = []
    replaced: set[str] = set()
    for node in model.graph.node:
        name = node.input[1] if node.op_type in ("MatMul", "Gemm") else ""
        values = onnx.numpy_helper.to_array(weights[name]) if name in weights else None
        if values is None or values.size < SMALLEST_MATRIX or not _is_plain(node):
            nodes.append(node)
            continue
        if node.op_type == "Gemm" and _attributes(node).get("transB"):
            values = values.T.copy()
        stored, scale = quantize_weights(values, (0,))
        tensors = {f"{name}_int8": stored, f"{name}_scale": scale.reshape(-1)}
        model.graph.initializer.extend(onnx.numpy_helper.from_array(array, key) for key, array in tensors.items())
        nodes.extend(_product(node, *tensors))
        replaced.add(name)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in replaced]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kept)


def _product(node: Any, weights: str, scale: str) -> list[Any]:
    from onnx import TensorProto
    from onnx.helper import make_node

    output = node.output[0]
    bias = node.input[2] if node.op_type == "Gemm" and len(node.input) > _RANK else ""
    product = f"{output}_product" if bias else output
    parts = {key: f"{output}_{key}" for key in ("quantized", "scale", "zero", "integer", "cast", "factor")}
    made = [
        ("DynamicQuantizeLinear", [node.input[0]], [parts["quantized"], parts["scale"], parts["zero"]]),
        ("MatMulInteger", [parts["quantized"], weights, parts["zero"]], [parts["integer"]]),
        ("Cast", [parts["integer"]], [parts["cast"]]),
        ("Mul", [parts["scale"], scale], [parts["factor"]]),
        ("Mul", [parts["cast"], parts["factor"]], [product]),
        *([("Add", [product, bias], [output])] if bias else []),
    ]
    found = []
    for index, (op, taken, given) in enumerate(made):
        extra = {"to": TensorProto.FLOAT} if op == "Cast" else {}
        found.append(make_node(op, taken, given, name=f"{node.name}_{index}", **extra))
    return found


def _is_plain(node: Any) -> bool:
    """Whether a Gemm is a matrix product and a sum, and no more."""
    attributes = _attributes(node)
    return not attributes.get("transA") and attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0


def _attributes(node: Any) -> dict[str, Any]:
    from onnx.helper import get_attribute_value

    return {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}
