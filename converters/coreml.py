"""Core ML: an ML program that takes photos as images and answers labels.

The conversion is that of coremltools. What is added: the names, texts and spec that Xcode and our own
runtime read, loops and ops that coremltools 9.0 stumbles over, rounding that keeps kernels' sums, tables of
weights without scikit-learn, and the proof on the written package that it holds what its precision promises.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifact import Artifact
from edgekit.converters.base import register
from edgekit.converters.coreml_describe import Texts, describe, is_label_classifier
from edgekit.converters.coreml_graph import load_function, register_ops
from edgekit.converters.coreml_kernels import Rounding, make_pipeline
from edgekit.converters.coreml_targets import choose_system, coremltools_target, find_system, has_group_tables
from edgekit.converters.coreml_weights import compress
from edgekit.converters.options import option
from edgekit.coreml.checks import BITS, find_problems
from edgekit.coreml.package import read_package
from edgekit.coreml.tools import import_coremltools
from edgekit.errors import ConversionError, first_line
from edgekit.program import FrozenProgram, ProgramGraph
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ModelSpec, TensorSpec

_SHOWN = 3

_DTYPES = {
    "float32": "float32",
    "float64": "float32",
    "float16": "float32",
    "int32": "int32",
    "int64": "int32",
    "int16": "int32",
    "uint16": "int32",
    "int8": "int32",
    "uint8": "int32",
    "bool": "int32",
}
"""Core ML's tensors hold float32 or int32 (float16 too since iOS16, which saves nothing here)."""

COMPUTE = ("float16", "float32")


@dataclass(frozen=True)
class CoreMLOptions:
    """What a user can choose.

    Attributes:
        deployment_target: the oldest system that the model is to run on, as in ``iOS16`` or ``macOS13``;
            empty for the oldest that the precision can have: iOS15, and iOS16 for int8, int6 and int4.
        compute: ``float16`` or ``float32`` arithmetic of int8, int6 and int4 models; fp32 computes in
            float32 and fp16 in float16.
        palettize: int8 weights as indices into a table, and not as integers with a scale for each channel.
        author: shown by Xcode, like the three below.
        license: likewise.
        version: likewise.
        description: likewise; empty for a sentence made from the spec.
    """

    deployment_target: str = ""
    compute: str = option("float16", choices=COMPUTE, precisions=("int8", "int6", "int4"))
    palettize: bool = option(False, precisions=("int8",))
    author: str = ""
    license: str = ""
    version: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if self.deployment_target:
            find_system(self.deployment_target)

    def check_precisions(self, precisions: Sequence[str]) -> None:
        """Raises :class:`~edgekit.errors.UsageError` for one that the deployment target is too old for."""
        for precision in precisions:
            choose_system(precision, self.deployment_target)


@register
class CoreMLConverter:
    """Writes ``.mlpackage`` with coremltools; needs no Mac."""

    format = "coreml"
    precisions = ("fp16", "fp32", "int8", "int6", "int4")
    calibrated = ()
    improved = tuple(BITS)
    """Precisions that calibration samples make better, and that do without."""
    extra = "coreml"
    module = "coremltools"
    suffix = ".mlpackage"
    batch = 1
    Options = CoreMLOptions

    def convert(
        self,
        program: FrozenProgram,
        spec: ModelSpec,
        precision: str,
        calibration: Calibration | None,
        options: CoreMLOptions,
        out: Path,
    ) -> Artifact:
        system = choose_system(precision, options.deployment_target)
        coremltools = import_coremltools("Exporting to Core ML")
        graph = load_function(program)
        exact = precision == "fp32" or (precision in BITS and options.compute == "float32")
        passes = make_pipeline(coremltools, spec, Rounding(precision, exact, options.palettize), calibration)
        model = _convert(coremltools, graph, spec, system, "FLOAT32" if exact else "FLOAT16", passes)
        if precision in BITS:
            model = compress(coremltools, model, precision, options.palettize, has_group_tables(system))
        texts = Texts(options.author, options.license, options.version, options.description)
        describe(model, spec, texts, _feature_names(model, spec))
        model.save(str(out))
        _make_readable(out)
        _check(out, precision)
        print(f"{out.name}: {precision} weights, for {system} and newer.")
        return Artifact.at(out, self.format, precision, spec)


def _convert(coremltools: Any, graph: ProgramGraph, spec: ModelSpec, system: str, compute: str, passes: Any) -> Any:
    register_ops()
    labels = None
    if is_label_classifier(spec):
        labels = coremltools.ClassifierConfig(
            list(spec.label_ids), predicted_probabilities_output=_node(graph.outputs[0])
        )
    inputs = [
        _input_type(coremltools, tensor, _node(name), spec)
        for tensor, name in zip(spec.inputs, graph.inputs, strict=True)
    ]
    try:
        return coremltools.convert(
            [graph.function],
            source="tensorflow",
            convert_to="mlprogram",
            inputs=inputs,
            outputs=[coremltools.TensorType(name=_node(name)) for name in graph.outputs],
            classifier_config=labels,
            compute_precision=getattr(coremltools.precision, compute),
            minimum_deployment_target=coremltools_target(coremltools, system),
            pass_pipeline=passes,
            skip_model_load=True,
        )
    except Exception as error:  # NotImplementedError, ValueError, IndexError, RuntimeError, ...
        raise ConversionError(_explain(error, spec.name, coremltools.__version__)) from error


def _input_type(coremltools: Any, tensor: TensorSpec, name: str, spec: ModelSpec) -> Any:
    shape = tuple(1 if place == 0 and size is None else size for place, size in enumerate(tensor.shape))
    if None in shape:
        raise ConversionError(
            f"Core ML needs fixed sizes, and the input {tensor.name} of {spec.name} has the shape {tensor.shape}. "
            "Pin it with --input-shape."
        )
    if tensor.image is not None:
        layouts = coremltools.colorlayout
        layout = layouts.RGB if tensor.image.color == "rgb" else layouts.GRAYSCALE
        return coremltools.ImageType(name=name, shape=shape, color_layout=layout)
    if tensor.dtype not in _DTYPES:
        raise ConversionError(
            f"Core ML has no tensors of {tensor.dtype}, which the input {tensor.name} of {spec.name} is."
        )
    return coremltools.TensorType(name=name, shape=shape, dtype=np.dtype(_DTYPES[tensor.dtype]).type)


def _node(tensor: str) -> str:
    """The node of a TensorFlow tensor ``image:0``; coremltools goes by these."""
    return tensor.rpartition(":")[0]


def _explain(error: Exception, name: str, version: str) -> str:
    """One sentence that names the op, where coremltools does."""
    unknown = re.search(r"Conversion for TF op '(\w+)' not implemented.*?name: \"([^\"]+)\"", str(error), re.DOTALL)
    if unknown:
        return (
            f"{name} has the TensorFlow op {unknown[1]} ({unknown[2]}), for which coremltools {version} has no "
            "conversion. Replace the layer that makes it, or export to another format."
        )
    return f"coremltools {version} cannot convert {name}: {type(error).__name__}: {first_line(error)}"


def _feature_names(model: Any, spec: ModelSpec) -> dict[str, str]:
    """The names of the spec's tensors in Core ML: its description has them in the spec's order."""
    description = model.get_spec().description
    outputs = [feature.name for feature in description.output if feature.name != description.predictedFeatureName]
    inputs = [feature.name for feature in description.input]
    return {
        **dict(zip((tensor.name for tensor in spec.inputs), inputs, strict=True)),
        **dict(zip((tensor.name for tensor in spec.outputs), outputs, strict=True)),
    }


def _make_readable(package: Path) -> None:
    """The model is written by coremltools as a temporary file, which nobody but its owner may read."""
    for path in package.rglob("*"):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IRGRP | stat.S_IROTH | (stat.S_IXGRP | stat.S_IXOTH if path.is_dir() else 0))


def _check(out: Path, precision: str) -> None:
    problems = find_problems(read_package(out), precision)
    if problems:
        more = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        raise ConversionError(
            f"{out.name} does not keep the promises of {precision}: {' '.join(problems[:_SHOWN])}{more}"
        )
