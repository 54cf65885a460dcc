"""Whether an optional part is installed, found out without importing it."""

from __future__ import annotations

from importlib.util import find_spec

from edgekit.errors import MissingExtraError


def require(what: str, module: str, extra: str) -> None:
    """Says before any work what is missing.

    Args:
        what: the work, as the beginning of a sentence: ``Training``.
        module: the Python module that the work imports.
        extra: the extra that brings it.

    Raises:
        MissingExtraError: there is no such module.
    """
    if find_spec(module) is None:
        raise MissingExtraError(what, extra)


def require_training() -> None:
    """Says before any work that the part which trains is not installed: a release has it in a wheel of its own.

    Raises:
        MissingExtraError: it is not.
    """
    require("Training", "edgekit.training", "train")
