"""``edgekit``: the group of commands, each imported when it is run or asked for help.

``edgekit --help`` imports click and this file only, so it answers at once.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from edgekit.cli.shown import complain, remember_typed
from edgekit.errors import EdgeKitError
from edgekit.version import __version__

COMMANDS: dict[str, str] = {
    "train": "Train a classifier on a folder of photos.",
    "export": "Write a trained model in the formats of your devices.",
    "verify": "Compare exported files with the trained model on photos.",
    "bench": "Measure how fast an exported file runs.",
    "predict": "Recognize photos with an exported file.",
    "serve": "Show a site for browsers, here or in your network.",
    "inspect": "Describe a model file: tensors, labels; of a .tflite also ops.",
    "doctor": "Say what is installed, and check it by running it.",
    "demo": "Run the whole job on made-up photos, without a download.",
    "completion": "Print the completion script for your shell.",
}
"""Command to its line in the help; each lives in the module of its name, as ``command``."""

EPILOG = """\b
From photos to a device in four lines:
  edgekit train flowers/ -o flowers.keras
  edgekit export flowers.keras --to tflite:fp32,tflite:int8 -o dist
  edgekit verify dist --reference flowers.keras --data flowers/
  edgekit predict dist/flowers.int8.tflite photo.jpg

New here? Try: edgekit demo
"""


class LazyGroup(click.Group):
    """Lists its commands from a table; imports one when it is needed; shows errors as sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"edgekit.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" Commands: {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Runs the command line; every failure is a sentence and an exit code, never a traceback."""
        arguments = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in arguments
        remember_typed(arguments)
        try:
            result = super().main(arguments, *rest, **{**extra, "standalone_mode": False})
            code = result if isinstance(result, int) else 0
            if sys.stdout is not None:  # closed by the caller: >&-
                sys.stdout.flush()
        except click.exceptions.Exit as stop:
            code = stop.exit_code
        except click.ClickException as error:
            usage = io.StringIO()
            error.show(usage)
            complain(usage.getvalue().rstrip("\n"))
            code = _report(as_json, "usage", error.format_message(), error.exit_code)
        except EdgeKitError as error:
            complain(f"Error: {error}")
            code = _report(as_json, error.kind, str(error), error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nInterrupted. Nothing half-written was left behind.", err=True)
            code = _report(as_json, "interrupted", "interrupted", 130)
        except MemoryError:
            click.echo("Error: not enough memory.", err=True)
            code = _report(as_json, "memory", "not enough memory", 1)
        except BrokenPipeError:
            # The reader (head, less) has gone; there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except OSError as error:
            message = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            complain(f"Error: {message}")
            code = _report(as_json, "system", message, 1)
        except Exception as error:
            if os.environ.get("EDGEKIT_DEBUG"):
                raise
            message = f"{type(error).__name__}: {error}"
            complain(f"Error: {message}\nThis is a defect of EdgeKit. EDGEKIT_DEBUG=1 shows where; please report it.")
            code = _report(as_json, "defect", message, 1)
        sys.exit(code)


def _report(as_json: bool, kind: str, message: str, code: int) -> int:
    """With ``--json`` a failure is a document on standard output, too."""
    if as_json:
        with contextlib.suppress(OSError):  # standard output itself may be what failed
            click.echo(json.dumps({"error": {"kind": kind, "message": message}}))
    return code


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgekit")
def cli() -> None:
    """From a folder of photos to a measured, verified model on every edge device."""
