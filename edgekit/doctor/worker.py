"""The process in which one check runs: ``python -m edgekit.doctor.worker CHECK``."""

from __future__ import annotations

import sys
from dataclasses import asdict

from edgekit.child import Reply
from edgekit.doctor.checks import CHECKS
from edgekit.doctor.findings import Finding, explain


def main(name: str) -> None:
    """Runs the check and answers with its finding."""
    reply = Reply()
    check = next(check for check in CHECKS if check.name == name)
    try:
        finding = Finding(True, check.run())
    except BaseException as error:  # a broken package may raise anything, SystemExit included
        finding = explain(error)
    reply.send(asdict(finding))


if __name__ == "__main__":
    main(sys.argv[1])
