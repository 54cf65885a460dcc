"""What the backends raise in the middle of a training, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgekit.errors import DivergedError, EdgeKitError, OutOfMemoryError, TrainingError

_OUT_OF_MEMORY = re.compile(
    r"RESOURCE_EXHAUSTED|ResourceExhausted|out of memory|OOM when allocating|failed to allocate memory", re.IGNORECASE
)

_GRAPH_FAILURE = re.compile(
    r"^Detected at node (?P<node>\S+) defined at.*\n\n?(?P<reason>[^\n]+)\n\t \[\[", re.DOTALL | re.MULTILINE
)


def explain_failure(error: BaseException, batch_size: int, callbacks: Sequence[object] = ()) -> EdgeKitError | None:
    """The error for a person, or ``None`` for one that is none of the known.

    Args:
        error: what ``Model.fit`` raised.
        batch_size: of the stage, for the advice.
        callbacks: the user's own.
    """
    if isinstance(error, EdgeKitError):
        return error
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}"):
        return OutOfMemoryError(_memory_advice(batch_size))
    graph = _GRAPH_FAILURE.search(str(error))
    if graph:  # TensorFlow's; its text is a traceback of its own
        return TrainingError(
            f"The network fails with these samples at {graph['node']} (model, layer, operation): {graph['reason']}. "
            "Give it samples that this layer takes, or change the layer."
        )
    callback = _failed_callback(error, callbacks)
    if callback is not None:
        reason = f"{type(error).__name__}: {error}"
        return TrainingError(f"The callback {type(callback).__name__} failed ({reason}). Mend it, or leave it out.")
    return None


def _failed_callback(error: BaseException, callbacks: Sequence[object]) -> object | None:
    """The callback in which an error arose."""
    trace = error.__traceback__
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        if any(owner is callback for callback in callbacks):
            return owner
        trace = trace.tb_next
    return None


def unforeseen(error: BaseException) -> TrainingError:
    """Anything else that broke a training off after its first epoch, whose best epoch is worth keeping."""
    return TrainingError(f"The training broke off: {type(error).__name__}: {error}")


def diverged(loss: float, epoch: int, stage: str, learning_rate: float) -> DivergedError:
    """The loss is no number any more."""
    return DivergedError(
        f"The loss became {loss} in epoch {epoch} ({stage}): the training diverged. Pass a smaller --learning-rate "
        f"than {learning_rate:g}."
    )


def _memory_advice(batch_size: int) -> str:
    if batch_size == 1:
        return "There is not enough memory, even for one photo at a time. Pass a smaller --image-size or --model."
    return (
        f"There is not enough memory for batches of {batch_size}. Try --batch-size {batch_size // 2}, or a smaller "
        "--image-size."
    )
