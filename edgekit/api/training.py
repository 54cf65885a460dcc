"""train: from photos to a saved model with its pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.api.model import Model, seen_path, training_folder
from edgekit.api.training_output import Output, check_output
from edgekit.arguments import check_kind
from edgekit.data import (
    CachePolicy,
    Columns,
    DataOptions,
    Dataset,
    describe_source,
    leave_out_vanished,
    open_dataset,
    open_tensors,
    source_name,
)
from edgekit.errors import OutputError, TrainingStoppedError, UsageError
from edgekit.extras import require, require_training
from edgekit.files import atomic_write, make_directory
from edgekit.kerasfile import save_model
from edgekit.progress import WARNINGS, Progress
from edgekit.quantization.calibration import sample
from edgekit.spec import Color, ImageFormat, ResizeMode

if TYPE_CHECKING:
    from edgekit.training.config import TrainingConfig
    from edgekit.training.distribution import ProcessOptions
    from edgekit.training.result import TrainingResult

_BACKENDS = ("tensorflow", "jax")


def train(
    source: Any,
    *,
    output: str | Path | None = None,
    config: TrainingConfig | None = None,
    image_size: int | tuple[int, int] | None = None,
    color: Color = "rgb",
    resize: ResizeMode = "crop",
    validation: Any = None,
    test: Any = None,
    classes: Sequence[str] | None = None,
    columns: Columns | None = None,
    root: str | Path | None = None,
    steps: int | None = None,
    labels: str | Path | None = None,
    skip_unreadable: bool = False,
    cache: CachePolicy | None = None,
    processes: ProcessOptions | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress = WARNINGS,
    command: str | None = None,
    **settings: object,
) -> Model:
    """Trains a classifier.

    >>> model = edgekit.train("flowers/", output="flowers.keras")  # doctest: +SKIP
    >>> model.classify("photo.jpg", top=3)  # doctest: +SKIP

    Args:
        source: a folder with one folder of photos per class, or with ``train/`` and ``val/`` (and
            ``test/``) folders of that form; a ``.zip`` or ``.tar`` of these; a CSV file or a pandas
            DataFrame of paths and labels; ``(photos, labels)`` as arrays or lists; a
            ``tf.data.Dataset``; a ``keras.utils.PyDataset``; or a generator. With a model of your own whose
            input is no photo: ``(tensors, labels)``.
        output: the ``.keras`` file to write. The folder ``<name>.training`` beside it gets the report, the
            pictures, the history and the calibration sample. Nothing is written without it.
        config: all settings of the training; or give them as keywords (``model=``, ``epochs=``,
            ``weights=``, ...: the fields of :class:`~edgekit.training.config.TrainingConfig`).
        image_size: pixels, one number or (height, width); the model's own size by default.
        color: ``rgb`` or ``grayscale``.
        resize: how photos become that size, see :mod:`edgekit.preprocess`.
        validation: the share of the photos that is kept for validation (0.2 by default), or another source.
        test: another source, which is counted and checked, and kept for you.
        classes: the classes to use, in the order of the outputs; of a binary classifier the second one
            is what its output means.
        columns: which columns of a table are the image, the label and the part.
        root: the folder that a table's relative paths begin in; by default the CSV file's own, for a
            DataFrame the working directory.
        steps: batches to take of a generator that has no end.
        labels: a CSV file with names and descriptions of the classes, see the docs.
        skip_unreadable: leave unreadable photos out instead of refusing the data.
        cache: where decoded photos are kept.
        processes: which processes share the training, where several do.
        resume: go on with the run that was interrupted before it could write ``output``; where there is
            none, start.
        force: replace an existing ``output``.
        progress: told about everything that takes long.
        command: how the training was called, for its report.

    Raises:
        DataError: the photos cannot be trained on; the message says why and what to do.
        TrainingError: the training failed. As a ``TrainingStoppedError`` it has the best epoch's
            ``model``, which was also written to ``output``.
        OutputError: ``output`` exists or cannot be written.
        UsageError: an unknown or impossible setting.
    """
    require_training()
    from edgekit.training import RunOptions, train_classifier
    from edgekit.training.backend import chosen_backend
    from edgekit.training.checks import check_callbacks
    from edgekit.training.distribution import wait_for_all

    config = _config(config, settings)
    check_callbacks(config.callbacks)
    _check_helpers(progress, processes)
    require("Training", "keras", "train")
    require("Training", "matplotlib", "train")
    backend = chosen_backend()
    if backend not in _BACKENDS:
        raise UsageError(
            f"Keras' backend is set to {backend!r}. EdgeKit trains on two: KERAS_BACKEND=tensorflow or jax."
        )
    require("Training", backend, backend)
    if config.tensorboard is not None:
        # On every backend Keras writes these logs with TensorFlow's summaries, and those need TensorBoard.
        require("A log for TensorBoard", "tensorflow", "tensorflow")
        require("A log for TensorBoard", "tensorboard", "tensorboard")
    where = check_output(output, (source, validation, test), force=force, resume=resume)
    options = DataOptions(
        validation=DataOptions.validation if validation is None else validation,
        test=test,
        classes=classes,  # type: ignore[arg-type]  # checked, and made a tuple
        columns=columns,
        root=root,
        steps=steps,
        labels=labels,
        seed=config.seed,
        skip_unreadable=skip_unreadable,
        cache=CachePolicy() if cache is None else cache,
    )
    if config.tensorboard is not None:
        make_directory(Path(config.tensorboard))
    image = _image_format(config, image_size, color, resize)
    dataset = (
        open_tensors(source, options, progress) if image is None else open_dataset(source, image, options, progress)
    )
    _tell(dataset, source, validation, progress)
    name = where.path.stem if where else source_name(source) or "model"
    run = RunOptions(where.unfinished if where else None, resume, processes)
    try:
        result = train_classifier(dataset, image, config, name, progress, run)
        if dataset.report.split == "share":
            result = _with_share(result, options.validation)
        dataset = leave_out_vanished(dataset, result.failure)
        model = Model(result.keras_model, result.spec, sample(dataset.train, seed=config.seed), result, dataset.report)
        if where is not None and result.main_process:
            others = {
                "image_size": image_size,
                "color": color if color != "rgb" else None,
                "resize": resize if resize != "crop" else None,
                "validation": validation,
                "test": test,
                "classes": classes,
                "columns": columns,
                "root": root,
                "steps": steps,
                "labels": labels,
                "skip_unreadable": skip_unreadable or None,
            }
            model = _save(model, dataset, where, _Call(command or "", source, others), progress)
    except KeyboardInterrupt:
        done = where.epochs_done() if where else 0
        if done:
            kept = "1 epoch is kept" if done == 1 else f"{done} epochs are kept"
            progress.say(f"{kept}. The same command with --resume goes on after that.")
        raise
    wait_for_all("the end")
    if result.failure is not None:
        raise TrainingStoppedError(_stopped(result, where), model) from result.failure
    return model


def _config(config: TrainingConfig | None, settings: dict[str, object]) -> TrainingConfig:
    from edgekit.training.config import TrainingConfig

    if config is not None and settings:
        raise UsageError(f"Give the settings in config or as keywords, not both. Got: {', '.join(settings)}.")
    if config is not None:
        check_kind(config, "config", TrainingConfig, "a TrainingConfig, as in TrainingConfig(epochs=10)")
        return config
    known = TrainingConfig.__dataclass_fields__
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise UsageError(f"train has no setting {unknown[0]!r}. Known: {', '.join(known)}.")
    return TrainingConfig(**settings)  # type: ignore[arg-type]  # checked above; the values by __post_init__


def _check_helpers(progress: object, processes: object) -> None:
    from edgekit.training.distribution import ProcessOptions

    if not all(callable(getattr(progress, name, None)) for name in ("task", "say", "warn", "record")):
        raise UsageError(
            f"progress is told what happens, as edgekit.progress.WARNINGS and SILENT are. Got: {progress!r}."
        )
    check_kind(
        processes, "processes", (ProcessOptions, type(None)), "ProcessOptions(processes, process_id, coordinator)"
    )


def _image_format(
    config: TrainingConfig, size: int | tuple[int, int] | None, color: Color, resize: ResizeMode
) -> ImageFormat | None:
    """What photos become; ``None`` where the model takes other tensors."""
    from edgekit.training import check_model, default_image_format

    image = default_image_format(config.model, size, color, resize)
    if image is not None:
        check_model(config, image)
    return image


def _tell(dataset: Dataset, source: object, validation: object, progress: Progress) -> None:
    progress.say(dataset.report.summary())
    for warning in dataset.report.warnings():
        progress.warn(warning)
    if isinstance(validation, float | int) and dataset.report.split == "folders":
        progress.warn(
            f"{describe_source(source)} says which photos are for validation, so the share {validation:g} is not used."
        )


def _with_share(result: TrainingResult, share: object) -> TrainingResult:
    """Notes how the photos were split, so that ``verify`` finds the validation photos again."""
    assert isinstance(share, float | int)
    provenance = dataclasses.replace(result.spec.provenance, validation_share=float(share))
    return dataclasses.replace(result, spec=dataclasses.replace(result.spec, provenance=provenance))


@dataclasses.dataclass(frozen=True)
class _Call:
    """How ``train`` was called: the command line, if any, the source, and arguments that are no settings."""

    command: str
    source: object
    others: dict[str, Any]


def _save(model: Model, dataset: Dataset, where: Output, call: _Call, progress: Progress) -> Model:
    """Writes the folder first and the model last: a model file is never without its sample."""
    from edgekit.report.training_page import python_call, write_page
    from edgekit.training.history import write_history
    from edgekit.training.material import gather
    from edgekit.training.plots import write_pictures

    result, path = model.result, where.path
    assert result is not None
    assert model.calibration is not None
    material = gather(result, dataset, call.command, python_call(call.source, result.config, path, **call.others))
    folder = training_folder(path)
    try:
        with atomic_write(folder) as temporary:
            temporary.mkdir()
            model.calibration.save(temporary / "calibration.npz")
            pictures = write_pictures(material, temporary, progress)
            write_history(result.history, result.best, temporary / "history.csv")
            digests = "".join(f"{digest.hex()}\n" for digest in sorted(dataset.train.digests))
            (temporary / seen_path(path).name).write_text(digests, encoding="ascii")
            (temporary / "result.json").write_text(json.dumps(result.to_dict(), indent=2) + "\n", encoding="utf-8")
            page = write_page(material, temporary)
        save_model(model.keras_model, model.spec, path)
    except OutputError as error:
        if where.epochs_done():
            raise OutputError(
                f"{error} Nothing is lost: the training is kept in {where.unfinished}. When that is mended, the same "
                "command with --resume writes the model."
            ) from error
        raise
    if not where.keep_unfinished(result):
        where.discard_unfinished()
    files = {"report": page, **pictures}
    return dataclasses.replace(model, path=path, pictures={name: folder / file.name for name, file in files.items()})


def _stopped(result: TrainingResult, where: Output | None) -> str:
    kept = f"kept in {where.path}" if where else "in this error's attribute model"
    sentence = f"{result.failure} The best model so far (epoch {result.best.epoch}) is {kept}."
    if where and where.keep_unfinished(result):
        sentence += " When that is mended, the same command with --resume goes on."
    return sentence
