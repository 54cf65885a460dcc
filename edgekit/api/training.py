"""train: from photos to a saved model with its pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from edgekit.api.model import Model, training_folder
from edgekit.data import CachePolicy, DataOptions, Dataset, open_dataset
from edgekit.errors import UsageError
from edgekit.files import atomic_write, check_writable, refuse_existing, write_text
from edgekit.progress import SILENT, Progress
from edgekit.quantization.calibration import sample
from edgekit.spec import ImageFormat, ResizeMode
from edgekit.training.config import TrainingConfig
from edgekit.training.result import TrainingResult


def train(
    source: str | Path,
    *,
    output: str | Path | None = None,
    config: TrainingConfig | None = None,
    image_size: int | tuple[int, int] | None = None,
    resize: ResizeMode = "crop",
    validation: float | str | Path | None = None,
    classes: Sequence[str] | None = None,
    skip_unreadable: bool = False,
    cache: CachePolicy | None = None,
    force: bool = False,
    progress: Progress = SILENT,
    **settings: object,
) -> Model:
    """Trains an image classifier.

    Args:
        source: a folder with one folder of photos per class, or with ``train/`` and ``val/``
            (and ``test/``) folders of that form.
        output: the ``.keras`` file to write. The folder ``<name>.training`` beside it gets the
            calibration sample, the history and the pictures. Nothing is written without it.
        config: all settings of the training; or give them as keywords (``model=``, ``epochs=``,
            ``weights=``, ...: the fields of :class:`~edgekit.training.config.TrainingConfig`).
        image_size: pixels, one number or (height, width); the model's own size by default.
        resize: how photos become that size, see :mod:`edgekit.preprocess`.
        validation: the part of the photos that is kept for validation (0.2 by default), or a folder.
        classes: the folders to use, in the order of the outputs.
        skip_unreadable: leave unreadable photos out instead of refusing the data.
        cache: where decoded photos are kept.
        force: replace an existing ``output``.
        progress: told about everything that takes long.

    Raises:
        DataError: the photos cannot be trained on; the message says why and what to do.
        TrainingError: the training failed.
        OutputError: ``output`` exists or cannot be written.
        UsageError: an unknown or impossible setting.
    """
    from edgekit.training import check_model, default_image_size, train_classifier

    config = _config(config, settings)
    path = _check_output(output, force)
    height, width = _size(image_size, default_image_size(config.model))
    image = ImageFormat(width=width, height=height, resize=resize)
    check_model(config, image)
    options = DataOptions(
        validation=_validation(validation),
        classes=tuple(classes) if classes else None,
        seed=config.seed,
        skip_unreadable=skip_unreadable,
        cache=cache or CachePolicy(),
    )
    dataset = open_dataset(source, image, options, progress)
    for warning in dataset.report.warnings():
        progress.warn(warning)
    name = path.stem if path else Path(source).resolve().name
    result = train_classifier(dataset, image, config, name, progress)
    if dataset.report.split == "share":
        result = _with_share(result, options.validation)
    model = Model(result.keras_model, result.spec, sample(dataset.train, seed=config.seed), result, dataset.report)
    return model if path is None else _save(model, dataset, path)


def _config(config: TrainingConfig | None, settings: dict[str, object]) -> TrainingConfig:
    if config is not None and settings:
        raise UsageError(f"Give the settings in config or as keywords, not both. Got: {', '.join(settings)}.")
    if config is not None:
        return config
    known = TrainingConfig.__dataclass_fields__
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise UsageError(f"train has no setting {unknown[0]!r}. Known: {', '.join(known)}.")
    return TrainingConfig(**settings)  # type: ignore[arg-type]  # checked above; the values by __post_init__


def _with_share(result: TrainingResult, share: float | Path | None) -> TrainingResult:
    """Notes how the photos were split, so that ``verify`` finds the validation photos again."""
    assert isinstance(share, float | int)
    provenance = dataclasses.replace(result.spec.provenance, validation_share=float(share))
    return dataclasses.replace(result, spec=dataclasses.replace(result.spec, provenance=provenance))


def _validation(wanted: float | str | Path | None) -> float | Path | None:
    if wanted is None:
        return DataOptions.validation
    return Path(wanted) if isinstance(wanted, str) else wanted


def _check_output(output: str | Path | None, force: bool) -> Path | None:
    """The path to write, after everything that can be known before an hour of work."""
    if output is None:
        return None
    path = Path(output)
    if path.suffix != ".keras":
        raise UsageError(f"A trained model is a .keras file. Got: {path}. Use: {path.with_suffix('.keras')}")
    refuse_existing(path, force=force)
    refuse_existing(training_folder(path), force=force)
    check_writable(path)
    return path


def _size(wanted: int | tuple[int, int] | None, default: int) -> tuple[int, int]:
    height, width = wanted if isinstance(wanted, tuple) else (wanted or default, wanted or default)
    if not 8 <= min(height, width) <= max(height, width) <= 4096:
        raise UsageError(f"An image size is 8 to 4096 pixels. Got: {height}x{width}.")
    return height, width


def _save(model: Model, dataset: Dataset, path: Path) -> Model:
    """Writes the folder first and the model last: a model file is never without its sample."""
    from edgekit.training.history import write_history
    from edgekit.training.plots import write_pictures
    from edgekit.training.saved import save_model

    assert model.result is not None
    assert model.calibration is not None
    folder = training_folder(path)
    with atomic_write(folder) as temporary:
        temporary.mkdir()
        model.calibration.save(temporary / "calibration.npz")
        pictures = write_pictures(model.result, dataset, temporary)
        write_history(model.result, temporary / "history.csv")
        write_text(temporary / "result.json", json.dumps(model.result.to_dict(), indent=2) + "\n")
    save_model(model.keras_model, model.spec, path)
    return dataclasses.replace(model, path=path, pictures={name: folder / file.name for name, file in pictures.items()})
