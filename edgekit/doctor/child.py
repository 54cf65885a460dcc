"""Running one check in a process of its own, see :mod:`edgekit.doctor.worker`.

Whatever native code prints is kept as a log, and whatever kills or hangs the child is a line of
the report.
"""

from __future__ import annotations

import time

from edgekit.child import run_child
from edgekit.doctor.checks import Check
from edgekit.doctor.findings import Finding


def run_check(check: Check) -> tuple[Finding, float]:
    """Runs a check in a child process; whatever happens there is a finding.

    Returns:
        The finding, and the seconds that it took with the start of the process.
    """
    start = time.perf_counter()
    finding = _run(check)
    return finding, round(time.perf_counter() - start, 3)


def _run(check: Check) -> Finding:
    try:
        result = run_child("edgekit.doctor.worker", b"", check.seconds, [check.name], {"TF_CPP_MIN_LOG_LEVEL": "3"})
    except OSError as error:
        return Finding(False, f"no process can be started: {error.strerror or error}")
    if result.timed_out:
        return Finding(
            False,
            f"it did not end within {check.seconds:g} s",
            "Try again when the machine is less busy; if it stays so, install that part anew",
        )
    try:
        return Finding(**(result.reply or {}))
    except TypeError:  # no answer, or not ours
        return Finding(
            False,
            f"its process ended without an answer ({result.ending})",
            "Install that part anew, best in a fresh virtual environment",
        )
