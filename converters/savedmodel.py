"""SavedModel for TensorFlow Serving: pixels in under one signature, encoded photos under another.

``serving_default`` takes what every other format takes, in batches of any size. A photo model has
also ``serving_bytes``, for clients that send files: it decodes, crops and resizes inside the graph
(:mod:`edgekit.converters.savedmodel_photos`). Both are run after writing and must agree.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.artifact import Artifact
from edgekit.converters.base import NoOptions, register
from edgekit.converters.savedmodel_photos import decode_batch
from edgekit.converters.savedmodel_proof import BytesProof, prove_bytes
from edgekit.converters.savedmodel_readme import readme_text
from edgekit.errors import ConversionError, EdgeKitError, first_line
from edgekit.program import SIGNATURE, FrozenProgram, load_graph
from edgekit.quantization.calibration import Calibration
from edgekit.savedmodel import SPEC_FILE, check_saved_model, import_tensorflow
from edgekit.spec import ModelSpec

BYTES_SIGNATURE = "serving_bytes"

BYTES_INPUT = "image_bytes"
"""TensorFlow Serving takes ``{"b64": ...}`` for any string; other servers only for names that end so."""

CLASSES, SCORES = "classes", "scores"
"""Outputs beside the model's own, named as in TensorFlow's classification signatures."""

BEST = 5
"""Labels that :data:`CLASSES` has at most: a client shows a few, and a thousand names a photo are many bytes."""

_LABELS = "labels.txt"


@register
class SavedModelConverter:
    """Writes a SavedModel folder."""

    format = "savedmodel"
    precisions = ("fp32",)
    calibrated = ()
    improved = ()
    extra = "tensorflow"
    module = "tensorflow"
    suffix = ".savedmodel"
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
        _write(program, spec, out)
        try:
            check_saved_model(out)
            photos = takes_photos(spec)
            proof = prove_bytes(out, spec, BYTES_SIGNATURE, BYTES_INPUT, batch=program.batch) if photos else None
        except EdgeKitError as error:
            raise ConversionError(f"{out.name} does not run as it was written: {error}") from error
        (out / SPEC_FILE).with_name("README.md").write_text(readme_text(spec, proof), encoding="utf-8")
        return Artifact.at(out, self.format, precision, spec, notes=_notes(proof))


def takes_photos(spec: ModelSpec) -> bool:
    """Whether there can be a signature for encoded photos: one input, and it is a photo."""
    return spec.image is not None and len(spec.inputs) == 1


def _write(program: FrozenProgram, spec: ModelSpec, out: Path) -> None:
    tf = import_tensorflow("Writing a SavedModel")
    graph = load_graph(program)
    signature = [tf.TensorSpec((program.batch, *t.shape[1:]), t.dtype, name=t.name) for t in spec.inputs]

    def call(*tensors: Any) -> dict[str, Any]:
        """The spec's tensors, in its order, through the program, whose own order is another."""
        given = dict(zip(graph.inputs, tensors, strict=True))
        answers = graph.function(*(given[tensor.name] for tensor in graph.function.inputs))
        named = {tensor.name: answer for tensor, answer in zip(graph.function.outputs, answers, strict=True)}
        return {output.name: named[name] for output, name in zip(spec.outputs, graph.outputs, strict=True)}

    module = tf.Module()
    # AutoGraph would rewrite Python branches on tensors; there are none, and looking for them takes seconds.
    module.predict = tf.function(call, input_signature=signature, autograph=False)
    signatures = {SIGNATURE: module.predict.get_concrete_function()}
    if takes_photos(spec):
        encoded = tf.TensorSpec((program.batch,), tf.string, name=BYTES_INPUT)
        from_bytes = _from_bytes(tf, spec, call)
        module.predict_bytes = tf.function(from_bytes, input_signature=[encoded], autograph=False)
        signatures[BYTES_SIGNATURE] = module.predict_bytes.get_concrete_function()
    with _label_file(spec) as labels:
        if labels is not None:
            module.labels = tf.saved_model.Asset(str(labels))
        try:
            # Nobody trains it further; silu and others bring gradients that a frozen function cannot save.
            options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
            tf.saved_model.save(module, str(out), signatures=signatures, options=options)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise ConversionError(f"TensorFlow cannot save {out.name}: {first_line(error)}") from error
    file = out / SPEC_FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(spec.to_json(), encoding="utf-8")


def _from_bytes(tf: Any, spec: ModelSpec, call: Any) -> Any:
    """Encoded photos to the model's outputs, and to the best labels with their probabilities."""
    image = spec.image
    assert image is not None

    def serve(encoded: Any) -> dict[str, Any]:
        pixels = tf.cast(decode_batch(tf, encoded, image), spec.inputs[0].dtype)
        outputs: dict[str, Any] = call(pixels)
        if spec.is_classifier and spec.labels and not {CLASSES, SCORES}.intersection(outputs):
            probabilities = _probabilities(tf, outputs[spec.outputs[0].name], spec)
            scores, places = tf.math.top_k(probabilities, min(BEST, len(spec.labels)))
            outputs |= {SCORES: scores, CLASSES: tf.gather(tf.constant(spec.label_ids), places)}
        return outputs

    return serve


def _probabilities(tf: Any, scores: Any, spec: ModelSpec) -> Any:
    """:func:`edgekit.outputs.class_probabilities` in the graph."""
    if spec.activation == "none":
        scores = tf.sigmoid(scores) if spec.binary or spec.multi_label else tf.nn.softmax(scores)
    return tf.concat([1.0 - scores, scores], axis=1) if spec.binary else scores


@contextlib.contextmanager
def _label_file(spec: ModelSpec) -> Iterator[Path | None]:
    """A file with one label a line, until the SavedModel has its copy; ``None`` where there are no labels."""
    if not spec.labels:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="edgekit-") as folder:
        path = Path(folder) / _LABELS
        # An id with a line break would shift all labels after it.
        lines = (" ".join(label.splitlines()) for label in spec.label_ids)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield path


def _notes(proof: BytesProof | None) -> tuple[str, ...]:
    if proof is None:
        return ()
    return (
        f"The signature {BYTES_SIGNATURE!r} takes JPEG and PNG files and is approximate, since the server's TensorFlow "
        f"decodes them. On {proof.photos} test pictures it answered as EdgeKit's own preprocessing does on "
        f"{proof.agreement:.0%} (largest difference {proof.max_difference:.1e}).",
    )
