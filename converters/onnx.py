"""ONNX: float32, float16 weights, full integer as QDQ, and integer weights.

The graph comes from tf2onnx and is simplified by onnxruntime (:mod:`edgekit.converters.onnx_graph`); each
precision is a rewriting of it, and last it goes to the newest operators that onnxruntime runs. In every
precision inputs and outputs have the spec's names and dtypes: pixels go in as float32, NHWC, and probabilities
come out as float32, for any number of photos at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.artifact import Artifact
from edgekit.converters.base import register
from edgekit.converters.onnx_dynamic import quantize_products
from edgekit.converters.onnx_graph import BASE_OPSET, build_model, check_size, drop_unused_domains, name_dimensions
from edgekit.converters.onnx_half import compute_in_halves
from edgekit.converters.onnx_names import shorten_names
from edgekit.converters.onnx_opset import newest_opset, upgrade
from edgekit.converters.onnx_static import quantize
from edgekit.converters.onnx_weights import store_halves, store_integers
from edgekit.converters.options import option
from edgekit.errors import ConversionError, first_line
from edgekit.onnxfile.checks import find_problems
from edgekit.onnxfile.digest import sign
from edgekit.onnxfile.spec_io import PRODUCER, describe, metadata_of
from edgekit.program import FrozenProgram
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ModelSpec
from edgekit.version import __version__

_SHOWN = 3


@dataclass(frozen=True)
class ONNXOptions:
    """What can be chosen.

    Attributes:
        opset: version of ONNX' operators, for an older runtime; ``None`` for the newest that onnxruntime runs.
        fp16_compute: of ``fp16``, computes in 16 bits as well, which GPUs are fast at; sums beyond 65,504
            overflow then. Else only weights are stored so, and runtimes compute in float32.
        reduce_range: of ``int8``, 7-bit weights: right sums on x86 processors without VNNI.
    """

    opset: int | None = option(None, least=BASE_OPSET, most=newest_opset)
    fp16_compute: bool = option(False, precisions=("fp16",))
    reduce_range: bool = option(False, precisions=("int8",))


@register
class ONNXConverter:
    """Writes ``.onnx``."""

    format = "onnx"
    precisions = ("fp32", "fp16", "int8", "int8-dynamic")
    calibrated = ("int8",)
    improved = ()
    extra = "onnx"
    module = "tf2onnx"
    suffix = ".onnx"
    batch = None
    Options = ONNXOptions

    def convert(
        self,
        program: FrozenProgram,
        spec: ModelSpec,
        precision: str,
        calibration: Calibration | None,
        options: ONNXOptions,
        out: Path,
    ) -> Artifact:
        model = _reduce(build_model(program), spec, precision, calibration, options)
        model = upgrade(model, options.opset)
        drop_unused_domains(model)
        name_dimensions(model, spec)
        shorten_names(model)
        _describe(model, spec, precision)
        _check(model, spec, precision, out.name)
        data = sign(model.SerializeToString(deterministic=True))
        check_size(spec.name, len(data))
        out.write_bytes(data)
        return Artifact.at(out, self.format, precision, spec)


def _reduce(model: Any, spec: ModelSpec, precision: str, calibration: Calibration | None, options: ONNXOptions) -> Any:
    if precision == "fp16":
        if options.fp16_compute:
            return compute_in_halves(model, spec)
        store_halves(model)
    elif precision == "int8":
        if calibration is None:
            raise ConversionError("int8 needs calibration photos. Pass them with --calibration FOLDER.")
        model = quantize(model, spec, calibration, reduce_range=options.reduce_range)
        store_integers(model)  # those of loops and recurrent layers, which the quantizer leaves
    elif precision == "int8-dynamic":
        quantize_products(model)
        store_integers(model)
    return model


def _describe(model: Any, spec: ModelSpec, precision: str) -> None:
    import onnx

    model.producer_name, model.producer_version = PRODUCER, __version__
    model.model_version = 1
    model.doc_string = describe(spec)
    model.graph.name, model.graph.doc_string = spec.name, ""
    onnx.helper.set_model_props(model, metadata_of(spec, precision))


def _check(model: Any, spec: ModelSpec, precision: str, name: str) -> None:
    """Raises :class:`ConversionError` where the model breaks a rule of ONNX, or a promise of its precision."""
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:  # ValidationError, InferenceError, RuntimeError
        raise ConversionError(f"{name} is no valid ONNX model: {first_line(error)}") from error
    problems = find_problems(model, spec, precision)
    if problems:
        more = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        raise ConversionError(f"{name} does not keep the promises of {precision}: {' '.join(problems[:_SHOWN])}{more}")
