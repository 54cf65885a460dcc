"""The training that is compared, and what it leaves."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.jax.environment import Done

TRAIN = (
    *("--model", "simple_cnn", "--image-size", "32", "--weights", "none", "--augmentation", "none"),
    *("--epochs", "2", "--batch-size", "16", "--dropout", "0"),
)
"""72 photos for training, in 4 batches of 16 and one of 8; 16 for validation."""


@dataclass(frozen=True)
class Trained:
    """A training that has ended."""

    path: Path
    done: Done

    def losses(self) -> NDArray[np.float64]:
        """(epochs, 2): the losses of training and validation."""
        assert self.done.returncode == 0, self.done.output
        with (self.path.with_suffix(".training") / "history.csv").open() as file:
            return np.array([[float(row["loss"]), float(row["val_loss"])] for row in csv.DictReader(file)])
