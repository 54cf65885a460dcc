"""What a trial may take, and what became of it."""

from __future__ import annotations

import signal
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgekit.host import machine
from edgekit.runtime.engines.base import EngineInfo, TensorInfo

if TYPE_CHECKING:
    from edgekit.child import ChildResult


@dataclass(frozen=True)
class TrialLimits:
    """What a trial may take.

    Attributes:
        seconds: for everything, from the start of the child. On Linux, time in which it waits for busy
            processors does not count, up to :attr:`patience` times as long.
        memory_bytes: by which it may grow once the engine is loaded; ``None`` for no limit. 2 GiB run every
            model that fits on a phone; a file that asks for more is most likely a broken one.
        patience: see above.
    """

    seconds: float = 8.0
    memory_bytes: int | None = 2 << 30
    patience: float = 4.0


BYTES_PER_SECOND = 4_000_000
"""A larger model takes longer to run once: its trial has a second more for each so many bytes of the file."""

_COPIES = 4
"""Of its weights, which an engine holds while it loads a large model: the file, as read, as stored, as packed."""

_FRAMEWORK_SECONDS, _FRAMEWORK_PATIENCE = 40.0, 2.0
"""TensorFlow alone takes up to 20 s to be imported on a small busy machine."""

_KILL, _CPU_LIMIT = (getattr(signal, name, None) for name in ("SIGKILL", "SIGXCPU"))


def limits_for(size_bytes: int) -> TrialLimits:
    """The limits of a trial for a model of this size."""
    memory = max(2 << 30, _COPIES * size_bytes)
    return TrialLimits(TrialLimits.seconds + size_bytes // BYTES_PER_SECOND, memory)


def framework_limits(size_bytes: int) -> TrialLimits:
    """Likewise where a whole framework is loaded to run it; Node.js reserves more addresses than any limit allows."""
    return TrialLimits(_FRAMEWORK_SECONDS + size_bytes // BYTES_PER_SECOND, None, _FRAMEWORK_PATIENCE)


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial.

    Attributes:
        ok: the model was loaded and ran once.
        reason: why not, as a clause that goes on after "cannot be run: "; of a model that was loaded but did
            not run on the sizes that were chosen for it, what it said to them.
        broken: the file is damaged; else it is sound, but not for this engine.
        engine: what ran it.
        inputs: as the engine sees them.
        outputs: as the engine sees them.
    """

    ok: bool
    reason: str | None = None
    broken: bool = False
    engine: EngineInfo | None = None
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def read_result(child: ChildResult, limits: TrialLimits, engine: str) -> TrialResult:
    """What the end of a trial's process means.

    Args:
        child: how it ended.
        limits: that it ran under.
        engine: what was to run the model, with its version where it is known.
    """
    reply = child.reply or {}
    if reply.get("ok") is False:
        return TrialResult(ok=False, reason=str(reply["reason"]), broken=bool(reply["broken"]))
    ended_by = None if child.exit_code is None else -child.exit_code
    if child.timed_out or ended_by == _CPU_LIMIT:
        return _refused(
            f"it did not finish one run within {limits.seconds:g} s. If you trust the file and it is only slow, "
            "load it with trust=True"
        )
    if limits.memory_bytes is not None and ("bad_alloc" in child.log or "MemoryError" in child.log):
        return _refused(
            f"it asks for more memory than the {limits.memory_bytes / 2**30:.3g} GiB of a trial. If you trust the "
            "file, load it with trust=True"
        )
    if ended_by == _KILL:
        return _refused(
            "the system ended its trial, as Linux does when memory runs out. Free some memory, or take a smaller model"
        )
    if child.crash:
        return _refused(
            f"it crashes the interpreter ({child.crash}; {engine} on {machine()}), as seen in a process of "
            "its own. The file is damaged, or made for another version"
        )
    if child.exit_code != 0 or not reply:
        return _refused(f"the trial run failed ({child.ending})")
    return TrialResult(
        ok=True,
        reason=reply.get("reason"),
        engine=EngineInfo(**reply["engine"]),
        inputs=tuple(_read_tensor(info) for info in reply["inputs"]),
        outputs=tuple(_read_tensor(info) for info in reply["outputs"]),
    )


def _refused(reason: str) -> TrialResult:
    return TrialResult(ok=False, reason=reason)


def _read_tensor(fields: dict[str, Any]) -> TensorInfo:
    return TensorInfo(**{**fields, "shape": tuple(fields["shape"])})
