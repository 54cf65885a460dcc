"""Google's Edge TPU compiler, where it is installed: found, run, and heard to the end.

It is a closed program for x86-64 Linux and is never installed from here. It makes a process of its own that compiles,
writes ``NAME_edgetpu.tflite`` and the table of its operations, ``NAME_edgetpu.log``, and prints what it made of it.
Options and names of files: https://coral.ai/docs/edgetpu/compiler/.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import ConversionError

PROGRAM = "edgetpu_compiler"
"""Its name on the PATH."""

SECONDS = 600
"""How long it may compile. Its own limit is 180 s, which large models exceed (``--timeout_sec``)."""

_GRACE_SECONDS = 30
"""Beyond its own limit, at which it says so itself, before it is killed."""

_DOWNLOAD = "https://coral.ai/docs/edgetpu/compiler/#download"

# Kills a process group when whoever holds the other end of its standard input is gone, however it ended.
_GUARD = "import os, signal, sys\nsys.stdin.buffer.read()\nos.killpg(int(sys.argv[1]), signal.SIGKILL)"

_OWN_LIMIT = 16
"""The first version that limits its time, and takes the limit as an option."""

_VERSION = re.compile(r"Edge TPU Compiler version (\d+)\.")
_VERSION_SECONDS = 20


@dataclass(frozen=True)
class Compiled:
    """What a compiler made of a model.

    Attributes:
        models: the compiled files, in the order of their segments; one where there are none.
        version: of the compiler, 16 for 16.0.384591198; ``None`` where it does not say.
        printed: all that it said.
        logs: the text of its tables of operations, one for each model that has one.
        command: what was run, for a person.
    """

    models: tuple[Path, ...]
    version: int | None
    printed: str
    logs: tuple[str, ...]
    command: str


def find_compiler() -> Path | None:
    """The compiler on the PATH, if there is one."""
    found = shutil.which(PROGRAM)
    return None if found is None else Path(found)


def compiler_arguments(num_segments: int = 1, min_runtime_version: int | None = None) -> list[str]:
    """The options of its command line, in its long form."""
    arguments = []
    if min_runtime_version is not None:
        arguments += ["--min_runtime_version", str(min_runtime_version)]
    if num_segments > 1:
        arguments += ["--num_segments", str(num_segments)]
    return arguments


def how_to_compile(file: str, num_segments: int = 1, min_runtime_version: int | None = None) -> str:
    """Sentences for those who have no compiler: where it comes from, where it runs, what to type.

    Args:
        file: the model's name.
        num_segments: that are asked for.
        min_runtime_version: likewise.
    """
    command = shlex.join([PROGRAM, *compiler_arguments(num_segments, min_runtime_version), file])
    where = where_it_runs(sys.platform, platform.machine())
    return f"{where}. Get it from {_DOWNLOAD} (Debian, Ubuntu; x86-64), then: {command}"


def where_it_runs(system: str, machine: str) -> str:
    """Why there is no compiler, as the beginning of a sentence.

    Args:
        system: as :data:`sys.platform`.
        machine: as :func:`platform.machine`.
    """
    if system == "linux" and machine.lower() in ("x86_64", "amd64"):
        return f"There is no {PROGRAM} on the PATH; it is Google's and closed, so EdgeKit does not bring it"
    return f"{PROGRAM} is Google's, closed, and runs on x86-64 Linux only, not on this machine"


def compile_model(
    model: Path,
    folder: Path,
    num_segments: int = 1,
    min_runtime_version: int | None = None,
    seconds: int = SECONDS,
) -> Compiled:
    """Compiles a model. On Ctrl-C, and where this process is killed, the compiler and what it started end, too.

    Args:
        model: a full-integer ``.tflite``.
        folder: where its files go, an empty one that is there.
        num_segments: into how many parts it is cut, for as many Edge TPUs in a row.
        min_runtime_version: the oldest Edge TPU runtime that the result is to run with; by default the compiler's own.
        seconds: that it may take.

    Raises:
        ConversionError: there is none on the PATH or it cannot be started, it failed, was too slow or wrote no model;
            the message has what it said last.
    """
    program = find_compiler()
    if program is None:
        raise ConversionError(how_to_compile(model.name, num_segments, min_runtime_version))
    version = _version_of(program, folder)
    limit = ["--timeout_sec", str(seconds)] if version is not None and version >= _OWN_LIMIT else []
    asked = [*limit, *compiler_arguments(num_segments, min_runtime_version)]
    command = [str(program), *asked, "--out_dir", str(folder), str(model)]
    output = folder / "printed.txt"
    code = _run(command, output, seconds + _GRACE_SECONDS)
    printed = output.read_text(encoding="utf-8", errors="replace")
    output.unlink()
    models = _models(folder, model.stem, num_segments)
    if code is None:
        raise ConversionError(f"{PROGRAM} took longer than {seconds} s for {model.name} and was stopped.")
    if code != 0 or not models:
        ending = f" (exit code {code})" if code else ""
        raise ConversionError(f"{PROGRAM} compiled nothing of {model.name}{ending}: {_last_words(printed)}")
    logs = tuple(log.read_text(encoding="utf-8", errors="replace") for log in map(_log_of, models) if log.exists())
    return Compiled(models, version, printed, logs, shlex.join([PROGRAM, *asked, model.name]))


def _version_of(program: Path, folder: Path) -> int | None:
    output = folder / "version.txt"
    _run([str(program), "--version"], output, _VERSION_SECONDS)
    found = _VERSION.search(output.read_text(encoding="utf-8", errors="replace"))
    output.unlink()
    return int(found[1]) if found else None


def _models(folder: Path, stem: str, num_segments: int) -> tuple[Path, ...]:
    """Those that it must have written; none where one is missing."""
    parts = [f"{stem}_segment_{part}_of_{num_segments}" for part in range(num_segments)] if num_segments > 1 else [stem]
    models = tuple(folder / f"{part}_edgetpu.tflite" for part in parts)
    return models if all(one.exists() for one in models) else ()


def _log_of(model: Path) -> Path:
    return model.with_suffix(".log")


def _last_words(printed: str) -> str:
    """The lines that say why, of all that it printed."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    telling = [
        line for line in lines if line.startswith(("ERROR", "Invalid", "Model ", "Internal", "Compilation failed:"))
    ]
    return " ".join(telling[-3:] or lines[-1:]) or "it said nothing."


def _run(command: Sequence[str], output: Path, seconds: float) -> int | None:
    """The exit code; ``None`` after a timeout. The process has a group of its own, which ends as a whole."""
    with output.open("wb") as printed:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise ConversionError(f"{command[0]} cannot be started ({error.strerror}).") from error
    try:
        with _guarded(process.pid):
            return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _kill_group(process.pid)
        process.wait()


@contextlib.contextmanager
def _guarded(group: int) -> Iterator[None]:
    """Ends a process group, should this process be killed meanwhile."""
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD, str(group)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.kill()  # before its input ends
        guard.wait()
        assert guard.stdin is not None
        guard.stdin.close()


def _kill_group(group: int) -> None:
    with contextlib.suppress(OSError):  # nobody is left in it
        os.killpg(group, signal.SIGKILL)
