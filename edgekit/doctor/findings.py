"""From an exception in a check to a sentence: which package is broken, and what to do about it."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from edgekit.doctor.packages import find_extras
from edgekit.errors import EdgeKitError, install_command

Distributions = Mapping[str, Sequence[str]]
"""Top-level module to the distributions that have it."""


_NOBODYS = ("tests", "test", "docs", "examples", "benchmarks")
"""Folders that some distributions install beside their package by mistake; not who a module of this name is from."""


@dataclass(frozen=True)
class Finding:
    """What a check has to say.

    Attributes:
        ok: whether the part works.
        detail: what was seen, or what is wrong, as a clause.
        advice: the next step where something is wrong and the detail does not name it already.
    """

    ok: bool
    detail: str
    advice: str | None = None


class CheckFailed(Exception):
    """A part runs, but its answer is wrong; ``advice`` is the next step."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.advice = advice


def explain(error: BaseException) -> Finding:
    """Names the package in which an exception was raised, and how to repair it."""
    if isinstance(error, CheckFailed):
        return Finding(False, str(error), error.advice)
    if isinstance(error, EdgeKitError):  # its message ends with the next step
        return Finding(False, str(error).rstrip("."))
    distributions = metadata.packages_distributions()
    culprit = find_culprit(error, distributions)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return Finding(False, f"the Python module {error.name} is missing", _how_to_get(error.name, culprit))
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    if isinstance(error, OSError) and culprit == "edgekit":  # the disk or the system, nobody's package
        return Finding(False, f"{type(error).__name__}: {text}")
    return Finding(False, f"{culprit} raises {type(error).__name__}: {text}", _how_to_repair(culprit, distributions))


def find_culprit(error: BaseException, distributions: Distributions) -> str:
    """The top-level module, of an installed distribution, in which an exception was raised.

    Frames of EdgeKit and of Python itself do not count; ``edgekit`` where there are no others.
    """
    culprit = "edgekit"
    trace = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        culprit = module if module in distributions and module not in _NOBODYS else culprit
        trace = trace.tb_next
    return culprit


def find_stranger(module: str, distribution: str) -> Path | None:
    """The file of a module that does not lie where its distribution is installed, or ``None``."""
    with contextlib.suppress(Exception):
        spec = importlib.util.find_spec(module)
        home = Path(str(metadata.distribution(distribution).locate_file(""))).resolve()
        if spec and spec.origin and not Path(spec.origin).resolve().is_relative_to(home):
            return Path(spec.origin)
    return None


def _how_to_get(missing: str, importer: str) -> str:
    extra = find_extras(missing.partition(".")[0])[:1]
    if extra:
        return f"Install it: {install_command(extra[0])}"
    if importer == "edgekit":  # in a package index this name is somebody else's
        return "Install EdgeKit anew: pip install --force-reinstall . (in EdgeKit's checkout)"
    return f"Install it: pip install --force-reinstall {importer}"


def _how_to_repair(module: str, distributions: Distributions) -> str:
    if module == "edgekit":
        return "This is a defect of EdgeKit. Please report it with this line"
    distribution = next(iter(distributions.get(module, ())), module)
    stranger = find_stranger(module, distribution)
    if stranger:
        return (
            f"{module} was loaded from {stranger}, not from the installed {distribution}. Remove that from PYTHONPATH"
        )
    return f"Install it anew: pip install --force-reinstall {distribution}"
