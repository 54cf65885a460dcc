"""What a task means for the network: how many outputs, through which activation, judged by what.

Decisions only; Keras is not imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Dataset
from edgekit.errors import DataError, UsageError
from edgekit.spec import Activation

TrainingTask = Literal["multi-class", "binary", "multi-label"]
TRAINING_TASKS: tuple[TrainingTask, ...] = get_args(TrainingTask)


@dataclass(frozen=True)
class Objective:
    """A task for a number of classes.

    Attributes:
        task: ``multi-class`` (one of n), ``binary`` (one output: the probability of the second
            class) or ``multi-label`` (any of n).
        classes: at least 2; for multi-label at least 1.
    """

    task: TrainingTask
    classes: int

    @property
    def outputs(self) -> int:
        """Units of the last layer."""
        return 1 if self.task == "binary" else self.classes

    @property
    def activation(self) -> Activation:
        """Of the last layer."""
        return "softmax" if self.task == "multi-class" else "sigmoid"

    @property
    def monitor(self) -> str:
        """The metric by which the best epoch is chosen; higher is better.

        Of many labels most are absent, so the share of right decisions is high for a network that
        never answers anything. The F1 score is not.
        """
        return "val_f1" if self.task == "multi-label" else "val_accuracy"

    def targets(self, labels: NDArray[np.integer]) -> NDArray[np.float32]:
        """What the outputs should be.

        Args:
            labels: (n,) indices of classes; for multi-label (n, classes) of 0 and 1.

        Returns:
            (n, outputs) float32 of 0 and 1.
        """
        if self.task == "multi-label":
            return labels.astype(np.float32)
        if self.task == "binary":
            return labels.astype(np.float32)[:, np.newaxis]
        table = np.zeros((len(labels), self.classes), np.float32)
        table[np.arange(len(labels)), labels] = 1
        return table


def choose_objective(task: str, dataset: Dataset) -> Objective:
    """The objective that a data set and the user's wish give.

    Args:
        task: ``auto`` (multi-label where photos have several labels, else multi-class), or a name.
        dataset: its labels say whether photos have one label or several.

    Raises:
        UsageError: a task that the data cannot be used for.
        DataError: too few classes.
    """
    classes = len(dataset.class_names)
    chosen = ("multi-label" if dataset.multi_label else "multi-class") if task == "auto" else task
    if chosen == "multi-label" and not dataset.multi_label:
        raise UsageError(
            "Every photo of these data has one label, so there is nothing for the task multi-label. Use multi-class, "
            "or a table whose label column names several, as in: beach;sunset"
        )
    if chosen != "multi-label" and dataset.multi_label:
        raise UsageError(f"Photos of these data have several labels, so the task is multi-label. Got: {chosen}.")
    if chosen == "binary" and classes != 2:
        raise UsageError(
            f"A binary classifier has 2 classes. Got {classes}: {', '.join(dataset.class_names[:10])}. "
            "Use multi-class, or choose two with classes."
        )
    if classes < (1 if chosen == "multi-label" else 2):
        raise DataError(f"A classifier needs at least 2 classes. Got: {', '.join(dataset.class_names) or 'none'}.")
    return Objective(chosen, classes)  # type: ignore[arg-type]  # checked by the configuration
