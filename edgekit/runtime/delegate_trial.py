"""The trial of a delegate: its library is loaded, and asked for a delegate, in a process of its own first.

``python -m edgekit.runtime.delegate_trial < REQUEST``. A library of another version than the interpreter's, or a
device in a bad state, crashes or hangs the program that loads it; here that is a line of a report.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from edgekit.child import ChildResult, Reply, end_with_parent, run_child
from edgekit.errors import EdgeKitError, UnsupportedModelError, UsageError, first_line
from edgekit.runtime.engines.delegates import (
    Delegate,
    create_delegate,
    explain_failure,
    find_failure,
    find_simulated,
    known_delegate,
)

SECONDS = 30.0
"""For one trial. A USB Accelerator takes about three for its firmware, and comes back under another id meanwhile."""

START_SECONDS = 60.0
"""For starting Python and importing the interpreter before, on a slow device."""

Outcome = Literal["ok", "unloadable", "foreign", "refused", "crash", "timeout", "failed"]

_ALARM = -int(getattr(signal, "SIGALRM", 0)) or None

_MARK = "edgekit-delegate: "
"""What the child knows stands on its error stream before each step that may end it."""


@dataclass(frozen=True)
class DelegateTrial:
    """What became of a delegate.

    Attributes:
        outcome: ``unloadable``: the system's loader refuses the library; ``foreign``: a library, but none of a
            delegate; ``refused``: it makes no delegate, as without its device; ``crash``; ``timeout``; ``failed``:
            anything else, as no interpreter.
        text: what was said, or how it crashed.
        message: a sentence for a person, where there is nothing better to say; empty for ``ok``.
        interpreter: package and version, as far as it came.
        version: what the library says of itself (``edgetpu_version``), if it does.
        simulated: what it only imitates, by its own account.
        listed: devices that the library itself sees, ``usb`` or ``pci`` and a path each; ``None`` where it does not
            say.
        log: what the process printed before it crashed.
    """

    outcome: Outcome
    text: str = ""
    message: str = ""
    interpreter: str = ""
    version: str | None = None
    simulated: str | None = None
    listed: tuple[tuple[str, str], ...] | None = None
    log: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> DelegateTrial:
        """Reads what :meth:`to_dict` gave."""
        listed = fields.get("listed")
        return cls(**{**fields, "listed": None if listed is None else tuple((kind, path) for kind, path in listed)})


def ensure_delegate_works(delegate: Delegate) -> None:
    """Returns where the delegate may be loaded into this process, as far as that can be known.

    Raises:
        UsageError: its library cannot be loaded, or is none of a delegate.
        UnsupportedModelError: it makes no delegate, crashes or hangs, or there is no interpreter.
    """
    trial = try_delegate(delegate)
    if trial.outcome == "ok":
        return
    known = known_delegate(delegate.name)
    message = trial.message
    if known and known.explain:
        message = known.explain(delegate, trial)
    elif trial.outcome in ("unloadable", "foreign", "refused"):
        # In the words of this process, which knows names that the other does not.
        message = explain_failure(trial.outcome, trial.text, delegate)
    raise (UsageError if trial.outcome in ("unloadable", "foreign") else UnsupportedModelError)(message)


def try_delegate(delegate: Delegate, seconds: float = SECONDS) -> DelegateTrial:
    """Has a process of its own load the library and make a delegate, within so many seconds."""
    request = {"delegate": delegate.to_json(), "seconds": seconds}
    try:
        child = run_child("edgekit.runtime.delegate_trial", json.dumps(request).encode(), START_SECONDS + seconds)
    except OSError as error:
        text = f"no process can be started for its trial ({error})"
        return DelegateTrial("failed", text, f"The delegate {delegate.name} cannot be tried: {text}.")
    return read_trial(child, delegate, seconds)


def read_trial(child: ChildResult, delegate: Delegate, seconds: float) -> DelegateTrial:
    """What the end of a trial's process means, on this machine or on another."""
    if child.reply is not None and "outcome" in child.reply:
        return DelegateTrial.from_dict(child.reply)
    known: dict[str, Any] = {}
    for line in child.log.splitlines():
        if line.startswith(_MARK):
            known = json.loads(line.removeprefix(_MARK))
    late = child.timed_out or child.exit_code == _ALARM
    outcome: Outcome = "timeout" if late else "crash" if child.crash else "failed"
    engine = known.get("interpreter") or "the interpreter"
    messages = {
        "timeout": f"made no delegate within {seconds:.0f} s. Is its device free, and in order?",
        "crash": f"crashes the process that loads it ({child.crash}; {engine}). It is made for another version.",
        "failed": f"could not be tried ({child.ending}).",
    }
    message = f"The delegate {delegate.name} {messages[outcome]}"
    ending = {"outcome": outcome, "text": child.ending, "message": message, "log": child.log}
    return DelegateTrial.from_dict({**known, **ending})


def run_trial(delegate: Delegate, seconds: float, note: Callable[[dict[str, Any]], None]) -> DelegateTrial:
    """Loads the library into this process.

    Args:
        delegate: see :func:`~edgekit.runtime.engines.delegates.find_delegate`.
        seconds: after which this process is ended.
        note: told what is known before each step that may end the process.
    """
    from edgekit.runtime.engines.litert import INTERPRETERS, find_interpreter
    from edgekit.runtime.engines.versions import installed_version

    known: dict[str, Any] = {}
    try:
        package = find_interpreter()[0]
        known["interpreter"] = f"{package} {installed_version(package)}"
        note(known)
        set_alarm(seconds)
        try:
            library = ctypes.PyDLL(delegate.library)
        except OSError:
            library = None  # create_delegate finds the words for that
        if library is not None:
            known |= {"simulated": find_simulated(library), **_ask(library)}
            note(known)
        native = create_delegate(delegate, INTERPRETERS[package])
        del native
        set_alarm(0)
        return DelegateTrial.from_dict({**known, "outcome": "ok"})
    except EdgeKitError as error:
        cause = error.__cause__
        text = "" if cause is None or not str(cause).strip() else first_line(cause)
        outcome = find_failure(cause) or "failed"
        return DelegateTrial.from_dict({**known, "outcome": outcome, "text": text, "message": str(error)})


class _Device(ctypes.Structure):
    """``edgetpu_device`` of libedgetpu's ``edgetpu_c.h``."""

    _fields_ = (("type", ctypes.c_int), ("path", ctypes.c_char_p))


_KINDS = ("pci", "usb")


def _ask(library: Any) -> dict[str, Any]:
    """What libedgetpu's own functions say; nothing of another library."""
    said: dict[str, Any] = {}
    version = getattr(library, "edgetpu_version", None)
    if version is None:
        return said
    version.restype = ctypes.c_char_p
    said["version"] = version().decode("utf-8", "replace")
    listing, free = (getattr(library, f"edgetpu_{name}_devices", None) for name in ("list", "free"))
    if listing is None or free is None:
        return said
    count = ctypes.c_size_t()
    listing.restype = ctypes.POINTER(_Device)
    free.argtypes = (ctypes.c_void_p,)
    devices = listing(ctypes.byref(count))
    rows = [devices[index] for index in range(count.value)]
    said["listed"] = [
        (_KINDS[row.type] if row.type in (0, 1) else str(row.type), (row.path or b"").decode("utf-8", "replace"))
        for row in rows
    ]
    if rows:
        free(ctypes.cast(devices, ctypes.c_void_p))
    return said


def write_note(known: dict[str, Any]) -> None:
    """Puts down what is known, for :func:`read_trial`."""
    print(_MARK + json.dumps(known), file=sys.stderr, flush=True)


def set_alarm(seconds: float) -> None:
    """Ends this process after so long, also where native code hangs and holds Python; on Windows its parent does."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> None:
    """Tries the delegate that standard input describes."""
    end_with_parent()
    reply = Reply()
    request = json.loads(sys.stdin.read())
    reply.send(run_trial(Delegate.from_json(request["delegate"]), request["seconds"], write_note).to_dict())


if __name__ == "__main__":
    main()
