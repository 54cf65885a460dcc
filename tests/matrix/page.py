"""docs/compatibility.md from the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.matrix.cells import MEMORY, SECONDS
from tests.matrix.prepare import INPUTS
from tests.matrix.rows import COLUMNS, all_rows

_HEAD = """# Compatibility

Every model function of `keras.applications` in every format: converted by EdgeKit, run in the engine of its format
and compared with Keras. Made by `make matrix`; nothing is downloaded: the weights are random, batch normalization
has the statistics of the inputs, and {inputs} random images are compared. Models have the size they were trained on,
those of 60 million parameters or more the smallest that they take.

**ok**: converted, run, and within [the format's limits](verify.md); in brackets, where it is not 100 %, how many of
the images have the same best class. 8-bit figures are of random weights, which quantize worse than trained ones.
*not run*: a cell that nobody has filled in yet. Each cell has {minutes} minutes and {memory} GB. Core ML files were
run by EdgeKit's evaluator, not by Core ML; TensorFlow.js ones in Node.js on WebAssembly.

{versions}
"""


def make_page(results: Mapping[str, Any]) -> str:
    """Markdown.

    Args:
        results: ``versions``, and ``rows`` by name with ``parameters``, ``size`` and ``cells``.
    """
    notes: list[str] = []
    versions = ", ".join(f"{name} {version}" for name, version in results.get("versions", {}).items())
    lines = [
        _HEAD.format(
            inputs=INPUTS, minutes=SECONDS // 60, memory=MEMORY >> 30, versions=f"With {versions}." if versions else ""
        ),
        f"| model | parameters | size | {' | '.join(COLUMNS)} |",
        f"|---|--:|--:|{':-:|' * len(COLUMNS)}",
    ]
    for row in all_rows():
        found = results["rows"].get(row.name, {})
        parameters = f"{found['parameters'] / 1e6:.1f} M" if "parameters" in found else ""
        cells = [_cell(found.get("cells", {}).get(column), notes) for column in COLUMNS]
        name = f"**{row.name}**" if row.smallest else row.name
        lines.append(f"| {name} | {parameters} | {found.get('size', '')} | {' | '.join(cells)} |")
    lines += ["", "Bold: the smallest of its family."]
    lines += [f"\n[^{number}]: {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


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
    return f"{cell['state']}{share}[^{notes.index(reason) + 1}]"
