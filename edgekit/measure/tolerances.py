"""What each precision of each format may change, as data."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.errors import UsageError


@dataclass(frozen=True)
class Tolerance:
    """What an artifact may differ by from the model it was made from.

    Attributes:
        clear_margin: photos whose reference leads by at least this much must agree.
        min_agreement: on the clear photos, 0..1.
        max_relative_error: the largest RMS error as a share of the RMS variation of the reference: of the
            values of a model without classes, and of the probabilities where a classifier is sure of nothing.
        max_channel_error: likewise of each channel of a model without classes, see :mod:`edgekit.measure.values`.
        rounding: what the precision alone may change the probabilities by, RMS, as a share of their RMS size. An
            error within that can be no proof of a wrong file, see :func:`edgekit.measure.judging.judge`.
        max_difference: of any probability, or ``None`` for no limit.
        max_drop: by how much top-1 may fall, 0..1; where labels are given this decides and agreement
            does not. ``None``: agreement decides.
    """

    clear_margin: float
    min_agreement: float
    max_relative_error: float
    max_channel_error: float
    rounding: float
    max_difference: float | None = None
    max_drop: float | None = None


TOLERANCES: dict[str, Tolerance] = {
    # The same arithmetic in another order: sums of float32 differ by 1e-6 or so, 1e-4 is generous. Two
    # probabilities can change places only within twice that. Long recurrences add rounding up: values
    # of other models were seen to be off by 1e-7 to 3e-6.
    "fp32": Tolerance(
        clear_margin=2e-4,
        min_agreement=1.0,
        max_difference=1e-4,
        max_relative_error=1e-3,
        max_channel_error=1e-3,
        rounding=1e-5,
    ),
    # Weights keep 11 significant bits (a relative error of 5e-4), which moves probabilities by a percent at
    # most, and the values of small networks with LSTM, GRU and convolutions by up to 1e-3.
    "fp16": Tolerance(
        clear_margin=0.02, min_agreement=0.995, max_relative_error=2e-2, max_channel_error=0.2, rounding=1e-2
    ),
    # 8 bits: MobileNetV2 0.35 on flowers agrees on 96.4 % of all photos and loses 0.2 points. A
    # signal-to-noise ratio of 20 dB; seen with 8-bit weights: 0.01 to 0.04. Of each channel half of the variance
    # must be the reference's (1 - 0.7^2): seen were up to 0.64, where a channel is nearly always 0.
    "int8": Tolerance(
        clear_margin=0.1, min_agreement=0.9, max_drop=0.01, max_relative_error=0.1, max_channel_error=0.7, rounding=0.1
    ),
    # Nobody has looked at the activations beforehand: the same model loses 1.1 to 1.3 points in two trainings.
    "int8-dynamic": Tolerance(
        clear_margin=0.1, min_agreement=0.9, max_drop=0.02, max_relative_error=0.1, max_channel_error=0.7, rounding=0.1
    ),
    # Weights of 8 bits per channel, everything else floating point: 99.6 % of all photos agree.
    "coreml:int8": Tolerance(
        clear_margin=0.02, min_agreement=0.98, max_relative_error=0.1, max_channel_error=0.7, rounding=0.1
    ),
    # Weights out of a table of 64, of 16: see docs/export.md for what was measured.
    "int6": Tolerance(
        clear_margin=0.1, min_agreement=0.95, max_drop=0.01, max_relative_error=0.1, max_channel_error=0.7, rounding=0.1
    ),
    "int4": Tolerance(
        clear_margin=0.1, min_agreement=0.9, max_drop=0.02, max_relative_error=0.3, max_channel_error=0.9, rounding=0.3
    ),
    # Weights of 16 bits per tensor: 99.8 % of all photos agree.
    "uint16": Tolerance(
        clear_margin=0.02, min_agreement=0.98, max_relative_error=2e-2, max_channel_error=0.2, rounding=1e-2
    ),
    # Weights of 8 bits per tensor: 97.3 % of all photos agree.
    "uint8": Tolerance(
        clear_margin=0.1, min_agreement=0.95, max_drop=0.01, max_relative_error=0.1, max_channel_error=0.7, rounding=0.1
    ),
}
"""By ``format:precision``, or by the precision alone for every format that says nothing else."""


def tolerance_of(format: str, precision: str) -> Tolerance:
    """What an artifact of a format and precision may change.

    Raises:
        UsageError: an unknown precision.
    """
    tolerance = TOLERANCES.get(f"{format}:{precision}") or TOLERANCES.get(precision)
    if tolerance is None:
        raise UsageError(f"No tolerance is known for {format}:{precision}. Known: {', '.join(TOLERANCES)}.")
    return tolerance
