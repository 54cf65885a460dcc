"""train_classifier: from a data set and a configuration to a result."""

from __future__ import annotations

import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from edgekit.data import Dataset
from edgekit.errors import DataError
from edgekit.measure.accuracy import measure_accuracy
from edgekit.progress import SILENT, Progress
from edgekit.spec import ImageFormat, Label, ModelSpec, Provenance, image_classifier
from edgekit.training.architecture import find_network, resolve_weights
from edgekit.training.backend import backend_version, import_keras
from edgekit.training.classifier import build_classifier
from edgekit.training.config import TrainingConfig
from edgekit.training.plan import head_settings, plan_training
from edgekit.training.result import EpochMetrics, StageTime, TrainingResult
from edgekit.version import __version__


def train_classifier(
    dataset: Dataset,
    image: ImageFormat,
    config: TrainingConfig | None = None,
    name: str = "model",
    progress: Progress = SILENT,
) -> TrainingResult:
    """Trains an image classifier. The same seed on the same machine gives the same result.

    Args:
        dataset: photos that were prepared to ``image``.
        image: their format, which becomes the model's.
        config: the settings.
        name: of the model, for its spec.
        progress: told about every stage and epoch.

    Raises:
        UsageError: an impossible setting, or a size that the model cannot take.
        DataError: fewer than two classes.
        TrainingError: weights that cannot be had, or a loss that is no number any more.
        ModelFileError: a file of weights that does not fit.
        MissingExtraError: Keras is not installed.
    """
    config = config or TrainingConfig()
    started = time.perf_counter()
    network = find_network(config.model)
    weights = resolve_weights(network, config.weights)
    network.check(image, weights)
    plan = plan_training(config, pretrained=weights != "none")
    if len(dataset.class_names) < 2:
        raise DataError(f"A classifier needs at least 2 classes. Got: {', '.join(dataset.class_names) or 'none'}.")

    keras = import_keras()
    from edgekit.training.fit import Trainer

    keras.utils.set_random_seed(config.seed)
    settings = head_settings(config, network.head)
    classifier = build_classifier(
        keras,
        network,
        image,
        weights,
        settings,
        len(dataset.class_names),
        plan.augmentation,
        config.seed,
        progress,
    )
    built = StageTime("build", time.perf_counter() - started)
    trainer = Trainer(classifier, dataset, config.batch_size, settings.label_smoothing, config.seed, progress)
    probabilities = trainer.run(plan)
    history = tuple(trainer.recorder.history)
    best, last = trainer.recorder.best, history[-1]
    assert best is not None
    return TrainingResult(
        keras_model=classifier.model,
        spec=_spec(name, dataset, image, config, best, last, keras),
        config=config,
        model_name=network.name,
        weights=weights,
        history=history,
        best=best,
        last=last,
        confusion=measure_accuracy(probabilities, dataset.validation.labels, dataset.class_names).confusion,
        times=(built, *trainer.times),
        parameters=int(classifier.model.count_params()),
    )


def _spec(
    name: str,
    dataset: Dataset,
    image: ImageFormat,
    config: TrainingConfig,
    best: EpochMetrics,
    last: EpochMetrics,
    keras: Any,
) -> ModelSpec:
    parts = (dataset.train, dataset.validation, *([dataset.test] if dataset.test else []))
    return image_classifier(
        name,
        tuple(Label(class_name) for class_name in dataset.class_names),
        image,
        provenance=Provenance(
            data_digest=dataset.digest,
            split={part.name: len(part) for part in parts},
            versions=_versions(keras),
            seed=config.seed,
            metrics={
                "accuracy": best.accuracy,
                "loss": best.loss,
                "val_accuracy": best.val_accuracy,
                "val_loss": best.val_loss,
                "best_epoch": float(best.epoch),
                "last_val_accuracy": last.val_accuracy,
                "last_val_loss": last.val_loss,
            },
        ),
    )


def _versions(keras: Any) -> dict[str, str]:
    backend, backend_release = backend_version(keras)
    versions = {"edgekit": __version__, "keras": str(keras.__version__), backend: backend_release}
    for package in ("numpy", "pillow"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # vendored, as in some embedded distributions
            versions[package] = "unknown"
    return versions
