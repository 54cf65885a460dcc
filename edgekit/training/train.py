"""train_classifier: from a data set and a configuration to a result."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Dataset, leave_out_vanished
from edgekit.errors import UsageError
from edgekit.measure.accuracy import measure_accuracy
from edgekit.outputs import class_probabilities, decision_targets, decisions
from edgekit.progress import SILENT, Progress
from edgekit.spec import ImageFormat, ModelSpec, Provenance, image_classifier, tensor_classifier
from edgekit.training.architecture import find_network, resolve_weights
from edgekit.training.augmentation import resolve_augmentation
from edgekit.training.backend import backend_version, import_keras
from edgekit.training.checkpoint import Checkpoint, Progressed
from edgekit.training.checks import check_class_weights
from edgekit.training.classifier import build_classifier, resolve_unfreeze
from edgekit.training.config import AUTO_AUGMENTATION, TrainingConfig
from edgekit.training.distribution import Distribution, ProcessOptions, open_distribution
from edgekit.training.objective import Objective, choose_objective
from edgekit.training.plan import head_settings, plan_training, unused_settings
from edgekit.training.precision import choose_precision, dtype_policy
from edgekit.training.result import StageTime, TrainingResult
from edgekit.training.stopping import check_targets
from edgekit.version import __version__


@dataclass(frozen=True)
class RunOptions:
    """How a training runs, as opposed to what it computes.

    Attributes:
        checkpoint: the folder that keeps what an interrupted run needs to go on; ``None`` for none.
        resume: go on with what is there.
        processes: who else takes part.
    """

    checkpoint: Path | None = None
    resume: bool = False
    processes: ProcessOptions | None = None


def train_classifier(
    dataset: Dataset,
    image: ImageFormat | None,
    config: TrainingConfig | None = None,
    name: str = "model",
    progress: Progress = SILENT,
    options: RunOptions | None = None,
) -> TrainingResult:
    """Trains a classifier. The same seed on the same machine gives the same result.

    What breaks a training off after its first epoch does not lose its best: the result then has a ``failure``.

    Args:
        dataset: photos that were prepared to ``image``, or tensors.
        image: their format, which becomes the model's; ``None`` for tensors.
        config: the settings.
        name: of the model, for its spec.
        progress: told about every stage and epoch.
        options: of the run.

    Raises:
        UsageError: an impossible setting, or a size that the model cannot take.
        DataError: fewer than two classes.
        TrainingError: weights that cannot be had, a loss that is no number any more, too little memory.
        ModelFileError: a file of weights that does not fit.
        MissingExtraError: Keras is not installed.
    """
    config, options = config or TrainingConfig(), options or RunOptions()
    started = time.perf_counter()
    objective = choose_objective(config.task, dataset)
    check_targets(config.targets_to_reach, objective.monitor)
    check_class_weights(config.class_weights, dataset.class_names, dataset.multi_label)
    if image is None:
        config = _without_augmentation(config)
    network = find_network(config.model)
    weights = resolve_weights(network, config.weights)
    shape = dataset.train.images.shape
    network.check(shape, weights, config.cut_at)

    keras = import_keras()
    from edgekit.training.fit import Trainer

    distribution = open_distribution(keras, config.distribute, options.processes)
    progress = progress if distribution.is_main else SILENT
    distribution.check_batch_size(config.batch_size)
    distribution.agree("the data", _ordered_digest(dataset))
    policy = choose_precision(keras, config.precision)
    keras.utils.set_random_seed(config.seed)
    settings = head_settings(config, network.head)
    checkpoint, resumed = _checkpoint(options, config, dataset, image, distribution)
    distribution.agree("the run to go on with", str(len(resumed.history) if resumed else 0))
    with distribution.scope():
        with dtype_policy(keras, policy):
            classifier = build_classifier(
                keras,
                network,
                shape,
                objective,
                settings,
                weights,
                config,
                progress,
                labels=dataset.class_names,
                photos=image is not None,
            )
        named = config.fine_tune_epochs > 0 and config.unfreeze not in ("all", "gradual")
        plan = plan_training(
            config,
            pretrained=bool(classifier.backbone),
            layers=len(classifier.backbone),
            unfreeze=resolve_unfreeze(classifier, config.unfreeze) if named else None,
            has_head=classifier.head is not None,
            distributed=distribution.kind != "none",
        )
        for warning in unused_settings(config, plan, settings):
            progress.warn(warning)
        built = StageTime("build", time.perf_counter() - started)
        trainer = Trainer(
            classifier,
            dataset,
            objective,
            config,
            settings.label_smoothing,
            policy,
            checkpoint,
            resumed,
            distribution,
            progress,
        )
        trainer.run(plan)
    recorder = trainer.recorder
    best, history = recorder.best, tuple(recorder.history)
    assert best is not None
    model = delivered_model(keras, classifier.model, recorder.best_weights, policy, distribution)
    spec = _spec(
        name, dataset, image, objective, model, config, {**best.values, "best_epoch": float(best.epoch)}, keras
    )
    dataset = leave_out_vanished(dataset, trainer.failure)
    answers = _answers(model, dataset, config, progress)
    return TrainingResult(
        keras_model=model,
        spec=spec,
        config=config,
        objective=objective,
        model_name=network.name,
        weights=weights,
        history=history,
        best=best,
        last=history[-1],
        confusion=_confusion(answers, dataset, spec),
        validation_probabilities=answers,
        times=(built, *trainer.times),
        parameters=int(model.count_params()),
        precision=policy,
        devices=distribution.describe(),
        ended=trainer.ended,
        failure=trainer.failure,
        resumed_after=len(resumed.history) if resumed else 0,
        main_process=distribution.is_main,
    )


def delivered_model(
    keras: Any, model: Any, weights: list[NDArray[Any]], policy: str, distribution: Distribution
) -> Any:
    """The trained model as it is handed out: float32, on one device.

    A model that was built for 16 bits computes in 16 bits for good, on every device that it is exported to.
    """
    if policy == "float32" and distribution.kind == "none":
        return model
    with dtype_policy(keras, "float32"):
        copy = type(model).from_config(_in_float32(model.get_config()))
    copy.set_weights(weights)
    return copy


def _in_float32(config: Any) -> Any:
    """A model's configuration with every dtype policy replaced."""
    if isinstance(config, list | tuple):
        return type(config)(_in_float32(item) for item in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {"name": "float32"}}
    # Where two graphs were joined, Keras has put a cast to what was computed in.
    return {
        key: "float32" if key == "dtype" and item in ("float16", "bfloat16") else _in_float32(item)
        for key, item in config.items()
    }


def _without_augmentation(config: TrainingConfig) -> TrainingConfig:
    """Samples that are no photos stay as they are."""
    wanted = config.augmentation
    if wanted != AUTO_AUGMENTATION and not resolve_augmentation(wanted).is_none:
        raise UsageError("Augmentation changes photos, and these samples are none. Leave it out.")
    return replace(config, augmentation="none")


def _checkpoint(
    options: RunOptions,
    config: TrainingConfig,
    dataset: Dataset,
    image: ImageFormat | None,
    distribution: Distribution,
) -> tuple[Checkpoint | None, Progressed | None]:
    if options.checkpoint is None:
        return None, None
    settings = config.to_dict()
    for name in ("callbacks", "tensorboard"):
        del settings[name]
    fingerprint = {
        "config": settings,
        "data": _ordered_digest(dataset),
        "classes": list(dataset.class_names),
        "image": None if image is None else asdict(image),
        "distribution": [distribution.kind, distribution.replicas],
    }
    checkpoint = Checkpoint(options.checkpoint, fingerprint)
    resumed = checkpoint.load() if options.resume else None
    if not options.resume and distribution.is_main:
        checkpoint.discard()
    return (checkpoint if distribution.is_main else None), resumed


def _ordered_digest(dataset: Dataset) -> str:
    """The data, and the order in which indices mean them: a shuffled stream has another one each time."""
    order = b"".join(dataset.train.digests)
    return hashlib.sha256(dataset.digest.encode() + order).hexdigest() if order else dataset.digest


def _answers(model: Any, dataset: Dataset, config: TrainingConfig, progress: Progress) -> NDArray[np.float32]:
    from edgekit.training.features import run_network

    title = "Running the best model on the validation part"
    return run_network(model, dataset.validation, progress, title, config.batch_size)


def _confusion(answers: NDArray[np.float32], dataset: Dataset, spec: ModelSpec) -> tuple[tuple[int, ...], ...]:
    rows = decisions(class_probabilities(answers, spec), spec)
    names = ("absent", "present") if dataset.multi_label else dataset.class_names
    return measure_accuracy(rows, decision_targets(dataset.validation.labels, spec), names).confusion


def _spec(
    name: str,
    dataset: Dataset,
    image: ImageFormat | None,
    objective: Objective,
    model: Any,
    config: TrainingConfig,
    metrics: Mapping[str, float],
    keras: Any,
) -> ModelSpec:
    parts = (dataset.train, dataset.validation, *([dataset.test] if dataset.test else []))
    provenance = Provenance(
        data_digest=dataset.digest,
        split={part.name: len(part) for part in parts},
        versions=_versions(keras),
        seed=config.seed,
        metrics=dict(metrics),
    )
    labels = dataset.class_labels
    if image is None:
        return tensor_classifier(
            name,
            model.input_shape,
            str(model.inputs[0].dtype),
            labels,
            objective.activation,
            provenance,
            multi_label=objective.task == "multi-label",
        )
    return image_classifier(
        name,
        labels,
        image,
        activation=objective.activation,
        multi_label=objective.task == "multi-label",
        provenance=provenance,
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
