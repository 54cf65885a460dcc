"""Edge TPU: the full-integer TFLite model that ``edgetpu_compiler`` 16 accepts.

The compiler came out in July 2021, with TensorFlow 2.5's operators, and refuses a file with a newer version of any
("Didn't find op for builtin opcode 'CONV_2D' version '6'", google-coral/edgetpu issue 631; likewise TRANSPOSE_CONV
4, issue 845, and QUANTIZE 3, issue 879). So the int8 model is quantized with one scale for the weights of each dense
layer, and newer operators are told in older ones (:mod:`edgekit.tflite.older_ops`), which is proved to change no
answer. What of it runs on the chip is predicted and said, op by op, before anybody compiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifact import Artifact, Check
from edgekit.converters.base import register
from edgekit.converters.beside import Beside
from edgekit.converters.edge_tpu_compile import compile_beside
from edgekit.converters.edge_tpu_dense import AUTO, CHOICES, take_dense
from edgekit.converters.edge_tpu_gates import refuse_gates
from edgekit.converters.edge_tpu_notes import notes_about
from edgekit.converters.options import option
from edgekit.converters.tflite import first_lines
from edgekit.converters.tflite_int8 import find_ranges
from edgekit.edgetpu.mapping import map_model
from edgekit.errors import ConversionError, EdgeKitError
from edgekit.host import usable_cores
from edgekit.program import FrozenProgram
from edgekit.quantization.calibration import Calibration
from edgekit.runtime.engines.litert import INTERPRETERS, find_interpreter
from edgekit.spec import ModelSpec
from edgekit.tflite.checks import find_problems
from edgekit.tflite.embed import embed
from edgekit.tflite.model import TFLiteModel, read_model
from edgekit.tflite.older_ops import with_older_operators
from edgekit.tflite.schema import FLOAT_TYPES

_PROOFS = 8
"""Samples on which the older operators must give the same bytes."""


@dataclass(frozen=True)
class EdgeTPUOptions:
    """What can be chosen.

    Attributes:
        num_segments: into how many parts the compiler cuts the model, for as many Edge TPUs in a row.
        min_runtime_version: the oldest Edge TPU runtime that the compiled model is to run with: 10 to 14.
        dense: what becomes of dense layers, of which the compiler takes no weights with a scale for each output:
            weights with one scale for all, or convolutions, with the very answers of ``tflite:int8``; by default
            the first where it answers alike.
        as_it_is: convert networks, too, that have squeeze-and-excitation gates.
        search_delegate: where the compiler fails, let it leave more and more ops at the end to the CPU until it
            succeeds.
    """

    num_segments: int = option(1, least=1, most=16)
    min_runtime_version: int | None = option(None, least=10, most=14)
    dense: str = option(AUTO, choices=CHOICES)
    as_it_is: bool = option(False)
    search_delegate: bool = option(False)


@register
class EdgeTPUConverter:
    """Writes ``NAME.int8_for_edgetpu.tflite``, which any LiteRT runs and the compiler takes."""

    format = "edgetpu"
    precisions = ("int8",)
    calibrated = ("int8",)
    improved = ()
    extra = "tensorflow"
    module = "tensorflow"
    suffix = "_for_edgetpu.tflite"
    batch = 1
    Options = EdgeTPUOptions

    def convert(
        self,
        program: FrozenProgram,
        spec: ModelSpec,
        precision: str,
        calibration: Calibration | None,
        options: EdgeTPUOptions,
        out: Path,
    ) -> Artifact:
        if calibration is None:
            raise ConversionError(f"{precision} needs calibration photos. Pass them with --calibration FOLDER.")
        samples = calibration.with_extremes()
        data, rewritten = _convert(program, spec, samples, options)
        data = embed(data, spec)
        model = read_model(data, out.name)
        _refuse_floats(model, spec.name)
        problems = find_problems(model, precision)
        if problems:
            raise ConversionError(f"{out.name} does not keep the promises of {precision}: {' '.join(problems[:3])}")
        mapping = map_model(data, runtime=options.min_runtime_version)
        if mapping.refused is not None:
            raise ConversionError(f"{spec.name} cannot be compiled for the Edge TPU. {mapping.refused}")
        if not mapping.mapped:
            reasons = "; ".join(f"{one.count} {one.op}: {one.reason}" for one in mapping.ops)
            raise ConversionError(f"No op of {spec.name} would run on the Edge TPU ({reasons}).")
        out.write_bytes(data)
        asked = (options.num_segments, options.min_runtime_version, options.search_delegate)
        notes = notes_about(mapping, out.name, *asked)
        return Artifact.at(out, self.format, precision, spec, (*rewritten, *notes))

    def finish(self, artifact: Artifact, proof: Check, options: EdgeTPUOptions) -> tuple[Beside, ...]:
        """Compiles the artifact once it is proved, where the compiler is on the PATH."""
        asked = (options.num_segments, options.min_runtime_version, options.search_delegate)
        return compile_beside(artifact, proof, *asked)


def _convert(
    program: FrozenProgram, spec: ModelSpec, samples: NDArray[Any], options: EdgeTPUOptions
) -> tuple[bytes, tuple[str, ...]]:
    """The int8 model in older operators, and what was done for them."""
    name = spec.name
    check = None if options.as_it_is else refuse_gates(name)
    try:
        ranged = find_ranges(program.folder, program.spec.inputs[0].name, samples, check)
        taken = take_dense(ranged, options.dense, spec, samples, run)
    except EdgeKitError:
        raise
    except Exception as error:  # the converter raises ConverterError, RuntimeError, ValueError, ...
        raise ConversionError(
            f"{name} cannot be full-integer, as the Edge TPU needs it: TensorFlow's converter failed "
            f"({first_lines(error)})"
        ) from error
    older, rewritten = with_older_operators(read_model(taken.data, name))
    if older != taken.equal:
        chosen = samples[np.linspace(0, len(samples) - 1, min(_PROOFS, len(samples))).astype(int)]
        answers = (run(data, chosen, fast=False) for data in (older, taken.equal))
        if not all(np.array_equal(*both) for both in zip(*answers, strict=True)):
            raise ConversionError(
                f"{name} answers otherwise with the operators that the Edge TPU's compiler knows. "
                "This is a defect of EdgeKit."
            )
    return older, (*taken.notes, *rewritten)


def run(data: bytes, samples: NDArray[Any], fast: bool = True) -> list[NDArray[Any]]:
    """What each output of a ``.tflite`` with one input answers to samples: (n, ...) of its dtype.

    Args:
        data: the model.
        samples: (n, ...) in real numbers, of the input's own dtype after rounding.
        fast: with the interpreter's usual kernels, on all processors; else with its plain ones.

    Raises:
        ConversionError: the interpreter cannot run it.
    """
    package, factory = find_interpreter()
    kinds = import_module(INTERPRETERS[package]).OpResolverType
    kernels = kinds.AUTO if fast else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    threads = usable_cores() if fast else 1
    try:
        interpreter: Any = factory(model_content=data, experimental_op_resolver_type=kernels, num_threads=threads)
        interpreter.allocate_tensors()
        (taken,) = interpreter.get_input_details()
        answers = []
        for sample in samples:
            interpreter.set_tensor(taken["index"], _quantized(sample[np.newaxis], taken))
            interpreter.invoke()
            answers.append([interpreter.get_tensor(one["index"]).copy() for one in interpreter.get_output_details()])
    except (RuntimeError, ValueError) as error:
        raise ConversionError(f"The interpreter cannot run the int8 model: {first_lines(error)}") from error
    return [np.concatenate(one) for one in zip(*answers, strict=True)]


def _quantized(values: NDArray[Any], detail: dict[str, Any]) -> NDArray[Any]:
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    levels: NDArray[Any] = np.clip(np.rint(values / (scale or 1.0)) + zero, limits.min, limits.max)
    return levels.astype(detail["dtype"])


def _refuse_floats(model: TFLiteModel, name: str) -> None:
    main = model.subgraphs[0]
    left = dict.fromkeys(
        operator.name
        for operator in main.operators
        if operator.name != "DEQUANTIZE" and any(main.tensors[index].dtype in FLOAT_TYPES for index in operator.outputs)
    )
    if left:
        raise ConversionError(
            f"{name} cannot be full-integer, as the Edge TPU needs it: TensorFlow quantizes no {', '.join(left)}. "
            "Build the model without, or export tflite:int8-dynamic for a processor."
        )
