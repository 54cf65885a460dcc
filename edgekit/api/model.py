"""Model: a trained Keras model with its spec, ready for the next line."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgekit.arguments import as_path
from edgekit.data import DataReport
from edgekit.errors import SpecError
from edgekit.files import refuse_existing
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
            UsageError: no path.
        """
        from edgekit.kerasfile import load_model

        path = as_path(path, "The model file")
        keras_model, spec = load_model(path)
        if spec is None:
            raise SpecError(
                f"{path} has no EdgeKit spec, so nobody knows what its pixels and outputs mean. Train it with "
                "'edgekit train', or give the spec in Python: edgekit.export(keras_model, spec=ModelSpec(...))."
            )
        sample = calibration_path(path)
        return cls(keras_model, spec, Calibration.read(sample) if sample.exists() else None, path=path)

    def save(self, path: str | Path, *, force: bool = False) -> Model:
        """Writes the ``.keras`` file with the spec inside, and nothing beside it.

        Args:
            path: ends in ``.keras``.
            force: replace an existing file.

        Returns:
            The same model with its new :attr:`path`.

        Raises:
            UsageError: another suffix.
            OutputError: the file exists, or cannot be written.
        """
        from edgekit.training.saved import save_model

        path = as_path(path, "The model file")
        refuse_existing(path, force=force)
        save_model(self.keras_model, self.spec, path)
        return dataclasses.replace(self, path=path)

    def predict(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities of a batch of prepared images, or of samples of a model that takes no photos.

        Args:
            images: (n, height, width, channels) uint8, values 0..255, of the spec's size; else (n, ...).

        Returns:
            (n, labels) float32.
        """
        return self.predictor().predict(images)

    def classify(
        self, image: ImageSource | NDArray[Any], top: int = 5, language: str | None = None
    ) -> list[Prediction]:
        """The most probable labels of one photo (path, bytes, Pillow image or array), or of one sample."""
        return self.predictor().classify(image, top=top, language=language)

    def export(
        self,
        to: str | Sequence[str] = "tflite",
        output: str | Path = "dist",
        *,
        calibration: str | Path | Calibration | NDArray[Any] | None = None,
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

    def __repr__(self) -> str:
        """Short: the default would print every label and every epoch."""
        where = f", {str(self.path)!r}" if self.path else ""
        return f"<Model {self.spec.name!r}: {self.spec.task}, {len(self.spec.labels)} labels{where}>"


TRAINING_FILES = frozenset(
    {
        "augmentation.png",
        "calibration.npz",
        "confusion_matrix.png",
        "history.csv",
        "learning_curves.png",
        "mistakes.png",
        "per_class.png",
        "report.html",
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
