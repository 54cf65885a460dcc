"""The process in which conversions run, one after the other: ``python -m edgekit.converters.worker FOLDER ...``.

Converts, runs what was written in a real engine, and compares it with the Keras outputs. Everything
that is printed on the way goes to the job's log; the result goes to ``FOLDER/result.json``.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from edgekit.artifact import Check
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


def end_with_parent() -> None:
    """Asks Linux to end this process when the export that started it is killed: nobody would take its result.

    Elsewhere a conversion goes on to its end, which is untidy and no more.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, linux/prctl.h
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def main(folders: Sequence[Path]) -> int:
    """Runs the jobs in ``folders``, and writes a folder's name to standard output when it is done."""
    end_with_parent()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as control:
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
    return 0


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


if __name__ == "__main__":
    sys.exit(main([Path(folder) for folder in sys.argv[1:]]))
