"""Requirements of a distribution, as its metadata states them, and whether one applies here.

A small part of what ``packaging`` does, which a device need not have installed: names, extras,
lower bounds, and environment markers.
"""

from __future__ import annotations

import ast
import operator
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[(?P<extras>[^\]]*)\])?\s*\(?(?P<bounds>[^;)]*)\)?\s*(;(?P<marker>.*))?"
)
_VERSIONS = ("python_version", "python_full_version", "implementation_version")
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, text: item in text,
    ast.NotIn: lambda item, text: item not in text,
}


@dataclass(frozen=True)
class Requirement:
    """One line of ``Requires-Dist``.

    Attributes:
        name: of the distribution, normalized: lower case, ``-`` between words.
        extras: of that distribution that are asked for.
        bounds: as written, as in ``>=3.15``.
        marker: when it applies, as written; empty for always.
    """

    name: str
    extras: tuple[str, ...] = ()
    bounds: str = ""
    marker: str = ""

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Whether it is needed in an environment."""
        return not self.marker or evaluate_marker(self.marker, environment)

    def accepts(self, version: str) -> bool:
        """Whether an installed version reaches the lower bound; other bounds are pip's business."""
        bound = re.search(r">=\s*([^,\s]+)", self.bounds)
        return bound is None or parse_version(version) >= parse_version(bound[1])


def parse_requirement(text: str) -> Requirement:
    """Reads one line of ``Requires-Dist``.

    Raises:
        ValueError: it is none.
    """
    match = _REQUIREMENT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"not a requirement: {text!r}")
    extras = tuple(word.strip() for word in (match["extras"] or "").split(",") if word.strip())
    return Requirement(normalize(match["name"]), extras, match["bounds"].strip(), (match["marker"] or "").strip())


def normalize(name: str) -> str:
    """A distribution's name as package indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_version(text: str) -> tuple[int, ...]:
    """The release number, as in ``(3, 15, 1)``, without trailing zeros; () where there is none."""
    numbers = [int(word) for word in re.match(r"\d*(\.\d+)*", text)[0].split(".") if word]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def this_environment() -> dict[str, str]:
    """The values of a marker's names for the Python that runs."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def evaluate_marker(marker: str, environment: Mapping[str, str]) -> bool:
    """Whether a marker holds; a name that the environment lacks is an empty text.

    Markers are a part of Python's own grammar, so that Python parses them. What this evaluator does
    not know (``~=``, ``===``) counts as true: then too much is shown, and nothing is hidden.
    """
    try:
        return bool(_evaluate(ast.parse(marker.strip(), mode="eval").body, environment))
    except (SyntaxError, ValueError):
        return True


def _evaluate(node: ast.expr, environment: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        combine = all if isinstance(node.op, ast.And) else any
        return combine(_evaluate(value, environment) for value in node.values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        sides = (node.left, node.comparators[0])
        left, right = (_text(side, environment) for side in sides)
        compare = _COMPARISONS[type(node.ops[0])]
        if any(isinstance(side, ast.Name) and side.id in _VERSIONS for side in sides):
            return compare(parse_version(left), parse_version(right))
        return compare(left, right)
    raise ValueError("not a marker")


def _text(node: ast.expr, environment: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name):
        return environment.get(node.id, "")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError("not a marker")
