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

from edgekit.edgetpu.compiled import is_compiled
from edgekit.edgetpu.failures import TIMEOUT, advice, last_words, read_printed
from edgekit.errors import ConversionError, ModelFileError
from edgekit.tflite.model import TFLiteModel, read_model

PROGRAM = "edgetpu_compiler"
"""Its name on the PATH."""

SECONDS = 600
"""How long it may compile. Its own limit is 180 s, which large models exceed (``--timeout_sec``)."""

_GRACE_SECONDS = 30
"""Beyond its own limit, at which it says so itself, before it is killed."""

_SEARCHES = 3
"""How many times as long it may take to search for a part that it can compile: each try has its own limit."""

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


def compiler_arguments(
    num_segments: int = 1, min_runtime_version: int | None = None, search_delegate: bool = False
) -> list[str]:
    """The options of its command line, in its long form."""
    arguments = ["--search_delegate"] if search_delegate else []
    if min_runtime_version is not None:
        arguments += ["--min_runtime_version", str(min_runtime_version)]
    if num_segments > 1:
        arguments += ["--num_segments", str(num_segments)]
    return arguments


def how_to_compile(
    file: str, num_segments: int = 1, min_runtime_version: int | None = None, search_delegate: bool = False
) -> str:
    """Sentences for those who have no compiler: where it comes from, where it runs, what to type.

    Args:
        file: the model's name.
        num_segments: that are asked for.
        min_runtime_version: likewise.
        search_delegate: likewise.
    """
    command = shlex.join([PROGRAM, *compiler_arguments(num_segments, min_runtime_version, search_delegate), file])
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
    search_delegate: bool = False,
) -> Compiled:
    """Compiles a model. On Ctrl-C, and where this process is killed, the compiler and what it started end, too.

    Args:
        model: a full-integer ``.tflite``.
        folder: where its files go, an empty one that is there.
        num_segments: into how many parts it is cut, for as many Edge TPUs in a row.
        min_runtime_version: the oldest Edge TPU runtime that the result is to run with; by default the compiler's own.
        seconds: that it may take; three times as long to search.
        search_delegate: where it fails, let it leave more and more ops at the end to the CPU until it succeeds.

    Raises:
        ConversionError: there is none on the PATH or it cannot be started, it failed, was too slow, or wrote no model
            or one without anything for the Edge TPU; the message has what it said last, and what to do.
        OSError: the folder cannot be written.
    """
    program = find_compiler()
    if program is None:
        raise ConversionError(how_to_compile(model.name, num_segments, min_runtime_version, search_delegate))
    version = _version_of(program, folder)
    limit = ["--timeout_sec", str(seconds)] if version is not None and version >= _OWN_LIMIT else []
    asked = [*limit, *compiler_arguments(num_segments, min_runtime_version, search_delegate)]
    command = [str(program), *asked, "--out_dir", str(folder), str(model)]
    longest = seconds * (_SEARCHES if search_delegate else 1)
    code, printed = _run(command, folder / "printed.txt", longest + _GRACE_SECONDS)
    models = _models(folder, model.stem, num_segments)
    if code is None:
        slow = advice(TIMEOUT, search_delegate)
        raise ConversionError(f"{PROGRAM} took longer than {longest} s for {model.name} and was stopped.{slow}")
    if code != 0 or not models:
        ending = f" (exit code {code})" if code else ""
        why = f"{last_words(printed)}{advice(printed, search_delegate)}"
        raise ConversionError(f"{PROGRAM} compiled nothing of {model.name}{ending}: {why}")
    made = [_read_made(one, printed) for one in models]
    if not any(map(is_compiled, made)):
        raise ConversionError(
            f"{PROGRAM} left all of {model.name} to the CPU: what it wrote has nothing for the Edge TPU. It said: "
            f"{last_words(printed)}"
        )
    logs = tuple(read_printed(log) for log in map(_log_of, models) if log.is_file())
    return Compiled(models, version, printed, logs, shlex.join([PROGRAM, *asked, model.name]))


def _version_of(program: Path, folder: Path) -> int | None:
    _, printed = _run([str(program), "--version"], folder / "version.txt", _VERSION_SECONDS)
    found = _VERSION.search(printed)
    return int(found[1]) if found else None


def _models(folder: Path, stem: str, num_segments: int) -> tuple[Path, ...]:
    """Those that it must have written; none where one is missing."""
    parts = [f"{stem}_segment_{part}_of_{num_segments}" for part in range(num_segments)] if num_segments > 1 else [stem]
    models = tuple(folder / f"{part}_edgetpu.tflite" for part in parts)
    return models if all(one.is_file() for one in models) else ()


def _read_made(made: Path, printed: str) -> TFLiteModel:
    try:
        return read_model(made.read_bytes(), made.name)
    except ModelFileError as error:
        what = "is damaged" if made.stat().st_size else "is empty"
        raise ConversionError(f"{PROGRAM} wrote {made.name}, which {what}. It said: {last_words(printed)}") from error


def _log_of(model: Path) -> Path:
    return model.with_suffix(".log")


def _run(command: Sequence[str], output: Path, seconds: float) -> tuple[int | None, str]:
    """The exit code, ``None`` after a timeout, and what was printed, by way of a file that is gone then.

    The process has a group of its own, which ends as a whole.
    """
    try:
        with output.open("wb") as printed:
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
                )
            except OSError as error:
                raise ConversionError(f"{command[0]} cannot be started ({error.strerror}).") from error
        code = _wait(process, seconds)
        return code, read_printed(output)
    finally:
        output.unlink(missing_ok=True)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
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
