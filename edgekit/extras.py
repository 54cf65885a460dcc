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
