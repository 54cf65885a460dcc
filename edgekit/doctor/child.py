"""Running one check in a process of its own: ``python -m edgekit.doctor.child CHECK ANSWER``.

The child writes its answer, one JSON document, into the file ANSWER; whatever native code prints
is kept as a log, and whatever kills or hangs the child is a line of the report.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from edgekit.doctor.checks import CHECKS, Check
from edgekit.doctor.findings import Finding, explain

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])


def run_check(check: Check) -> tuple[Finding, float]:
    """Runs a check in a child process; whatever happens there is a finding.

    Returns:
        The finding, and the seconds that it took with the start of the process.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="edgekit-doctor-") as folder:
        finding = _run(check, Path(folder) / "answer.json")
    return finding, round(time.perf_counter() - start, 3)


def _run(check: Check, answer: Path) -> Finding:
    # -P keeps the working directory, where anything may lie, out of the child's imports.
    command = [sys.executable, "-P", "-m", "edgekit.doctor.child", check.name, str(answer)]
    try:
        process = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=check.seconds,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        return Finding(
            False,
            f"it did not end within {check.seconds:g} s",
            "Try again when the machine is less busy; if it stays so, install that part anew",
        )
    except OSError as error:
        return Finding(False, f"no process can be started: {error.strerror or error}")
    try:
        return Finding(**json.loads(answer.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Finding(
            False,
            _ending(process.returncode, process.stdout.decode("utf-8", "replace")),
            "Install that part anew, best in a fresh virtual environment",
        )


def _ending(code: int, log: str) -> str:
    """How a child ended that gave no answer, with the last line that it printed."""
    how = f"ended its process with exit code {code}"
    if code < 0:
        try:
            how = f"crashed its process ({signal.Signals(-code).name})"
        except ValueError:
            how = f"crashed its process (signal {-code})"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return f"it {how}{f'; its last words: {lines[-1]}' if lines else ''}"


def _environment() -> dict[str, str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if sysconfig.get_path("purelib") != _PACKAGE_PARENT:
        # Lets the child import this very EdgeKit where it is run from a checkout.
        paths = [os.environ.get("PYTHONPATH", ""), _PACKAGE_PARENT]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment


def main(name: str, answer: Path) -> None:
    """The child's side."""
    check = next(check for check in CHECKS if check.name == name)
    try:
        finding = Finding(True, check.run())
    except BaseException as error:  # a broken package may raise anything, SystemExit included
        finding = explain(error)
    answer.write_text(json.dumps(asdict(finding)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
