"""The whole model: samples, normalization, backbone, head, probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError
from edgekit.progress import Progress
from edgekit.training.config import TrainingConfig
from edgekit.training.graph import flatten, free_name, leaf_layers, suggest
from edgekit.training.network import BuildRequest, HeadSettings, Network, Shape
from edgekit.training.objective import Objective

OUTPUT_LAYER = "probabilities"


@dataclass(frozen=True)
class Classifier:
    """One flat graph and the two parts that it can be trained in; all three share their layers.

    Attributes:
        model: ``keras.Model``, float32 (batch, *shape) to float32 probabilities (batch, outputs); photos are
            (height, width, channels) of 0..255. Nothing in it acts in training only but dropout.
        extractor: ``keras.Model``, the same input to features (batch, n); ``None`` for a model of the
            user's own that comes with its own last layer.
        head: ``keras.Model``, features to probabilities; ``None`` as well.
        backbone: the layers that pre-training has filled and that can be frozen, from input to output;
            none from scratch.
    """

    model: Any
    extractor: Any
    head: Any
    backbone: tuple[Any, ...]


def build_classifier(
    keras: Any,
    network: Network,
    shape: Shape,
    objective: Objective,
    head: HeadSettings,
    weights: str,
    config: TrainingConfig,
    progress: Progress,
    *,
    labels: tuple[str, ...] = (),
    photos: bool = True,
) -> Classifier:
    """Makes the model.

    Args:
        keras: the module.
        network: the backbone.
        shape: of one sample: (height, width, channels) for photos.
        objective: the task.
        head: its settings.
        weights: see :func:`~edgekit.training.architecture.resolve_weights`.
        config: where the backbone is cut, and the seed of dropout.
        progress: told about downloads and decisions.
        labels: of the classes, in the order of the outputs: a ``.keras`` file of EdgeKit with the same
            ones keeps its head. Empty: the number of classes decides.
        photos: whether samples are pixels 0..255.

    Raises:
        UsageError: the network cannot take this shape, or has no such layer; a model of the user's own
            that cannot be used.
        TrainingError: the weights cannot be had.
        ModelFileError: the file of weights does not fit.
    """
    samples = keras.Input(shape, name="image" if photos else "input", dtype="float32")
    request = BuildRequest(shape, objective, weights, config.cut_at, labels, photos)
    body = network.build(keras, samples, request, progress)
    if body.features is None:
        return Classifier(keras.Model(samples, body.answers, name="classifier"), None, None, body.pretrained)
    features = keras.Input(body.features.shape[1:], name="features_input", dtype=body.features.dtype)
    if body.answers is None:
        top = keras.Model(features, _head(keras, features, body.features, head, objective, config.seed), name="head")
        answers = flatten(keras, top, body.features)
    else:
        answers = body.answers
        top = keras.Model(features, flatten(keras, keras.Model(body.features, answers), features), name="head")
    return Classifier(
        model=keras.Model(samples, answers, name="classifier"),
        extractor=keras.Model(samples, body.features, name="extractor"),
        head=top,
        backbone=body.pretrained,
    )


def set_trainable(keras: Any, classifier: Classifier, layers: int | None) -> None:
    """Makes the end of a pre-trained backbone trainable; its batch norm stays as pre-training left it.

    A few photos of a new kind would spoil the statistics of batch norm faster than they improve
    its weights, hence it never takes part. Layers outside the backbone stay as they are.

    Args:
        keras: the module.
        classifier: its backbone is changed.
        layers: how many of the backbone's last layers are trained; 0 for none, ``None`` for all.
    """
    backbone = classifier.backbone
    count = len(backbone) if layers is None else min(layers, len(backbone))
    for index, layer in enumerate(backbone):
        layer.trainable = index >= len(backbone) - count
        for part in layer._flatten_layers():  # inside wrappers such as TimeDistributed
            if isinstance(part, keras.layers.BatchNormalization):
                part.trainable = False


def resolve_unfreeze(classifier: Classifier, unfreeze: str | int) -> int:
    """How many of the backbone's last layers fine-tuning trains.

    Args:
        classifier: with its backbone, whose layers are those with weights, batch norm included.
        unfreeze: ``all``, a number of layers (more than there are: all), or the name of the first layer
            that is trained, which may be one without weights.

    Raises:
        UsageError: no layer of that name; the message names similar ones.
    """
    backbone = classifier.backbone
    if unfreeze == "all":
        return len(backbone)
    if str(unfreeze).isdigit():
        return min(int(unfreeze), len(backbone))
    import keras

    part = classifier.model if classifier.extractor is None else classifier.extractor
    names = [layer.name for layer in leaf_layers(keras, part)]
    if unfreeze not in names:
        raise UsageError(f"There is no layer {unfreeze!r} to unfreeze from. {suggest(str(unfreeze), names)}")
    after = set(names[names.index(str(unfreeze)) :])
    count = sum(layer.name in after for layer in backbone)
    if backbone and not count:
        raise UsageError(f"Behind {unfreeze!r} there is no pre-trained layer. Choose an earlier one, or a number.")
    return count


def _head(keras: Any, x: Any, behind: Any, settings: HeadSettings, objective: Objective, seed: int) -> Any:
    """The layers of the head, under names that the graph behind which they come does not have."""
    layers = keras.layers
    penalty = keras.regularizers.L2(settings.l2) if settings.l2 else None

    def name(wanted: str) -> str:
        return free_name(wanted, behind)

    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=seed, name=name("dropout"))(x)
    if settings.units:
        x = layers.Dense(settings.units, activation="relu", kernel_regularizer=penalty, name=name("hidden"))(x)
    if settings.hidden_dropout and settings.units:
        x = layers.Dropout(settings.hidden_dropout, seed=seed + 1, name=name("hidden_dropout"))(x)
    # float32 whatever the policy is: softmax in half precision loses the small probabilities.
    return layers.Dense(
        objective.outputs,
        activation=objective.activation,
        kernel_regularizer=penalty,
        dtype="float32",
        name=name(OUTPUT_LAYER),
    )(x)
