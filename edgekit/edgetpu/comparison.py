"""Where the prediction and the compiler's own table say different things."""

from __future__ import annotations

from collections.abc import Iterable

from edgekit.edgetpu.outcome import OpOutcome, count_ops
from edgekit.edgetpu.reasons import MAPPED


def differences(predicted: Iterable[OpOutcome], found: Iterable[OpOutcome]) -> tuple[str, ...]:
    """A sentence for each kind of op of which another number is on the Edge TPU, or for another reason on the CPU.

    Args:
        predicted: for the model that was compiled.
        found: what the compiler's log says; of a model in segments, of all of them.
    """
    ours, theirs = _fates(predicted), _fates(found)
    return tuple(
        f"{op}: predicted {_in_words(ours.get(op, {}))}; the compiler says {_in_words(theirs.get(op, {}))}."
        for op in sorted({*ours, *theirs})
        if ours.get(op, {}) != theirs.get(op, {})
    )


def agrees(predicted: Iterable[OpOutcome], found: Iterable[OpOutcome]) -> bool:
    """Whether the same numbers of ops are on the Edge TPU and on the CPU, whatever the reasons."""
    ours, theirs = list(predicted), list(found)
    return all(count_ops(ours, mapped=fate) == count_ops(theirs, mapped=fate) for fate in (True, False))


def _fates(ops: Iterable[OpOutcome]) -> dict[str, dict[str, int]]:
    """Name to the compiler's word to how many. Its log calls every custom op ``CUSTOM``."""
    fates: dict[str, dict[str, int]] = {}
    for outcome in ops:
        of_op = fates.setdefault(outcome.op.partition(":")[0], {})
        word = MAPPED if outcome.mapped else outcome.reason or "on the CPU"
        of_op[word] = of_op.get(word, 0) + outcome.count
    return fates


def _in_words(fates: dict[str, int]) -> str:
    return ", ".join(f"{count} {word!r}" for word, count in sorted(fates.items())) or "none of them"
