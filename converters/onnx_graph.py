"""From a frozen program to a clean float32 ONNX graph.

TensorFlow's graph goes through tf2onnx, then through the hardware-independent optimizations of
onnxruntime: batch norm folded into convolutions, depthwise ones too, padding into them as well, constants
computed, pairs of transposes gone (MobileNetV3-Small: 108 down to 2). What comes out is plain ONNX; pixels
stay NHWC at the interface.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from edgekit.converters.onnx_calls import inline_calls
from edgekit.converters.onnx_names import shorten_names
from edgekit.converters.onnx_ops import CUSTOM_OPS
from edgekit.converters.onnx_padding import keep_zeros
from edgekit.converters.onnx_passes import sparing
from edgekit.errors import ConversionError, first_line
from edgekit.onnxfile.graphs import all_nodes
from edgekit.program import FrozenProgram, ProgramGraph, load_graph
from edgekit.spec import ModelSpec, TensorSpec

BASE_OPSET = 15
"""tf2onnx's preferred one. Up to it tf2onnx turns a mean over height and width into GlobalAveragePool; from 18 on,
where ReduceMean takes its axes as an input, it does not and leaves a transpose (EfficientNetB0: 18 instead of 1)."""

BATCH = "batch"
"""The name of the symbolic batch dimension."""

MAX_BYTES = (1 << 31) - 1
"""A protobuf message is smaller than 2 GiB; beyond that ONNX keeps weights in further files."""


def build_model(program: FrozenProgram) -> Any:
    """A ``ModelProto`` of :data:`BASE_OPSET`, whose inputs and outputs have the spec's names and order.

    Raises:
        ConversionError: an op has no ONNX form, or the model is too large for one file.
    """
    graph = load_graph(program)
    check_size(program.spec.name, graph.graph_def.ByteSize())
    model = _translate(graph, program.spec)
    keep_zeros(model)
    model = simplify(model)
    name_dimensions(model, program.spec)
    # Names and order of constants differ from run to run until here, and what follows goes by them.
    shorten_names(model)
    return model


def check_size(name: str, size: int) -> None:
    """Raises :class:`ConversionError` where a model does not fit into one file."""
    if size > MAX_BYTES:
        raise ConversionError(
            f"{name} takes {size / 1e9:.1f} GB, and one ONNX file holds less than 2.1 GB (protobuf's limit). "
            "Take a smaller precision or model."
        )


def _translate(graph: ProgramGraph, spec: ModelSpec) -> Any:
    import tf2onnx

    names = dict(zip(graph.inputs, (tensor.name for tensor in spec.inputs), strict=True))
    names |= dict(zip(graph.outputs, (tensor.name for tensor in spec.outputs), strict=True))

    def convert() -> Any:
        return tf2onnx.convert.from_graph_def(
            inline_calls(graph.graph_def, graph.inputs, graph.outputs),
            name=spec.name,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            opset=BASE_OPSET,
            custom_op_handlers=dict(CUSTOM_OPS),
            tensors_to_rename=names,
        )[0]

    try:
        model = sparing(convert)
    except Exception as error:  # tf2onnx raises AssertionError, KeyError, ValueError, ...
        raise ConversionError(
            f"tf2onnx failed for {spec.name}: {type(error).__name__}: {first_line(error)}. See the log."
        ) from error
    # It does not fail at an op that it has no translation for, but leaves it as it is.
    unknown = sorted({node.op_type for node in all_nodes(model.graph) if not _is_known(node)})
    if unknown:
        raise ConversionError(
            f"{spec.name} cannot become ONNX: tf2onnx has no translation here for {', '.join(unknown)}. "
            "Replace the layers that they come from."
        )
    return model


def _is_known(node: Any) -> bool:
    import onnx

    return bool(onnx.defs.has(node.op_type, node.domain))


def simplify(model: Any) -> Any:
    """The model after onnxruntime's basic optimizations, which keep to standard ops.

    Raises:
        ConversionError: onnxruntime cannot read the model.
    """
    import onnx
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory(prefix="edgekit-", ignore_cleanup_errors=True) as work:
        path = Path(work) / "model.onnx"
        options.optimized_model_filepath = str(path)
        try:
            ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            simplified = onnx.load(path)
        except Exception as error:  # each of onnxruntime's own kinds derives from Exception
            raise ConversionError(
                f"onnxruntime does not accept what tf2onnx wrote for {model.graph.name}: {first_line(error)}"
            ) from error
    drop_unused_domains(simplified)
    simplified.graph.name = model.graph.name
    return simplified


def drop_unused_domains(model: Any) -> None:
    """Leaves the imports of those operator sets that a node comes from."""
    used = {node.domain for node in all_nodes(model.graph)} | {""}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def name_dimensions(model: Any, spec: ModelSpec) -> None:
    """Gives the free dimensions of inputs and outputs names that a person understands.

    ``batch`` is the first of each, as the spec has it; what nobody knows is ``NAME_AXIS``. Shapes inside of the
    graph are dropped: every reader infers them again.
    """
    for values, tensors in ((model.graph.input, spec.inputs), (model.graph.output, spec.outputs)):
        by_name = {value.name: value for value in values}
        del values[:]
        values.extend(by_name[tensor.name] for tensor in tensors)
        for value, tensor in zip(values, tensors, strict=True):
            _name_dimensions(value.type.tensor_type.shape, tensor)
    del model.graph.value_info[:]


def _name_dimensions(shape: Any, tensor: TensorSpec) -> None:
    if not shape.dim:  # a rank that is not known inside of the graph
        for _ in tensor.shape:
            shape.dim.add()
    for axis, (dimension, size) in enumerate(zip(shape.dim, tensor.shape, strict=True)):
        if dimension.HasField("dim_value") and dimension.dim_value > 0:
            continue
        if size is not None:
            dimension.dim_value = size
        else:
            dimension.dim_param = BATCH if axis == 0 else f"{tensor.name}_{axis}"
