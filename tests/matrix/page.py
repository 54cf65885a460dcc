"""docs/compatibility.md from the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.matrix.cells import MEMORY, SECONDS
from tests.matrix.prepare import INPUTS
from tests.matrix.rows import COLUMNS, GIANTS, LARGE, all_rows

_HEAD = """---
hide:
  - toc
---

# Compatibility

Every model function of `keras.applications` in every format: converted by EdgeKit, run in the engine of its format
and compared with Keras. `make matrix` makes this page; an open cell says *not run*.

{summary}

- **Weights** are random, nothing is downloaded. Batch normalization has the statistics of the inputs, and the last
  layer tells the inputs apart, as after a training. {images} random images of 10 classes are compared.
- **Sizes**: what a model was trained on, up to {large} pixels; one of {giants} million parameters or more, or for
  larger photos, has the smallest size that it takes. In the table: parameters as built, and pixels of a side.
- **ok**: converted, run, and within [the format's limits](verify.md), which count the images that Keras is sure of. In
  brackets, where it is not 100 %: how many of all images have the same best class. Random weights quantize worse than
  trained ones.
- **Engines**: TFLite and ONNX files were run by LiteRT and onnxruntime, TensorFlow.js models in Node.js on
  WebAssembly, Core ML files by EdgeKit's evaluator, not by Core ML.
- Each cell has {minutes} minutes and {memory} GB of memory. Bold is the smallest of a family.

{versions}
"""


def make_page(results: Mapping[str, Any]) -> str:
    """Markdown.

    Args:
        results: ``versions``, and ``rows`` by name with ``parameters``, ``size`` and ``cells``.
    """
    notes: list[str] = []
    versions = ", ".join(f"{name} {version}" for name, version in results.get("versions", {}).items())
    rows = [(row, results["rows"].get(row.name, {})) for row in all_rows()]
    counts = sorted(
        {cell["images"] for _, found in rows for cell in found.get("cells", {}).values() if "images" in cell}
    )
    lines = [
        _HEAD.format(
            summary=_summary([found.get("cells", {}) for _, found in rows]),
            images=" or ".join(map(str, counts)) or INPUTS,
            giants=GIANTS // 1_000_000,
            large=LARGE,
            minutes=SECONDS // 60,
            memory=f"{MEMORY / 1e9:g}",
            versions=f"With {versions}." if versions else "",
        ),
        f"| model | size | {' | '.join(COLUMNS)} |",
        f"|---|---|{':-:|' * len(COLUMNS)}",
    ]
    for row, found in rows:
        size = f"{found['parameters'] / 1e6:.1f} M, {found['size']} px" if "parameters" in found else ""
        cells = [_cell(found.get("cells", {}).get(column), notes) for column in COLUMNS]
        name = f"**{row.name}**" if row.smallest else row.name
        lines.append(f"| {name} | {size} | {' | '.join(cells)} |")
    if notes:
        lines += ["", "## Why not", ""]
        lines += [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


def _summary(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [cells[column] for cells in rows for column in COLUMNS if column in cells]
    good = sum(cell["state"] == "ok" for cell in cells)
    return f"**{good} of {len(cells)}** cells that were run are ok; {len(rows) * len(COLUMNS) - len(cells)} are open."


def _cell(cell: Mapping[str, Any] | None, notes: list[str]) -> str:
    if cell is None:
        return "*not run*"
    agreement = cell.get("agreement")
    share = f" ({100 * agreement:.0f} %)" if agreement is not None and agreement < 1 else ""
    if cell["state"] == "ok":
        return f"ok{share}"
    reason = " ".join(str(cell.get("reason", "")).split())
    if reason not in notes:
        notes.append(reason)
    return f"[{cell['state']}{share}: {notes.index(reason) + 1}](#why-not)"
