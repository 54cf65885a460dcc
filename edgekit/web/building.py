"""Building the page in a checkout, with the Node that is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from edgekit.errors import EdgeKitError, MissingExtraError
from edgekit.progress import Progress
from edgekit.runtime.engines.node_process import find_node

CHECKOUT = Path(__file__).resolve().parents[1].joinpath("targets", "browser").resolve()
"""Of the sources; an installed EdgeKit has what is built of them alone."""

OLDEST_NODE = (22, 18)
"""The first that runs TypeScript without a flag."""

_LAST_LINES = 12


def can_build() -> bool:
    """Whether this is a checkout."""
    return (CHECKOUT / "build.ts").is_file() and (CHECKOUT / "package-lock.json").is_file()


def build(progress: Progress) -> None:
    """Builds everything below ``targets/browser/dist``.

    Raises:
        EdgeKitError: no Node, one that is too old, or a command failed; with its last lines.
    """
    node, npm = _find_tools()
    _check_version(node)
    if not (CHECKOUT / "node_modules").is_dir():
        progress.say(f"Fetching the Node packages of {CHECKOUT} with npm, once ...")
        # No package may run scripts of its own.
        _run([*npm, "ci", "--ignore-scripts", "--loglevel=error"], node)
    progress.say("Building the page for browsers, once ...")
    _run([str(node), "build.ts"], node)


def _find_tools() -> tuple[Path, list[str]]:
    """Node and npm: those of the wheel that the extra ``tfjs`` brings, else those of the system."""
    try:
        node = find_node("Building the page")
        script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if not script.is_file():  # where Windows has it
            script = node.parent / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return node, [str(node), str(script)]
    except MissingExtraError:
        pass
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        raise EdgeKitError(
            "The page for browsers is not built yet, and Node.js is missing, which builds it. Install Node.js "
            f"{OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer with npm, or run: make setup"
        )
    return Path(found), [npm]


def _check_version(node: Path) -> None:
    printed = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)\.", printed)
    if version is None:
        raise EdgeKitError(
            f"{node} does not say its version: it is no working Node.js. Install another, or run: make setup"
        )
    if tuple(map(int, version.groups())) < OLDEST_NODE:
        raise EdgeKitError(
            f"{node} is Node.js {printed.strip()}; building the page for browsers needs "
            f"{OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer. Upgrade it, or run: make setup"
        )


def _run(command: list[str], node: Path) -> None:
    # Without the variables that change what Node loads and prints.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    environment["PATH"] = os.pathsep.join([str(node.parent), environment.get("PATH", "")])
    try:
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise EdgeKitError(f"{command[0]} cannot be started: {error.strerror or error}. Run: make setup") from error
    if done.returncode:
        last = "\n  ".join(done.stdout.strip().splitlines()[-_LAST_LINES:]) or f"exit code {done.returncode}"
        raise EdgeKitError(f"Building the page for browsers failed: {' '.join(command)}\n  {last}\nTry: make setup")
