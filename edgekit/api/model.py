"""Model: a trained model with its spec, ready for the next line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from edgekit.adaptation import Adaptation
from edgekit.arguments import as_path
from edgekit.data import DataReport
from edgekit.errors import UsageError
from edgekit.files import refuse_existing
from edgekit.preprocess import ImageSource
from edgekit.progress import WARNINGS, Progress
from edgekit.quantization.calibration import Calibration
from edgekit.runtime import Prediction, Predictor
from edgekit.sourcemodel import SourceKeywords, SourceModel, SourceOptions, open_source
from edgekit.spec import ModelSpec

if TYPE_CHECKING:
    from edgekit.api.exporting import ExportResult
    from edgekit.program import FrozenProgram
    from edgekit.training.result import TrainingResult


@dataclass(frozen=True)
class Model:
    """What :func:`edgekit.train` returns and :meth:`open` reads.

    Attributes:
        keras_model: the ``keras.Model``; takes float32 pixels 0..255, answers probabilities. That of a
            :attr:`source` takes and answers what it was trained for; ``None`` for a TensorFlow function.
        spec: what it takes and answers.
        calibration: the sample of training photos for quantization, or ``None``.
        result: curves, metrics and confusion matrix; ``None`` for a model read from a file.
        data: what the check of the photos found; ``None`` likewise.
        path: the ``.keras`` file, or ``None`` for a model that was not saved.
        pictures: name to path of the pictures beside the file.
        source: a model that EdgeKit did not train, with what is put around it; else ``None``.
    """

    keras_model: Any
    spec: ModelSpec
    calibration: Calibration | None = None
    result: TrainingResult | None = None
    data: DataReport | None = None
    path: Path | None = None
    pictures: dict[str, Path] = field(default_factory=dict)
    source: SourceModel | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        spec: ModelSpec | None = None,
        adaptation: Adaptation | None = None,
        **about: Unpack[SourceKeywords],
    ) -> Model:
        """Reads a model file: one that EdgeKit trained, with the calibration sample beside it, or a foreign one.

        Args:
            path: a ``.keras`` or ``.h5`` file, or a SavedModel folder.
            spec: what a foreign model takes and answers; by default made from its inputs and outputs.
            adaptation: what an earlier export put around it, see :attr:`source`.
            about: what the file does not say: ``labels=``, ``preprocessing=``, ``input_shape=``, ...; see
                :class:`edgekit.sourcemodel.SourceOptions`.

        Raises:
            ModelFileError: missing, broken, or with parts that could execute code.
            SpecError: the spec inside is broken.
            UsageError: no path, or what is said does not fit the model.
            MissingExtraError: what reads such a file is not installed.
        """
        path = as_path(path, "The model file")
        source = open_source(path, spec, SourceOptions.of(about), adaptation)
        keras_model = getattr(source.graph, "model", None)
        sample = calibration_path(path)
        calibration = Calibration.read(sample) if sample.exists() else None
        own = source.own and keras_model is not None
        return cls(keras_model, source.spec, calibration, path=path, source=None if own else source)

    @classmethod
    def wrap(cls, model: Any, spec: ModelSpec | None = None, **about: Unpack[SourceKeywords]) -> Model:
        """Takes a model in memory: of Keras 3 or ``tf_keras``, a ``tf.function`` or a ``ConcreteFunction``.

        Args:
            model: the model.
            spec: as for :meth:`open`.
            about: likewise.

        Raises:
            UsageError: something else, or what is said does not fit the model.
            ConversionError: the model cannot be run.
        """
        source = open_source(model, spec, SourceOptions.of(about))
        return cls(getattr(source.graph, "model", None), source.spec, source=source)

    def save(self, path: str | Path, *, force: bool = False) -> Model:
        """Writes the ``.keras`` file with the spec inside, and nothing beside it.

        Args:
            path: ends in ``.keras``.
            force: replace an existing file.

        Returns:
            The same model with its new :attr:`path`.

        Raises:
            UsageError: another suffix, or a model that no ``.keras`` file holds: a TensorFlow function, one of
                Keras 2, or one with steps around it.
            OutputError: the file exists, or cannot be written.
        """
        from edgekit.kerasfile import save_model

        path = as_path(path, "The model file")
        if self.source is not None and (self.source.adaptation or self.source.graph.info.name != "keras"):
            raise UsageError(
                f"{self.source.name} cannot be saved as .keras: it is no Keras 3 model, or has steps around it that "
                "such a file has no place for. Export it."
            )
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
        options: Mapping[str, Mapping[str, Any]] | None = None,
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
            options=options,
            force=force,
            progress=progress,
        )

    def freeze(self, folder: Path, batch: int | None) -> FrozenProgram:
        """Traces the model and saves it for the converters; see :func:`edgekit.program.freeze`."""
        from edgekit.program import freeze

        if self.source is not None:
            return self.source.freeze(folder, batch, self.spec)
        return freeze(self.keras_model, self.spec, folder, batch)

    def predictor(self) -> Predictor:
        """The model itself behind the same interface as every artifact."""
        if self.source is not None:
            return self.source.predictor(self.spec)
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
