"""``edgekit inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit inspect dist/flowers.int8.tflite
  edgekit inspect somebody_elses.tflite --json

\b
Works on any .tflite file. The file is run once, in a process of its own, so that a broken one
cannot do harm; --no-run leaves that out.
"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--run/--no-run", default=True, help="Try whether it runs here.")
@console_options
def command(file: Path, run: bool, console: Console) -> None:
    """Describe FILE: tensors, quantization, ops, multiply-accumulates, labels."""
    from edgekit.cli.paths import refuse_folder
    from edgekit.errors import UsageError
    from edgekit.report.inspection import inspection_text
    from edgekit.runtime.engines import is_model
    from edgekit.runtime.trust import try_model
    from edgekit.tflite.describe import describe

    if file.suffix.lower() == ".keras":
        raise UsageError(f"inspect describes .tflite files; export it first: edgekit export {file}")
    if file.suffix.lower() != ".tflite" and is_model(file):
        raise UsageError(f"inspect describes .tflite files, and {file} is another kind of model.")
    refuse_folder(file, (".tflite",))
    description = describe(file)
    trial = try_model(file) if run else None
    console.show(
        inspection_text(description, trial), {**description.to_dict(), "trial": trial.to_dict() if trial else None}
    )
