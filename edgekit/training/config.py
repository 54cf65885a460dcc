"""TrainingConfig: everything a training can be told."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError
from edgekit.training.augmentation import AUGMENTATIONS


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of one training. ``None`` means: what suits the model.

    Attributes:
        model: ``simple_cnn`` or a ``keras.applications`` model, with a width where it has one, as
            in ``mobilenet_v2_0.35``; upper case, hyphens and underscores do not matter.
        weights: ``imagenet``, ``none``, or the path of a file (``.h5``, ``.weights.h5``, ``.keras``).
        epochs: at least 1.
        batch_size: at least 1; fewer photos than this are one batch.
        learning_rate: of Adam, above 0.
        augmentation: ``auto`` (none on a frozen backbone, whose features are then computed once;
            light wherever the backbone is trained), or a name of
            :data:`~edgekit.training.augmentation.AUGMENTATIONS`.
        fine_tune_epochs: epochs in which the backbone is trained, too, after the others.
        fine_tune_learning_rate: for these, above 0.
        units: of the hidden layer of the head; 0 for none.
        dropout: of the features, 0 to below 1.
        hidden_dropout: behind the hidden layer, 0 to below 1.
        label_smoothing: 0 to below 1.
        seed: of initialization, order, dropout and augmentation; 0 to 2**32 - 1.

    Raises:
        UsageError: a value is out of range.
    """

    model: str = "mobilenet_v2_0.35"
    weights: str | os.PathLike[str] | None = None
    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    augmentation: str = "auto"
    fine_tune_epochs: int = 0
    fine_tune_learning_rate: float = 1e-4
    units: int | None = None
    dropout: float | None = None
    hidden_dropout: float | None = None
    label_smoothing: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _check_type("model", self.model, str)
        _check_integer("epochs", self.epochs, 1)
        _check_integer("batch_size", self.batch_size, 1)
        _check_integer("fine_tune_epochs", self.fine_tune_epochs, 0)
        _check_integer("seed", self.seed, 0, 2**32 - 1)
        _check_rate("learning_rate", self.learning_rate)
        _check_rate("fine_tune_learning_rate", self.fine_tune_learning_rate)
        if self.units is not None:
            _check_integer("units", self.units, 0)
        _check_share("dropout", self.dropout)
        _check_share("hidden_dropout", self.hidden_dropout)
        _check_share("label_smoothing", self.label_smoothing)
        known = ("auto", *AUGMENTATIONS)
        if self.augmentation not in known:
            raise UsageError(f"augmentation is one of {', '.join(known)}. Got: {self.augmentation!r}.")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        document = dataclasses.asdict(self)
        document["weights"] = None if self.weights is None else os.fspath(self.weights)
        return document


def _check_type(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise UsageError(f"{name} is a {kind.__name__}. Got: {value!r}.")


def _check_integer(name: str, value: object, low: int, high: int | None = None) -> None:
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high)
    if not fits:
        bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise UsageError(f"{name} is a whole number {bounds}. Got: {value!r}.")


def _check_rate(name: str, value: object) -> None:
    if not _is_number(value) or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise UsageError(f"{name} is a number above 0. Got: {value!r}.")


def _check_share(name: str, value: object) -> None:
    if value is not None and (not _is_number(value) or not 0 <= float(value) < 1):  # type: ignore[arg-type]
        raise UsageError(f"{name} is at least 0 and below 1. Got: {value!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
