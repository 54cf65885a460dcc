"""The process in which conversions run, one after the other: ``python -m edgekit.converters.worker FOLDER ...``.

Converts, runs what was written in a real engine, and compares it with the Keras outputs. Everything
that is printed on the way goes to the job's log; the result goes to ``FOLDER/result.json``.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from edgekit.artifact import Artifact, Check
from edgekit.child import end_with_parent
from edgekit.converters.base import Converter, get_converter
from edgekit.converters.beside import Beside
from edgekit.converters.jobs import LOG, Job
from edgekit.converters.reference import Reference, compare
from edgekit.errors import EdgeKitError
from edgekit.program import FrozenProgram
from edgekit.quantization.calibration import Calibration


def run(job: Job) -> tuple[Check, tuple[Beside, ...]]:
    """Converts and checks; returns how the artifact was proved, and what was made of it then.

    Raises:
        ConversionError: nothing sound was written.
        VerificationError: what was written does not agree with Keras.
    """
    converter = get_converter(job.format)
    program = FrozenProgram.read(Path(job.program))
    calibration = Calibration.read(Path(job.calibration)) if job.calibration else None
    options = converter.Options(**job.options)
    artifact = converter.convert(program, program.spec, job.precision, calibration, options, Path(job.output))
    check = compare(artifact, Reference.read(Path(job.reference)), job.name)
    return check, _finish(converter, artifact, check, options)


def _finish(converter: Converter, artifact: Artifact, check: Check, options: Any) -> tuple[Beside, ...]:
    """A converter may have a ``finish(artifact, check, options)``, for which the artifact has to be good."""
    finish = getattr(converter, "finish", None)
    made: tuple[Beside, ...] = finish(artifact, check, options) if finish else ()
    return made


def run_folders(folders: Sequence[Path], control: TextIO) -> None:
    """Runs the jobs in ``folders``, and writes a folder's name to ``control`` when it is done.

    Standard output and error go to the job's log, those of native code, too.
    """
    for folder in folders:
        with (folder / LOG).open("ab") as log:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
                os.dup2(log.fileno(), stream.fileno())
            _run_job(folder)
            sys.stdout.flush()
            sys.stderr.flush()
        control.write(f"{folder.name}\n")
        control.flush()


def _run_job(folder: Path) -> None:
    """Runs the job in ``folder``; a failure is a result, too."""
    job = Job.read(folder / "job.json")
    check, error = Check(), None
    beside: tuple[Beside, ...] = ()
    try:
        check, beside = run(job)
    except EdgeKitError as failure:
        traceback.print_exc()
        error = str(failure)
    except Exception as failure:  # whatever a native converter raises is a sentence for the user
        traceback.print_exc()
        error = f"{job.name}: {type(failure).__name__}: {failure}"
    result = {"check": check.to_dict(), "beside": [one.to_dict() for one in beside], "error": error}
    temporary = folder / "result.json.tmp"
    try:
        temporary.write_text(json.dumps(result), encoding="utf-8")
        temporary.replace(folder / "result.json")
    except OSError as failure:
        print(f"cannot write the result ({failure.strerror})")


def main(folders: Sequence[str]) -> int:
    """Runs the jobs in ``folders``; what it reports goes to standard output."""
    end_with_parent()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as control:
        run_folders([Path(folder) for folder in folders], control)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
