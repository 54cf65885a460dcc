"""Building everything of ``targets/browser`` in a checkout, with the Node that is there.

``python -m edgekit.web.building`` is what ``make setup`` runs. What is unchanged since the last time is left alone, and
of several processes one builds while the others wait.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from edgekit import bundle
from edgekit.errors import EdgeKitError, MissingExtraError, OutputError
from edgekit.files import make_directory, remove, write_text
from edgekit.progress import Progress, Silent
from edgekit.runtime.engines.node_process import find_node
from edgekit.web.lock import locked

OLDEST_NODE = (22, 18)
"""The first that runs TypeScript without a flag."""

_PACKAGE_FILES = ("package.json", "package-lock.json", ".npmrc")

_PARTS = ("page", "node", "lib", "engines")
"""Folders below ``dist``; tests and other people's pages use the last two."""

_NOT_FOR_NODE = frozenset({"NODE_OPTIONS", "NODE_PATH", "NODE_ENV", "NODE_DEBUG", "NODE_V8_COVERAGE"})
"""Variables that change what Node loads and prints, and which packages npm installs. Those for certificates stay."""

_DETAIL = re.compile(r"(npm error)?\s+at .*|npm error\s*([a-z]+: .*|[{}]*|A complete log of this run.*)")
"""Lines of an error that say nothing to a person: where in npm it was, and its fields."""

_LINES = 8

_WAITING = "Another process builds the page for browsers. Waiting for it ..."


def build(progress: Progress) -> str:
    """Builds everything below ``targets/browser/dist`` whose sources have changed.

    Whatever stops it, a part there is whole or missing, and the next call finishes the work.

    Returns:
        What the build printed, sizes; nothing where there was nothing to do.

    Raises:
        EdgeKitError: no Node, one that is too old, or a command failed; with what it said.
    """
    node, npm = find_tools()
    version = _read_version(node)
    try:
        make_directory(bundle.SOURCES / "dist")
        with locked(bundle.SOURCES / "dist" / ".lock", _WAITING, progress):
            return _build(node, npm, version, progress)
    except OutputError as error:
        raise OutputError(
            f"The page for browsers cannot be built in this checkout. {error} The wheel edgekit-browser has it, too, "
            "which make wheels writes in another checkout."
        ) from error


def _build(node: Path, npm: list[str], version: str, progress: Progress) -> str:
    folder = bundle.SOURCES
    packages = _fingerprint([version], [folder / name for name in _PACKAGE_FILES])
    sources = _fingerprint([packages], _source_files())
    stamp, packages_stamp = folder / "dist" / ".fingerprint", folder / "node_modules" / ".fingerprint"
    if _read(stamp) == sources and all((folder / "dist" / part).is_dir() for part in _PARTS):
        return ""
    if _read(packages_stamp) != packages:
        progress.say("Fetching the Node packages of targets/browser with npm, once (260 MB unpacked) ...")
        # No package may run scripts of its own.
        command = [*npm, "ci", "--ignore-scripts", "--include=dev", "--loglevel=error"]
        _run(command, node, "Fetching the Node packages with npm", "Is there a network? Then run the command again.")
        write_text(packages_stamp, packages)
    progress.say("Building the page for browsers ...")
    printed = _run([str(node), "build.ts"], node, "Building the page for browsers", "Mend that, and run: make setup")
    write_text(stamp, sources)
    return printed


def _source_files() -> list[Path]:
    folder = bundle.SOURCES
    files = [path for part in ("src", "page") for path in (folder / part).rglob("*") if path.is_file()]
    return sorted([*folder.glob("*.ts"), *files])


def _fingerprint(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Of the names, too: a file that is gone changes nothing else."""
    digest = hashlib.sha256("\0".join(texts).encode())
    for path in files:
        name = path.relative_to(bundle.SOURCES).as_posix()
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def find_tools() -> tuple[Path, list[str]]:
    """Node, and npm as a command: those of the wheel that the extra ``tfjs`` brings, else those of the system.

    Raises:
        EdgeKitError: neither is there.
    """
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


def _read_version(node: Path) -> str:
    try:
        printed = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    except OSError as error:
        printed = str(error)
    version = re.match(r"v(\d+)\.(\d+)\.", printed)
    if version is None:
        raise EdgeKitError(
            f"{node} does not say its version: it is no working Node.js. Install another, or run: make setup"
        )
    if tuple(map(int, version.groups())) < OLDEST_NODE:
        raise EdgeKitError(
            f"{node} is Node.js {printed}; building the page for browsers needs "
            f"{OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer. Upgrade it, or run: make setup"
        )
    return printed


def _run(command: list[str], node: Path, what: str, advice: str) -> str:
    """What a command prints, both streams."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_NODE}
    environment["PATH"] = os.pathsep.join([str(node.parent), environment.get("PATH", "")])
    try:
        process = subprocess.Popen(
            command,
            cwd=bundle.SOURCES,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise EdgeKitError(f"{command[0]} cannot be started: {error.strerror or error}. Run: make setup") from error
    try:
        printed, _ = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        # What build.ts was writing when it was stopped: it names it by its process, and nobody else will remove it.
        for unfinished in (bundle.SOURCES / "dist").glob(f"*.{process.pid}.*"):
            remove(unfinished)
    if process.returncode:
        lines = [line for line in printed.splitlines() if line.strip() and not _DETAIL.fullmatch(line)][:_LINES]
        reason = "\n  ".join(lines) or f"exit code {process.returncode}"
        raise EdgeKitError(f"{what} failed in {bundle.SOURCES}:\n  {reason}\n{advice}")
    return printed


class _Printing(Silent):
    def say(self, message: str) -> None:
        print(message, flush=True)


def main() -> int:
    """Builds, prints what it does, and exits with 1 where it cannot."""
    try:
        print(build(_Printing()), end="")
    except EdgeKitError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
