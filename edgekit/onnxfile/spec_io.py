"""The :class:`~edgekit.spec.ModelSpec` that travels in the metadata of an ``.onnx`` file."""

from __future__ import annotations

import json

from edgekit.onnxfile.model import ONNXFile
from edgekit.spec import ModelSpec
from edgekit.version import __version__

SPEC_KEY = "edgekit.spec"
"""The key of ``metadata_props`` that holds the spec as JSON."""

PRODUCER = "EdgeKit"


def read_spec(model: ONNXFile, name: str) -> ModelSpec | None:
    """The model's spec, or ``None`` where EdgeKit did not write the file.

    Raises:
        SpecError: the spec is broken, or written by a newer EdgeKit.
    """
    text = model.metadata.get(SPEC_KEY)
    return None if text is None else ModelSpec.from_json(text, name)


def metadata_of(spec: ModelSpec, precision: str) -> dict[str, str]:
    """What goes into ``metadata_props``: the spec, and in plain words what other tools can show.

    ``labels`` is a JSON list in the order of the output.
    """
    found = {"edgekit.version": __version__, SPEC_KEY: spec.to_json(), "name": spec.name, "task": spec.task}
    if spec.labels:
        found["labels"] = json.dumps(list(spec.label_ids), ensure_ascii=False)
    return {**found, "precision": precision}


def describe(spec: ModelSpec) -> str:
    """A sentence or two for people, as the file's ``doc_string``."""
    taken = ", ".join(f"{tensor.name} {_shape(tensor.shape)} {tensor.dtype}" for tensor in spec.inputs)
    given = ", ".join(f"{tensor.name} {_shape(tensor.shape)} {tensor.dtype}" for tensor in spec.outputs)
    pixels = " Pixels are 0..255, height x width x channels (NHWC); scaling is inside." if spec.image else ""
    return f"{spec.name}. Takes {taken}; answers {given}.{pixels}"


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
