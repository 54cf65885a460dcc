"""The examination: what is installed, and the checks, side by side."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edgekit.doctor.checks import CHECKS, Check
from edgekit.doctor.child import run_check
from edgekit.doctor.packages import Extra, Package, base_packages, read_extras, read_requirements
from edgekit.doctor.requirements import this_environment
from edgekit.host import usable_cores
from edgekit.measure.device import Device, describe_device
from edgekit.progress import SILENT, Progress
from edgekit.version import __version__

SCHEMA = 1

Status = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class CheckResult:
    """What became of one check.

    Attributes:
        name: of the check.
        title: for a person.
        extra: that the part belongs to; ``None`` for the base.
        status: ``skipped`` where the part is not installed.
        detail: what was seen, or what is wrong, as a clause; ``None`` where skipped.
        advice: the next step, if any.
        seconds: that it took, with the start of its process; ``None`` where skipped.
    """

    name: str
    title: str
    extra: str | None
    status: Status
    detail: str | None = None
    advice: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Examination:
    """What ``edgekit doctor`` found out.

    Attributes:
        version: of EdgeKit.
        folder: from which EdgeKit was imported.
        executable: the Python that runs.
        device: the machine.
        base: the packages of the base install; empty where EdgeKit runs without being installed.
        extras: all extras.
        checks: base first.
    """

    version: str
    folder: Path
    executable: str
    device: Device
    base: tuple[Package, ...]
    extras: tuple[Extra, ...]
    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether everything that is installed works. A missing extra does no harm."""
        return all(check.status != "failed" for check in self.checks) and not self.outdated

    @property
    def outdated(self) -> tuple[Package, ...]:
        """Packages that are missing from the base, or older than EdgeKit asks for."""
        extras = [package for extra in self.extras for package in extra.packages if package.too_old]
        found = [package for package in self.base if not package.ok] + extras
        return tuple(dict.fromkeys(found))

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``edgekit doctor --json``."""
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "edgekit": {"version": self.version, "folder": str(self.folder)},
            "python": {"version": platform.python_version(), "executable": self.executable},
            "device": self.device.to_dict(),
            "packages": [package.to_dict() for package in self.base],
            "extras": [extra.to_dict() for extra in self.extras],
            "checks": [asdict(check) for check in self.checks],
        }


def examine(checks: Sequence[Check] = CHECKS, progress: Progress = SILENT) -> Examination:
    """Looks at what is installed, and runs every part of it. Uses no network; raises nothing for a broken part.

    Args:
        checks: to run, as many at once as there are processors; reported in this order.
        progress: one step for each check.
    """
    requirements, extras = read_requirements()
    environment = this_environment()
    # Those that may take longest first: else they would be waited for alone in the end.
    order = sorted(checks, key=lambda check: -check.seconds)
    results: dict[str, CheckResult] = {}
    with progress.task("Checking", len(checks)) as task, ThreadPoolExecutor(usable_cores()) as threads:
        for result in threads.map(_examine, order):
            results[result.name] = result
            task.advance(1, result.title)
    return Examination(
        version=__version__,
        folder=Path(__file__).resolve().parents[1],
        executable=sys.executable,
        device=describe_device(),
        base=base_packages(requirements, environment),
        extras=read_extras(requirements, extras, environment),
        checks=tuple(results[check.name] for check in checks),
    )


def _examine(check: Check) -> CheckResult:
    if check.module is not None and not _is_there(check.module):
        return CheckResult(check.name, check.title, check.extra, "skipped")
    finding, seconds = run_check(check)
    status: Status = "ok" if finding.ok else "failed"
    return CheckResult(check.name, check.title, check.extra, status, finding.detail, finding.advice, seconds)


def _is_there(module: str) -> bool:
    """Whether a top-level module can be found; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except Exception:  # a finder that is broken itself: then the check will say so
        return True
