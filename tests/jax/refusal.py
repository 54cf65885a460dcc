"""For scripts that run where pytest is not installed."""

from __future__ import annotations

from collections.abc import Callable


def refusal(kind: type[Exception], call: Callable[[], object]) -> str:
    """The message of the error that a call must raise."""
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__}")
