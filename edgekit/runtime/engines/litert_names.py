"""Names for a TFLite model's inputs and outputs: the signature's, or readable ones made of the tensors'."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

DEFAULT_SIGNATURE = "serving_default"
_MEANINGLESS = re.compile(r"(Stateful)?PartitionedCall(_\d+)?|Identity(_\d+)?|")
"""What converters call an output of which they know nothing, and the empty name."""

Signatures = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Signature key to ``inputs`` and ``outputs``, each name to tensor index."""


def name_tensors(
    kind: str, indices: Sequence[int], raw_names: Sequence[str], signature: Mapping[str, int] | None
) -> tuple[str, ...]:
    """One unique name for each tensor.

    Args:
        kind: ``input`` or ``output``, for tensors without a name of their own.
        indices: of the tensors.
        raw_names: of the tensors, as in ``serving_default_image:0``.
        signature: name to tensor index, if the model has one for these tensors.
    """
    if signature is not None:
        by_index = {index: name for name, index in signature.items()}
        return tuple(by_index[index] for index in indices)
    names: list[str] = []
    for place, raw in enumerate(raw_names):
        name = readable(raw) or (kind if len(raw_names) == 1 else f"{kind}_{place}")
        while name in names:
            name = f"{name}_{place}"
        names.append(name)
    return tuple(names)


def readable(raw: str) -> str:
    """``serving_default_image:0`` to ``image``; empty for a name that says nothing."""
    name = re.sub(r":\d+$", "", raw).removeprefix(f"{DEFAULT_SIGNATURE}_")
    return "" if _MEANINGLESS.fullmatch(name) else name


def find_signature(
    signatures: Signatures, inputs: Sequence[int], outputs: Sequence[int]
) -> Mapping[str, Mapping[str, int]] | None:
    """The signature over exactly the model's main inputs and outputs, ``serving_default`` first.

    Signatures of other subgraphs, and those where one tensor has two names, are left aside.
    """
    for key in sorted(signatures, key=lambda key: key != DEFAULT_SIGNATURE):
        signature = signatures[key]
        given, answered = signature["inputs"], signature["outputs"]
        if sorted(given.values()) == sorted(inputs) and sorted(answered.values()) == sorted(outputs):
            return signature
    return None
