"""Does an artifact that is no classifier give the same numbers as the model it was made from?

Without classes there is no best answer to agree on, so the error is held against how much the
reference's own values vary: an output between 0 and 1000 may be off by more than one between 0 and 1.

So may a channel, an index of an output's last axis: a temperature beside a pressure in one tensor. Held
against the whole tensor, a file whose small channel is all zeros would be off by nearly nothing. So each channel
is held against its own variation, too, with a limit of its own: some of the 1,280 features of a fine-tuned
MobileNetV2 0.35 are nearly always 0, and a sound int8 file is off by 0.10 of the whole, by 0.12 of the median channel
and by 0.64 of the worst (float16: 0.015, 0.018 and 0.11). What is no channel of its own:

- *Rounding.* Values are sums of float32 terms as large as those of the channels beside them, so an error of
  :data:`~edgekit.measure.variation.ROUNDING` of the tensor's size can be rounding, and is held against the whole
  tensor: a channel of 1e-12 beside 1.0 is noise in the reference itself.
- *Constants.* A channel that varies by no more than that is held against its size; one without a size,
  zero throughout, against the tensor.
- *Shares.* Where the last axis adds up to one, as of a softmax, the channels are parts of a whole and have its
  scale: a class that never occurs has probabilities of 1e-9, which nobody tells from 0.
- *Too few values.* With less than :data:`ENOUGH` values for each channel, nobody knows by how much it varies. Then,
  and in an output (n,), all values together are one channel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.measure.judging import NOT_NUMBERS, Verdict, constant_answers, undecided
from edgekit.measure.tolerances import Tolerance
from edgekit.measure.variation import ROUNDING, Spread, measure_spread, root_mean_square

ENOUGH = 8
"""Values of a channel from which on its variation is known well enough: that of 8 normal values is off by a quarter."""

_SHARES_ADD_UP = 1e-3
"""What the sum of probabilities may be off by, in float16."""


@dataclass(frozen=True)
class ChannelError:
    """Of the channel with the largest error.

    Attributes:
        output: the place of its output.
        channel: its index on the last axis; ``None`` where the output was taken as a whole.
        channels: how many the output has.
        error: root mean square of the difference / standard deviation of the reference's values in it.
        share: of the variation of the channel that varies most, 0..1.
    """

    output: int
    channel: int | None
    channels: int
    error: float
    share: float


@dataclass(frozen=True)
class ValueParity:
    """How far two models' numbers agree on the same samples.

    Attributes:
        count: samples.
        max_difference: the largest difference of any value; infinite where one is not a number.
        mean_difference: the mean absolute difference; infinite likewise.
        relative_error: of the worst output: root mean square of the difference / that of the
            reference around its mean; infinite likewise.
        worst: the worst channel of all outputs.
        spreads: of each output, the error beside what the reference varies by from sample to sample.
        names: of the outputs, for a sentence.
        unit: what was compared.
    """

    count: int
    max_difference: float
    mean_difference: float
    relative_error: float
    worst: ChannelError
    spreads: tuple[Spread, ...]
    names: tuple[str, ...]
    unit: str = "samples"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the fields of :class:`~edgekit.measure.parity.Parity`; no classes, so no agreement."""
        return {
            "count": self.count,
            "unit": self.unit,
            "agreement": None,
            "max_difference": _finite(self.max_difference),
            "mean_difference": _finite(self.mean_difference),
            "relative_error": _finite(self.relative_error),
            "disagreements": [],
        }


def measure_values(
    reference: Sequence[NDArray[Any]], candidate: Sequence[NDArray[Any]], names: Sequence[str] = ()
) -> ValueParity:
    """Compares two models' outputs for the same samples.

    Args:
        reference: (n, ...) of each output, of the model that is right by definition.
        candidate: likewise, of the artifact.
        names: of the outputs; by default their numbers.

    Raises:
        UsageError: the shapes differ, or there is nothing to compare.
    """
    shapes = [[array.shape for array in arrays] for arrays in (reference, candidate)]
    if shapes[0] != shapes[1] or not reference or any(array.size == 0 for array in reference):
        raise UsageError(f"Two models' values can be compared where the shapes are the same. Got: {shapes}.")
    pairs = [
        (first.astype(np.float64), second.astype(np.float64))
        for first, second in zip(reference, candidate, strict=True)
    ]
    with np.errstate(invalid="ignore", over="ignore"):
        differences = [np.abs(first - second) for first, second in pairs]
        found = [
            (_relative(first, values), _worst_channel(place, first, values))
            for place, ((first, _), values) in enumerate(zip(pairs, differences, strict=True))
        ]
    every = np.concatenate([values.reshape(-1) for values in differences])
    every[~np.isfinite(every)] = np.inf
    return ValueParity(
        count=len(reference[0]),
        max_difference=float(every.max()),
        mean_difference=float(every.mean()),
        relative_error=max(error for error, _ in found),
        worst=max((channel for _, channel in found), key=lambda channel: channel.error),
        spreads=tuple(measure_spread(first, second) for first, second in pairs),
        names=tuple(names) or tuple(map(str, range(len(reference)))),
    )


def judge_values(parity: ValueParity, tolerance: Tolerance) -> Verdict:
    """Whether the numbers are near enough.

    What would pass is undecided where no output varies, or where the error of one hides by how much: an artifact that
    ignores its input would pass, too.
    """
    if not math.isfinite(parity.relative_error):
        return Verdict(False, (NOT_NUMBERS,))
    reasons = _too_far(parity, tolerance)
    if reasons:
        return Verdict(False, reasons)
    if all(spread.constant for spread in parity.spreads):
        return undecided(constant_answers(parity.count, parity.unit))
    for name, spread in zip(parity.names, parity.spreads, strict=True):
        if spread.hidden and not spread.constant:
            reason = (
                f"The Keras model's values of {name!r} vary by {spread.variation:.2g} over the {parity.count} "
                f"{parity.unit} (root mean square), and its own are off by {spread.error:.2g}: a file that ignores its "
                "input would do as well."
            )
            if spread.error > tolerance.rounding * spread.size:
                return Verdict(False, (reason,))
            return undecided(f"{reason} Compare on real {parity.unit} that the model tells apart.")
    return Verdict(True, ())


def _too_far(parity: ValueParity, tolerance: Tolerance) -> tuple[str, ...]:
    """What is off by more than it may be, a sentence each."""
    largest = f"The largest difference is {parity.max_difference:.2g}."
    if parity.relative_error > tolerance.max_relative_error:
        off = (
            f"Its values are off by {parity.relative_error:.2g} of what the reference's vary (root mean square; at "
            f"most {tolerance.max_relative_error:g} is allowed)."
        )
        return (off, *([] if parity.worst.channel is None else [_about_channel(parity)]), largest)
    if parity.worst.error > tolerance.max_channel_error:
        allowed = f"At most {tolerance.max_channel_error:g} is allowed of a channel."
        return (_about_channel(parity), allowed, largest, *_advice(parity.worst))
    return ()


def _about_channel(parity: ValueParity) -> str:
    worst = parity.worst
    output = f"output {parity.names[worst.output]!r}"
    what = output if worst.channel is None else f"channel {worst.channel} of {worst.channels} of the {output}"
    return (
        f"The worst is {what}: it is off by {worst.error:.2g} of what the reference's varies"
        + ("" if worst.channel is None else " (channels are counted from 0)")
        + "."
    )


def _advice(worst: ChannelError) -> tuple[str, ...]:
    if worst.share > _SMALL:
        return ()
    return (
        f"That channel varies by only {worst.share:.1g} of what the largest does, and integers have one step for a "
        "whole tensor. Choose a precision of floating-point numbers (fp32, fp16), scale the outputs to a common size "
        "in training, or make each an output of its own.",
    )


_SMALL = 0.1
"""The share of the largest channel's variation below which 8 bits get coarse: rounding to 1/256 of a range of 8
standard deviations is an error of 0.9 % of these, and of 9 % of a tenth of them."""


def _relative(reference: NDArray[np.float64], difference: NDArray[np.float64]) -> float:
    error = root_mean_square(difference)
    # Of an output that never changes, its size is the scale; one that is 0 throughout has none.
    scale = float(reference.std()) or float(np.abs(reference).max()) or 1.0
    return error / scale if math.isfinite(error) and math.isfinite(scale) else math.inf


def _worst_channel(place: int, reference: NDArray[np.float64], difference: NDArray[np.float64]) -> ChannelError:
    channels = reference.shape[-1] if _has_channels(reference) else 1
    values, off = reference.reshape(-1, channels), difference.reshape(-1, channels)
    errors, variations = np.sqrt(np.mean(np.square(off), axis=0)), values.std(axis=0)
    sizes = np.sqrt(np.mean(np.square(values), axis=0))
    noise = ROUNDING * np.maximum(sizes, root_mean_square(values))
    whole = _whole_scale(values, variations)
    own = np.where(variations > noise, variations, np.where(sizes > noise, sizes, whole))
    relative = errors / np.where(errors > noise, own, np.maximum(own, whole))
    relative[~np.isfinite(relative)] = np.inf
    worst, largest = int(relative.argmax()), float(variations.max())
    return ChannelError(
        output=place,
        channel=worst if channels > 1 else None,
        channels=channels,
        error=float(relative[worst]),
        share=float(variations[worst]) / largest if largest > 0 else 1.0,
    )


def _whole_scale(values: NDArray[np.float64], variations: NDArray[np.float64]) -> float:
    """Of an output that never changes, its size is the scale; one that is 0 throughout has none."""
    return float(root_mean_square(variations)) or float(np.abs(values).max()) or 1.0


def _has_channels(values: NDArray[np.float64]) -> bool:
    if values.ndim < 2 or values.shape[-1] < 2 or values.size // values.shape[-1] < ENOUGH:
        return False
    shares = bool((values >= 0).all()) and np.abs(values.sum(axis=-1) - 1).max() <= _SHARES_ADD_UP
    return not shares


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
