"""Names that every format takes for its tensors."""

from __future__ import annotations

import re
from collections.abc import Sequence


def clean_names(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Names of letters, digits and underscores, no two the same.

    Core ML and C++ generated from it want identifiers, TensorFlow no underscore in front, and ONNX no
    output with the name of an input.

    Args:
        names: as the model has them, ``dense_1/Softmax:0`` perhaps.
        taken: names that are gone already.
    """
    found: list[str] = []
    for name in names:
        clean = re.sub(r"\W+", "_", name.split(":")[0], flags=re.ASCII).strip("_")
        if not re.match("[A-Za-z]", clean):
            clean = f"tensor_{clean}".rstrip("_")
        unique, number = clean, 1
        while unique in found or unique in taken:
            unique, number = f"{clean}_{number}", number + 1
        found.append(unique)
    return found
