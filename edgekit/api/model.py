"""Model: a trained Keras model with its spec, ready for the next line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import DataReport
from edgekit.errors import SpecError
from edgekit.preprocess import ImageSource
from edgekit.progress import WARNINGS, Progress
from edgekit.quantization.calibration import Calibration
from edgekit.runtime import Prediction, Predictor
from edgekit.spec import ModelSpec

if TYPE_CHECKING:
    from edgekit.api.exporting import ExportResult
    from edgekit.training.result import TrainingResult


@dataclass(frozen=True)
class Model:
    """What :func:`edgekit.train` returns and :meth:`open` reads.

    Attributes:
        keras_model: the ``keras.Model``; takes float32 pixels 0..255, answers probabilities.
        spec: what it takes and answers.
        calibration: the sample of training photos for quantization, or ``None``.
        result: curves, metrics and confusion matrix; ``None`` for a model read from a file.
        data: what the check of the photos found; ``None`` likewise.
        path: the ``.keras`` file, or ``None`` for a model that was not saved.
        pictures: name to path of the pictures beside the file.
    """

    keras_model: Any
    spec: ModelSpec
    calibration: Calibration | None = None
    result: TrainingResult | None = None
    data: DataReport | None = None
    path: Path | None = None
    pictures: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def open(cls, path: str | Path) -> Model:
        """Reads a ``.keras`` file that EdgeKit trained, and the calibration sample beside it.

        Raises:
            ModelFileError: missing, broken, or with parts that could execute code.
            SpecError: a Keras model without EdgeKit's spec.
        """
        from edgekit.kerasfile import load_model

        path = Path(path)
        keras_model, spec = load_model(path)
        if spec is None:
            raise SpecError(
                f"{path} has no EdgeKit spec, so nobody knows what its pixels and outputs mean. Train it with "
                "'edgekit train', or give the spec in Python: edgekit.export(keras_model, spec=ModelSpec(...))."
            )
        sample = calibration_path(path)
        return cls(keras_model, spec, Calibration.read(sample) if sample.exists() else None, path=path)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities of a batch of prepared images.

        Args:
            images: (n, height, width, channels) uint8, values 0..255, of the spec's size.

        Returns:
            (n, classes) float32.
        """
        return self.predictor().predict(images)

    def classify(self, image: ImageSource, top: int = 5) -> list[Prediction]:
        """The most probable labels of one photo (path, bytes, Pillow image or array)."""
        return self.predictor().classify(image, top=top)

    def export(
        self,
        to: str | Sequence[str] = "tflite",
        output: str | Path = "dist",
        *,
        calibration: str | Path | None = None,
        confidence_threshold: float | None = None,
        force: bool = False,
        progress: Progress = WARNINGS,
    ) -> ExportResult:
        """Writes artifacts: :func:`edgekit.export` of this model."""
        from edgekit.api.exporting import export

        return export(
            self,
            to,
            output,
            calibration=calibration,
            confidence_threshold=confidence_threshold,
            force=force,
            progress=progress,
        )

    def predictor(self) -> Predictor:
        """The Keras model behind the same interface as every artifact."""
        from edgekit.runtime.engines.keras import KerasEngine

        return Predictor(KerasEngine(self.keras_model), self.spec)


TRAINING_FILES = frozenset(
    {
        "calibration.npz",
        "confusion_matrix.png",
        "history.csv",
        "learning_curves.png",
        "result.json",
        "samples.png",
        "train_digests.txt",
    }
)
"""What the folder beside a model holds; a folder with anything else is not replaced."""


def training_folder(path: Path) -> Path:
    """The folder beside a ``.keras`` file with its calibration sample, history and pictures."""
    return path.with_name(f"{path.stem}.training")


def seen_path(path: Path) -> Path:
    """Where the digests of the training photos of a ``.keras`` file lie, one a line."""
    return training_folder(path) / "train_digests.txt"


def calibration_path(path: Path) -> Path:
    """Where the calibration sample of a ``.keras`` file lies."""
    return training_folder(path) / "calibration.npz"
