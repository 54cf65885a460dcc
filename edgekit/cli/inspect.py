"""``edgekit inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit inspect dist/flowers.int8.tflite
  edgekit inspect somebody_elses.tflite --json
  edgekit inspect somebody_elses.onnx
  edgekit inspect --edgetpu dist/flowers.int8.tflite

\b
Works on any .tflite file. The file is run once, in a process of its own, so that a broken one
cannot do harm; --no-run leaves that out. Models of other formats are loaded, checked and run
as for predict: inputs, outputs, labels, and what runs them.

--edgetpu says of a .tflite which ops the Edge TPU compiler would map to the chip, why not the others,
and what to change. Nothing is run, and neither the compiler nor a chip is needed.
"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--run/--no-run", default=True, help="Try whether it runs here.")
@click.option("--edgetpu", is_flag=True, help="Say what the Edge TPU compiler would make of it, and run nothing.")
@click.option("--edgetpu-compiler", metavar="VERSION", help="1, 2, 14, 15 or 16. [default: 16]")
@click.option("--edgetpu-runtime", type=int, metavar="N", help="Compile for an older runtime: 10 to 14.")
@console_options
def command(
    file: Path,
    run: bool,
    edgetpu: bool,
    edgetpu_compiler: str | None,
    edgetpu_runtime: int | None,
    console: Console,
) -> None:
    """Describe the model FILE: tensors, labels; of a .tflite also quantization, ops, multiply-accumulates."""
    if edgetpu:
        from edgekit.report.edgetpu import inspect_edgetpu

        console.show(*inspect_edgetpu(file, edgetpu_compiler or "16", edgetpu_runtime))
        return
    if edgetpu_compiler is not None or edgetpu_runtime is not None:
        raise click.UsageError("--edgetpu-compiler and --edgetpu-runtime go with --edgetpu.")
    from edgekit.cli.paths import refuse_folder
    from edgekit.errors import UsageError
    from edgekit.report.inspection import inspection_text
    from edgekit.runtime.engines import MODULES, is_model, model_root
    from edgekit.runtime.trying import try_model
    from edgekit.tflite.describe import describe

    file = model_root(file)
    if file.suffix.lower() != ".tflite" and is_model(file) and file.exists():
        from edgekit.report.model_inspection import inspect_model

        if not run:
            raise UsageError(
                f"--no-run is for .tflite files. {file} says what it takes when it is loaded; leave it out."
            )
        inspection = inspect_model(file)
        console.show(inspection.to_text(), inspection.to_dict())
        return
    refuse_folder(file, MODULES)
    description = describe(file)
    trial = try_model(file) if run else None
    console.show(
        inspection_text(description, trial), {**description.to_dict(), "trial": trial.to_dict() if trial else None}
    )
