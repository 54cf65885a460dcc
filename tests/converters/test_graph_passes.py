"""Each pass over a graph: what it makes of it, and that TensorFlow still computes the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converters.graph.batch_norm import decompose_batch_norms
from edgekit.converters.graph.constants import gather_weights, narrow_weights, share_weights
from edgekit.converters.graph.einsum import parse, write_down_einsums
from edgekit.converters.graph.fold_pads import fold_pads
from edgekit.converters.graph.fold_scales import fold_scales
from edgekit.converters.graph.fuse import fuse_layers
from edgekit.converters.graph.identities import remove_identities
from edgekit.converters.graph.load import read_graph_def
from edgekit.converters.graph.names import shorten_names
from edgekit.converters.graph.outputs import distinct_outputs
from edgekit.converters.graph.prelu import fuse_prelu
from edgekit.converters.graph.reshapes import write_down_reshapes
from edgekit.converters.graph.substitutes import substitute
from edgekit.errors import ConversionError
from edgekit.tfjs.document import describe_graph
from edgekit.tfjs.graph import Graph, Node, constant, read_string

tf = pytest.importorskip("tensorflow")

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> NDArray[np.float32]:
    return RANDOM.normal(size=shape).astype(np.float32)


def trace(function: Callable[..., Any], *shapes: tuple[int | None, ...], dtype: Any = None) -> Graph:
    """The graph of a TensorFlow function of float tensors ``x0``, ``x1``, ..."""
    specs = [tf.TensorSpec(shape, dtype or tf.float32, name=f"x{index}") for index, shape in enumerate(shapes)]
    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    inputs = {f"x{index}": tensor.name for index, tensor in enumerate(concrete.inputs)}
    outputs = {f"y{index}": tensor.name for index, tensor in enumerate(concrete.outputs)}
    return remove_identities(read_graph_def(concrete.graph.as_graph_def(), inputs, outputs))


def run(graph: Graph, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """What TensorFlow makes of a graph; a fused depthwise convolution, which it has not, is taken apart again."""
    from google.protobuf.json_format import ParseDict

    plain = replace(graph, nodes=tuple(part for node in graph.nodes for part in _unfused(node)))
    graph_def = ParseDict(describe_graph(plain), tf.compat.v1.GraphDef())
    for node in graph_def.node:
        if node.op == "Const":
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(graph.weights[node.name]))
    loaded = tf.Graph()
    with loaded.as_default():
        tf.import_graph_def(graph_def, name="")
    full = [text if ":" in text else f"{text}:0" for text in (*graph.inputs.values(), *graph.outputs.values())]
    feed = dict(zip(full, arrays, strict=False))
    with tf.compat.v1.Session(graph=loaded) as session:
        results: list[NDArray[Any]] = session.run(full[len(graph.inputs) :], feed)
    return results


def _unfused(node: Node) -> list[Node]:
    if node.op == "Prelu":
        kind = {"T": {"type": "DT_FLOAT"}}
        x, alpha = node.inputs
        inner = [
            Node(f"{node.name}/p", "Relu", (x,), kind),
            Node(f"{node.name}/n", "Sub", (x, f"{node.name}/p"), kind),
            Node(f"{node.name}/m", "Mul", (alpha, f"{node.name}/n"), kind),
        ]
        return [*inner, Node(node.name, "AddV2", (f"{node.name}/p", f"{node.name}/m"), kind)]
    if node.op not in ("FusedDepthwiseConv2dNative", "_FusedConv2D", "_FusedMatMul"):
        return [node]
    fused = [read_string({"s": text}) for text in node.attrs["fused_ops"]["list"]["s"]]
    assert int(node.attrs["num_args"]["i"]) == len(node.inputs) - 2
    kind = {"T": {"type": "DT_FLOAT"}}
    op = {"FusedDepthwiseConv2dNative": "DepthwiseConv2dNative", "_FusedConv2D": "Conv2D", "_FusedMatMul": "MatMul"}
    own = {key: value for key, value in node.attrs.items() if key not in ("fused_ops", "num_args", "leakyrelu_alpha")}
    parts = [Node(f"{node.name}/layer", op[node.op], node.inputs[:2], own)]
    steps = [("BiasAdd", (node.inputs[2],), kind)]
    if fused[1:] == ["Prelu"]:
        parts.append(Node(f"{node.name}/biased", "BiasAdd", (f"{node.name}/layer", node.inputs[2]), kind))
        return [*parts, *_unfused(Node(node.name, "Prelu", (f"{node.name}/biased", node.inputs[3])))]
    for name in fused[1:]:
        more = {"alpha": node.attrs["leakyrelu_alpha"]} if name == "LeakyRelu" else {}
        steps.append((name, (), {**kind, **more}))
    for index, (name, inputs, attrs) in enumerate(steps):
        label = node.name if index == len(steps) - 1 else f"{node.name}/{index}"
        parts.append(Node(label, name, (parts[-1].name, *inputs), attrs))
    return parts


def ops(graph: Graph) -> Counter[str]:
    return Counter(node.op for node in graph.nodes if node.op not in ("Const", "Placeholder"))


def check_same(before: Graph, after: Graph, *arrays: NDArray[Any], tolerance: float = 1e-5) -> None:
    for one, other in zip(run(before, *arrays), run(after, *arrays), strict=True):
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)


def layer(kind: str) -> Callable[[Any], Any]:
    kernels = {
        "conv": normal(3, 3, 4, 6),
        "depthwise": normal(3, 3, 4, 2),
        "dense": normal(4, 6),
        "turned": normal(6, 4),
    }
    kernel = kernels[kind]
    return {
        "conv": lambda x: tf.nn.conv2d(x, kernel, 1, "SAME"),
        "depthwise": lambda x: tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID"),
        "dense": lambda x: tf.matmul(x, kernel),
        "turned": lambda x: tf.matmul(x, kernel, transpose_b=True),
    }[kind]


SHAPE: Mapping[str, tuple[int | None, ...]] = {
    "conv": (None, 5, 5, 4),
    "depthwise": (None, 5, 5, 4),
    "dense": (None, 4),
    "turned": (None, 4),
}
CHANNELS = {"conv": 6, "depthwise": 8, "dense": 6, "turned": 6}
LAYER_OP = {"conv": "Conv2D", "depthwise": "DepthwiseConv2dNative", "dense": "MatMul", "turned": "MatMul"}
FUSED_OP = {
    "conv": "_FusedConv2D",
    "depthwise": "FusedDepthwiseConv2dNative",
    "dense": "_FusedMatMul",
    "turned": "_FusedMatMul",
}


def sample(kind: str) -> NDArray[np.float32]:
    return normal(*(3 if size is None else size for size in SHAPE[kind]))


@pytest.mark.parametrize("kind", SHAPE)
def test_factors_of_channels_go_into_the_kernel(kind: str) -> None:
    scale, bias = normal(CHANNELS[kind]), normal(CHANNELS[kind])
    call = layer(kind)
    graph = trace(lambda x: (call(x) * scale + bias) * 2.0 * scale, SHAPE[kind])
    folded = fold_scales(graph)
    assert ops(folded) == {LAYER_OP[kind]: 1, "BiasAdd": 1}
    check_same(graph, folded, sample(kind))


def test_factors_that_cannot_go_into_the_kernel_stay() -> None:
    call, rows, scale = layer("conv"), normal(5, 1), normal(6)
    along_rows = trace(lambda x: call(x) * rows, SHAPE["conv"])
    assert ops(fold_scales(along_rows)) == {"Conv2D": 1, "Mul": 1}

    def twice(x: Any) -> Any:
        y = call(x)
        return y * scale, y

    graph = trace(twice, SHAPE["conv"])
    assert ops(fold_scales(graph)) == {"Conv2D": 1, "Mul": 1}
    dense = layer("dense")
    widened = trace(lambda x: dense(x) * normal(1, 1, 6), SHAPE["dense"])
    assert ops(fold_scales(widened)) == {"MatMul": 1, "Mul": 1}


def test_a_kernel_that_two_layers_share_is_folded_for_one() -> None:
    kernel, scale = normal(1, 1, 4, 4), normal(4)
    graph = trace(lambda x: tf.nn.conv2d(tf.nn.conv2d(x, kernel, 1, "SAME") * scale, kernel, 1, "SAME"), SHAPE["conv"])
    folded = fold_scales(graph)
    assert ops(folded) == {"Conv2D": 2}
    check_same(graph, folded, sample("conv"))


def test_batch_normalization_of_keras_2_is_folded() -> None:
    call = layer("depthwise")
    values = [normal(8), normal(8), normal(8), RANDOM.uniform(0.5, 1.5, 8).astype(np.float32)]

    def normalized(x: Any) -> Any:
        return tf.compat.v1.nn.fused_batch_norm(call(x), *values, epsilon=1e-2, is_training=False)[0]

    graph = trace(normalized, SHAPE["depthwise"])
    assert ops(graph)["FusedBatchNormV3"] == 1
    plain = decompose_batch_norms(graph)
    assert ops(plain) == {"DepthwiseConv2dNative": 1, "Mul": 1, "AddV2": 1}
    folded = fold_scales(plain)
    assert ops(fuse_layers(folded)) == {"FusedDepthwiseConv2dNative": 1}
    check_same(graph, fuse_layers(folded), sample("depthwise"))


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "Relu": lambda x: tf.nn.relu(x),
    "Relu6": lambda x: tf.nn.relu6(x),
    "Elu": lambda x: tf.nn.elu(x),
    "Sigmoid": lambda x: tf.nn.sigmoid(x),
    "LeakyRelu": lambda x: tf.nn.leaky_relu(x, 0.3),
}


@pytest.mark.parametrize("kind", SHAPE)
@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_layer_bias_and_activation_are_one(kind: str, activation: str | None) -> None:
    call, bias = layer(kind), normal(CHANNELS[kind])
    act = ACTIVATIONS[activation] if activation else lambda x: x
    graph = trace(lambda x: act(bias + call(x)), SHAPE[kind])
    fused = fuse_layers(graph)
    assert ops(fused) == {FUSED_OP[kind]: 1}
    check_same(graph, fused, sample(kind))


def test_what_tfjs_cannot_fuse_stays() -> None:
    call = layer("conv")
    assert ops(fuse_layers(trace(lambda x: tf.nn.relu(call(x)), SHAPE["conv"]))) == {"Conv2D": 1, "Relu": 1}
    tanh = fuse_layers(trace(lambda x: tf.tanh(call(x) + normal(6)), SHAPE["conv"]))
    assert ops(tanh) == {"_FusedConv2D": 1, "Tanh": 1}
    doubles = trace(lambda x: tf.matmul(x, tf.eye(4, dtype=tf.float64)) + 1.0, (None, 4), dtype=tf.float64)
    assert "_FusedMatMul" not in ops(fuse_layers(doubles))


@pytest.mark.parametrize(("shape", "merged"), [((6,), True), ((1, 1, 6), True), ((5, 5, 6), True), ((5, 1, 6), False)])
def test_prelu(shape: tuple[int, ...], merged: bool) -> None:
    call, alpha, bias = layer("conv"), np.abs(normal(*shape)), normal(6)

    def keras_prelu(x: Any) -> Any:
        y = call(x) + bias
        return tf.nn.relu(y) + -alpha * tf.nn.relu(-y)

    graph = trace(keras_prelu, SHAPE["conv"])
    changed = fuse_layers(fuse_prelu(graph))
    if not merged:
        assert "Prelu" not in ops(changed)
    elif alpha.size == 6:
        assert ops(changed) == {"_FusedConv2D": 1}
    else:
        assert ops(changed) == {"_FusedConv2D": 1, "Prelu": 1}
    check_same(graph, changed, sample("conv"))


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
def test_a_convolution_pads_by_itself(kind: str) -> None:
    kernel = normal(3, 3, 4, 2)
    step = tf.nn.conv2d if kind == "conv" else tf.nn.depthwise_conv2d

    def padded(x: Any) -> Any:
        return step(tf.pad(x, [[0, 0], [0, 1], [1, 2], [0, 0]]), kernel, [1, 2, 2, 1], "VALID")

    graph = trace(padded, SHAPE[kind])
    changed = fold_pads(graph)
    assert ops(changed) == {LAYER_OP[kind]: 1}
    assert changed.nodes[-1].attrs["explicit_paddings"]["list"]["i"] == list("00011200")
    if kind == "conv":  # TensorFlow's depthwise kernel takes explicit sizes only on a GPU
        check_same(graph, changed, sample(kind))


def test_other_paddings_stay() -> None:
    kernel = normal(3, 3, 4, 2)

    def with_ones(x: Any) -> Any:
        return tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=1.0), kernel, 1, "VALID")

    assert ops(fold_pads(trace(with_ones, SHAPE["conv"]))) == {"PadV2": 1, "Conv2D": 1}


def test_computed_shapes_are_written_down() -> None:
    graph = trace(lambda x: tf.reshape(x, [tf.shape(x)[0], 2, 8]), (None, 4, 4))
    assert "Shape" in ops(graph)
    for shapes in (graph.shapes, {}):
        changed = write_down_reshapes(replace(graph, shapes=shapes))
        assert ops(changed) == {"Reshape": 1}
        check_same(graph, changed, normal(3, 4, 4))
    open_twice = trace(lambda x: tf.reshape(x, [tf.shape(x)[0], 2, tf.shape(x)[1]]), (None, None, 2))
    assert "Shape" in ops(write_down_reshapes(open_twice))


@pytest.mark.parametrize(
    ("equation", "left", "right"),
    [
        ("abc,cde->abde", (None, 5, 4), (4, 2, 3)),
        ("abcd,cde->abe", (None, 5, 2, 3), (2, 3, 4)),
        ("aecd,abcd->acbe", (None, 5, 2, 3), (None, 6, 2, 3)),
        ("acbe,aecd->abcd", (None, 2, 6, 5), (None, 5, 2, 3)),
        ("ab,cb->ca", (3, 4), (5, 4)),
        ("ab,c->abc", (None, 4), (3,)),
    ],
)
def test_einsum_becomes_a_product_of_matrices(
    equation: str, left: tuple[int | None, ...], right: tuple[int | None, ...]
) -> None:
    graph = trace(lambda x, y: tf.raw_ops.Einsum(inputs=[x, y], equation=equation), left, right)
    assert ops(graph) == {"Einsum": 1}
    changed = write_down_einsums(graph)
    assert "Einsum" not in ops(changed)
    arrays = [normal(*(3 if size is None else size for size in shape)) for shape in (left, right)]
    check_same(graph, changed, *arrays)


@pytest.mark.parametrize("equation", ["...a,ab->...b", "aa,ab->b", "ab,bc->a", "ab->ba", "ab,bc,cd->ad", "ab,bc"])
def test_other_einsums_are_left_alone(equation: str) -> None:
    assert parse(equation) is None


def test_substitutes() -> None:
    graph = trace(lambda x: tf.math.erfc(x) + tf.nn.softsign(x), (None, 4))
    changed = substitute(graph)
    assert not {"Erfc", "Softsign"} & set(ops(changed))
    check_same(graph, changed, normal(8, 4), tolerance=1e-6)


def test_identities_go() -> None:
    @tf.custom_gradient
    def swish(x: Any) -> Any:
        return x * tf.sigmoid(x), lambda up: up

    graph = trace(lambda x: tf.stop_gradient(tf.identity(swish(x))), (None, 4))
    assert ops(graph) == {"Sigmoid": 1, "Mul": 1}


def test_equal_weights_are_one_and_dtypes_are_those_of_tfjs() -> None:
    values = {
        "a": np.arange(3.0),
        "b": np.arange(3.0),
        "c": np.arange(3.0, dtype=np.float32),
        "i": np.array([1], np.int64),
    }
    nodes = (*(constant(name, v) for name, v in values.items()), Node("y", "Pack", ("a", "b", "c", "i")))
    graph = share_weights(gather_weights(narrow_weights(Graph(nodes, {}, {"y": "y"}, values))))
    assert graph.nodes[-1].inputs == ("a", "a", "a", "i")
    assert {name: v.dtype.name for name, v in graph.weights.items()} == {"a": "float32", "i": "int32"}
    with pytest.raises(ConversionError, match=r"constant i holds 1,099,511,627,776, and TF\.js"):
        narrow_weights(replace(graph, weights={"i": np.array([2**40])}))


def test_each_answer_has_a_node_of_its_own() -> None:
    nodes = (Node("x", "Placeholder"), Node("s", "Split", ("x",)))
    graph = Graph(nodes, {"x": "x"}, {"a": "s", "b": "s:1", "c": "s", "d": "x"})
    changed = distinct_outputs(graph)
    assert changed.outputs == {"a": "s", "b": "b_output", "c": "c_output", "d": "d_output"}
    sources = {node.name: node.inputs for node in changed.nodes if node.op == "Identity"}
    assert sources == {"b_output": ("s:1",), "c_output": ("s",), "d_output": ("x",)}


def test_names_lose_the_calls_that_were_inlined() -> None:
    nodes = (
        Node("x", "Placeholder"),
        Node("PartitionedCall/StatefulPartitionedCall_1/m/s", "Split", ("x",)),
        Node("PartitionedCall/x", "Neg", ("PartitionedCall/StatefulPartitionedCall_1/m/s:1",)),
    )
    changed = shorten_names(Graph(nodes, {"x": "x"}, {"y": "PartitionedCall/x"}))
    assert [node.name for node in changed.nodes] == ["x", "m/s", "PartitionedCall/x"]
    assert changed.nodes[2].inputs == ("m/s:1",)


def test_a_called_function_is_inlined() -> None:
    inner = tf.function(lambda x, y: (tf.split(x, 2, axis=1), y + 1.0))

    def outer(x: Any) -> Any:
        (_, second), more = inner(x, x)
        (first, _), _ = inner(more, x)
        return second * first

    graph = trace(outer, (None, 4))
    assert "PartitionedCall" not in ops(graph)
    array = normal(3, 4)
    np.testing.assert_allclose(run(graph, array)[0], array[:, 2:] * (array[:, :2] + 1), rtol=1e-6)
