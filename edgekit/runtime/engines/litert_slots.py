"""The input and output tensors of an interpreter, under names that mean something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.runtime.engines.base import STRING, TensorInfo
from edgekit.runtime.engines.litert_names import find_signature, name_tensors


@dataclass
class Slot:
    """A tensor's place in the interpreter, with the shape that is allocated now."""

    info: TensorInfo
    index: int
    shape: tuple[int, ...]


def read_slots(interpreter: Any) -> tuple[list[Slot], list[Slot]]:
    """The inputs and the outputs of an interpreter whose tensors are allocated."""
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    signature = find_signature(
        # The public get_signature_list gives names without their tensors.
        interpreter._get_full_signature_list(),
        [detail["index"] for detail in inputs],
        [detail["index"] for detail in outputs],
    )
    return (
        _name_slots("input", inputs, signature["inputs"] if signature else None),
        _name_slots("output", outputs, signature["outputs"] if signature else None),
    )


def _name_slots(kind: str, details: Sequence[Mapping[str, Any]], signature: Mapping[str, int] | None) -> list[Slot]:
    indices = [int(detail["index"]) for detail in details]
    names = name_tensors(kind, indices, [detail["name"] for detail in details], signature)
    return [
        Slot(_describe(name, detail), index, tuple(int(size) for size in detail["shape"]))
        for name, index, detail in zip(names, indices, details, strict=True)
    ]


def _describe(name: str, detail: Mapping[str, Any]) -> TensorInfo:
    dtype = np.dtype(detail["dtype"])
    scales = detail["quantization_parameters"]["scales"]
    zero_points = detail["quantization_parameters"]["zero_points"]
    # shape_signature is empty where the file holds none; then the shape is fixed.
    sizes = detail["shape_signature"] if len(detail["shape_signature"]) else detail["shape"]
    return TensorInfo(
        name,
        tuple(None if size < 0 else int(size) for size in sizes),
        STRING if dtype.kind in "SUO" else dtype.name,
        float(scales[0]) if len(scales) == 1 else None,
        int(zero_points[0]) if len(zero_points) == 1 else 0,
    )
