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
from typing import TextIO

from edgekit.artifact import Check
from edgekit.child import end_with_parent
from edgekit.converters.base import get_converter
from edgekit.converters.jobs import LOG, Job
from edgekit.converters.reference import Reference, compare
from edgekit.errors import EdgeKitError
from edgekit.program import FrozenProgram
from edgekit.quantization.calibration import Calibration


def run(job: Job) -> Check:
    """Converts and checks; returns how the artifact was proved.

    Raises:
        ConversionError: nothing sound was written.
        VerificationError: what was written does not agree with Keras.
    """
    converter = get_converter(job.format)
    program = FrozenProgram.read(Path(job.program))
    calibration = Calibration.read(Path(job.calibration)) if job.calibration else None
    options = converter.Options(**job.options)
    artifact = converter.convert(program, program.spec, job.precision, calibration, options, Path(job.output))
    return compare(artifact, Reference.read(Path(job.reference)), job.name)


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
    try:
        check = run(job)
    except EdgeKitError as failure:
        traceback.print_exc()
        error = str(failure)
    except Exception as failure:  # whatever a native converter raises is a sentence for the user
        traceback.print_exc()
        error = f"{job.name}: {type(failure).__name__}: {failure}"
    temporary = folder / "result.json.tmp"
    try:
        temporary.write_text(json.dumps({"check": check.to_dict(), "error": error}), encoding="utf-8")
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
