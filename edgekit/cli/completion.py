"""``edgekit completion``: click's own completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(
    epilog="\b\nExamples:\n  edgekit completion bash >> ~/.bashrc\n  edgekit completion zsh >> ~/.zshrc\n"
    "  edgekit completion fish > ~/.config/fish/completions/edgekit.fish\n"
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL."""
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if kind is None:  # the choices above are click's own shells
        raise click.UsageError(f"No completion for {shell}.")
    click.echo(kind(root, {}, "edgekit", "_EDGEKIT_COMPLETE").source())
