"""Which version of ONNX' operators a file is written for."""

from __future__ import annotations

from functools import cache
from typing import Any

from edgekit.converters.onnx_graph import BASE_OPSET
from edgekit.errors import ConversionError, UsageError, first_line


@cache
def newest_opset() -> int:
    """The newest version that both onnx and onnxruntime here know.

    onnx is ahead of onnxruntime (1.23 writes 28, onnxruntime 1.31 reads 26), which does not tell what it
    reads: a model of one node does.
    """
    import onnx

    for version in range(onnx.defs.onnx_opset_version(), BASE_OPSET, -1):
        if _is_run(_smallest_model(version)):
            return version
    return BASE_OPSET


def upgrade(model: Any, version: int | None) -> Any:
    """The model for operators of another version.

    Args:
        model: of :data:`~edgekit.converters.onnx_graph.BASE_OPSET`.
        version: ``None`` for the newest that can be had: where onnx cannot rewrite the model, or
            onnxruntime lacks a kernel of it, that is an older one.

    Raises:
        UsageError: there is no such version here.
        ConversionError: the model cannot be rewritten for ``version``.
    """
    newest = newest_opset()
    if version is not None:
        if not BASE_OPSET <= version <= newest:
            raise UsageError(f"The option onnx.opset is {BASE_OPSET} to {newest} here. Got: {version}.")
        return _rewrite(model, version)
    for candidate in range(newest, BASE_OPSET, -1):
        try:
            rewritten = _rewrite(model, candidate)
        except ConversionError as error:
            print(error)  # into the conversion's log
            continue
        if _is_run(rewritten):
            return rewritten
    return _rewrite(model, BASE_OPSET)


def _rewrite(model: Any, version: int) -> Any:
    import onnx

    rewritten = model
    if version != BASE_OPSET:
        try:
            rewritten = onnx.version_converter.convert_version(model, version)
        except Exception as error:  # RuntimeError of C++ assertions
            raise ConversionError(f"onnx cannot rewrite the model for opset {version}: {first_line(error)}") from error
    # Readers refuse a newer format of the file than they know, so it is the oldest that has these operators.
    rewritten.ir_version = onnx.helper.find_min_ir_version_for(list(rewritten.opset_import))
    return rewritten


def _is_run(model: Any) -> bool:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4  # a refusal is an answer here
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # each of onnxruntime's kinds derives from Exception
        print(f"onnxruntime does not run opset {model.opset_import[0].version}: {first_line(error)}")
        return False
    return True


def _smallest_model(version: int) -> Any:
    from onnx import TensorProto, helper

    taken, given = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "smallest", [taken], [given])
    opsets = [helper.make_opsetid("", version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets))
