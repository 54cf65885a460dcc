"""The checks of the formats: the one network of :mod:`edgekit.doctor.known`, run by each format's engine.

Each is a check as :mod:`edgekit.doctor.checks` describes it.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

from edgekit.doctor.findings import CheckFailed
from edgekit.errors import install_command


def check_onnx() -> str:
    """Opens a session of onnxruntime; where onnx is installed, too, its checker must find the model sound."""
    import onnxruntime  # noqa: F401 (where it is broken, its own error says more than the engine's)

    from edgekit.doctor.known import ONNX_MODEL

    if importlib.util.find_spec("onnx"):
        import onnx

        onnx.checker.check_model(ONNX_MODEL, full_check=True)
    with tempfile.TemporaryDirectory(prefix="edgekit-doctor-") as folder:
        path = Path(folder) / "tiny.onnx"
        path.write_bytes(ONNX_MODEL)
        info = _run(path, "onnx")
    return f"a tiny .onnx gives the right numbers ({info.name} {info.version}, {info.kernels})"


def check_coreml() -> str:
    """Writes a package with coremltools, whose native libraries that needs, and runs it: on a Mac by Core ML itself."""
    # Where TensorFlow is there coremltools imports it, which takes seconds and is not what is asked here.
    sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
    from edgekit.coreml.tools import import_coremltools
    from edgekit.doctor.known import BIAS, WEIGHTS

    ct = import_coremltools("Core ML")
    import numpy as np
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import Function, Program

    weights, bias = np.array(WEIGHTS, np.float32), np.array(BIAS, np.float32)
    program, target = Program(), ct.target.iOS15
    with Function({"x": Builder.placeholder((1, 4), name="x")}, opset_version=target) as function:
        dense = Builder.linear(x=function.inputs["x"], weight=weights, bias=bias)
        function.set_outputs([Builder.relu(x=dense, name="y")])
    program.add_function("main", function)
    model = ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )
    with tempfile.TemporaryDirectory(prefix="edgekit-doctor-") as folder:
        path = Path(folder) / "tiny.mlpackage"
        model.save(str(path))
        info = _run(path, "coreml")
    return f"a tiny .mlpackage gives the right numbers ({info.name}, coremltools {ct.__version__})"


def check_tfjs() -> str:
    """Starts Node with EdgeKit's runner, which has TensorFlow.js inside, and runs a graph model."""
    import numpy as np

    from edgekit.doctor.known import BIAS, WEIGHTS
    from edgekit.spec import ModelSpec, TensorSpec
    from edgekit.tfjs.graph import Graph, Node, constant
    from edgekit.tfjs.writing import write_model

    kind = {"T": {"type": "DT_FLOAT"}}
    shape = {"shape": {"dim": [{"size": "1"}, {"size": "4"}]}}
    weights = {"w": np.array(WEIGHTS, np.float32), "b": np.array(BIAS, np.float32)}
    nodes = (
        Node("x", "Placeholder", (), {"dtype": kind["T"], "shape": {"shape": shape["shape"]}}),
        *(constant(name, values) for name, values in weights.items()),
        Node("product", "MatMul", ("x", "w"), {**kind, "transpose_a": {"b": False}, "transpose_b": {"b": True}}),
        Node("sum", "AddV2", ("product", "b"), kind),
        Node("y", "Relu", ("sum",), kind),
    )
    spec = ModelSpec("tiny", "tensors", (TensorSpec("x", (None, 4)),), (TensorSpec("y", (None, 3)),))
    with tempfile.TemporaryDirectory(prefix="edgekit-doctor-") as folder:
        path = Path(folder) / "tiny.tfjs"
        write_model(path, Graph(nodes, {"x": "x"}, {"y": "y"}, weights), spec, {}, "")
        info = _run(path, "tfjs")
    return f"a tiny .tfjs gives the right numbers ({info.name} {info.version}, {info.kernels})"


def check_legacy() -> str:
    """Writes an ``.h5`` with Keras 2, opens it as an export does, and runs it."""
    import numpy as np

    from edgekit.doctor.known import BIAS, INPUT, WEIGHTS
    from edgekit.kerasfile import import_keras
    from edgekit.sourcemodel import open_source

    import_keras("Opening a model of Keras 2")
    import tf_keras

    layer = tf_keras.layers.Dense(3, activation="relu")
    model = tf_keras.Sequential([tf_keras.Input((4,), name="x"), layer])
    layer.set_weights([np.transpose(WEIGHTS), np.array(BIAS)])
    with tempfile.TemporaryDirectory(prefix="edgekit-doctor-") as folder:
        path = Path(folder) / "tiny.h5"
        model.save(path)
        (output,) = open_source(path).predict({"x": np.array(INPUT, np.float32)}).values()
    _compare(output, f"tf_keras {tf_keras.__version__}", "legacy")
    return f"a tiny .h5 of Keras 2 gives the right numbers (tf_keras {tf_keras.__version__})"


def _run(path: Path, extra: str) -> Any:
    """Runs a file in the engine of its format; answers the engine's ``info``."""
    import numpy as np

    from edgekit.doctor.known import INPUT
    from edgekit.runtime.engines import find_engine

    engine = find_engine(path).open_model(path, None, True).engine
    try:
        (output,) = engine.run({engine.inputs[0].name: np.array(INPUT, np.float32)}).values()
        _compare(output, str(engine.info), extra)
        return engine.info
    finally:
        engine.close()


def _compare(output: Any, engine: str, extra: str) -> None:
    import numpy as np

    from edgekit.doctor.known import OUTPUT

    if not np.allclose(output, OUTPUT, rtol=0, atol=1e-5):
        raise CheckFailed(
            f"{engine} answers {np.asarray(output).tolist()} where {[list(row) for row in OUTPUT]} is right",
            f"Install it anew, with --force-reinstall: {install_command(extra)}",
        )
