"""Workers in processes of their own: what their ends mean, on this machine or on another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgekit.child import ChildResult, run_child
from edgekit.errors import TargetError


def run_worker(module: str, job: Mapping[str, Any], seconds: float, name: str) -> ChildResult:
    """Runs ``python -m module`` here with a job on its standard input.

    Args:
        module: answers with one JSON document.
        job: JSON-ready.
        seconds: after which it is killed.
        name: of the artifact.

    Raises:
        TargetError: it cannot be started.
    """
    try:
        return run_child(module, json.dumps(job).encode(), seconds)
    except OSError as error:
        raise TargetError(f"{name} is measured in a process of its own, and none can be started ({error}).") from error


def read_reply(child: ChildResult, key: str, name: str, *, too_slow: str, doing: str) -> dict[str, Any]:
    """A worker's document.

    Args:
        child: how the worker ended.
        key: that its document has, unless it holds an ``error``.
        name: of the artifact.
        too_slow: what to say of one that was killed, after the name.
        doing: what the artifact was at when its engine crashed.

    Raises:
        TargetError: there is none; the message says why.
    """
    reply = child.reply or {}
    if "error" in reply:
        raise TargetError(str(reply["error"]))
    if child.timed_out:
        raise TargetError(f"{name} {too_slow}")
    if key not in reply:
        raise TargetError(f"{name} crashed the engine while it {doing} ({child.ending}).")
    return reply
