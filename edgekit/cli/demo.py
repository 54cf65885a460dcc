"""``edgekit demo``."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli.console import Console, console_options, force_option


@click.command(epilog="\b\nExamples:\n  edgekit demo\n  edgekit demo --output try/ --force\n")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("edgekit-demo"),
    show_default=True,
    help="The folder for photos, model and exports.",
)
@force_option
@console_options
def command(output: Path, force: bool, console: Console) -> int:
    """Run the whole job on made-up photos: train, export, verify, measure, predict."""
    from edgekit.demo.run import run_demo

    result = run_demo(output, force=force, progress=console.progress)
    console.show("\n" + result.to_text(), result.to_dict())
    return 0 if result.passed else 1
