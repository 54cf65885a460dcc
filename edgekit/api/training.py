"""train: from photos to a saved model with its pictures."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

from edgekit.api.model import TRAINING_FILES, Model, seen_path, training_folder
from edgekit.data import CachePolicy, DataOptions, Dataset, open_dataset
from edgekit.errors import OutputError, UsageError
from edgekit.extras import require
from edgekit.files import atomic_write, check_writable, refuse_existing
from edgekit.progress import WARNINGS, Progress
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
    progress: Progress = WARNINGS,
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
    require("Training", "keras", "train")
    require("Training", "matplotlib", "train")
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    require("Training", backend, backend)
    sources = [source, validation] if isinstance(validation, str | Path) else [source]
    path = _check_output(output, sources, force)
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
    progress.say(dataset.report.summary())
    for warning in dataset.report.warnings():
        progress.warn(warning)
    if isinstance(validation, float | int) and dataset.report.split == "folders":
        progress.warn(f"{source} has a validation folder, so the share {validation:g} is not used.")
    name = path.stem if path else Path(source).resolve().name
    result = train_classifier(dataset, image, config, name, progress)
    if dataset.report.split == "share":
        result = _with_share(result, options.validation)
    model = Model(result.keras_model, result.spec, sample(dataset.train, seed=config.seed), result, dataset.report)
    return model if path is None else _save(model, dataset, path, progress)


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


def _check_output(output: str | Path | None, sources: Sequence[str | Path], force: bool) -> Path | None:
    """The path to write, after everything that can be known before an hour of work."""
    if output is None:
        return None
    path = Path(output)
    if not path.name:
        raise UsageError("The output needs a name, as in: -o flowers.keras")
    if path.suffix != ".keras":
        raise UsageError(f"A trained model is a .keras file. Got: {path}. Use: {path}.keras")
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Choose another name for the model.")
    _refuse_inside(path, sources)
    refuse_existing(path, force=force)
    _check_training_folder(training_folder(path), replace=force or not path.exists())
    check_writable(path)
    return path


def _refuse_inside(path: Path, sources: Sequence[str | Path]) -> None:
    """The pictures beside a model that lies among the photos would be a class of the next training."""
    for source in sources:
        folder = Path(source).resolve()
        if path.resolve().is_relative_to(folder) or training_folder(path).resolve() == folder:
            raise UsageError(f"{path} lies among the photos of {source}. Write it elsewhere: -o FOLDER/{path.name}")


def _check_training_folder(folder: Path, *, replace: bool) -> None:
    """A folder without its model is what an interrupted run left; one with other files is not ours."""
    if not folder.exists():
        return
    if not folder.is_dir() or not {file.name for file in folder.iterdir()} <= TRAINING_FILES:
        raise OutputError(f"{folder} is not a folder that a training wrote. Choose another name for the model.")
    refuse_existing(folder, force=replace)


def _size(wanted: int | tuple[int, int] | None, default: int) -> tuple[int, int]:
    if wanted is None:
        wanted = default
    height, width = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    if not 8 <= min(height, width) <= max(height, width) <= 4096:
        raise UsageError(f"An image size is 8 to 4096 pixels. Got: {height}x{width}.")
    return height, width


def _save(model: Model, dataset: Dataset, path: Path, progress: Progress) -> Model:
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
        pictures = write_pictures(model.result, dataset, temporary, progress)
        write_history(model.result, temporary / "history.csv")
        digests = "".join(f"{digest.hex()}\n" for digest in sorted(dataset.train.digests))
        (temporary / seen_path(path).name).write_text(digests, encoding="ascii")
        (temporary / "result.json").write_text(json.dumps(model.result.to_dict(), indent=2) + "\n", encoding="utf-8")
    save_model(model.keras_model, model.spec, path)
    return dataclasses.replace(model, path=path, pictures={name: folder / file.name for name, file in pictures.items()})
