"""Reading the :class:`~edgekit.spec.ModelSpec` that travels inside a ``.tflite`` file."""

from __future__ import annotations

from edgekit.spec import ModelSpec
from edgekit.tflite.container import find_entry

SPEC_ENTRY = "EDGEKIT_SPEC"
"""The metadata entry that holds the spec as JSON in UTF-8."""


def read_spec(data: bytes | memoryview, name: str) -> ModelSpec | None:
    """The model's spec, or ``None`` where EdgeKit did not write the file.

    Args:
        data: the bytes of a ``.tflite`` file.
        name: what to call it in an error.

    Raises:
        ModelFileError: the file is not a sound TFLite model.
        SpecError: the spec is broken, or written by a newer EdgeKit.
    """
    span = find_entry(data, SPEC_ENTRY, name)
    return None if span is None else ModelSpec.from_json(bytes(data[span.offset : span.offset + span.size]), name)
