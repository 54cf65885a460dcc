"""The whole model: pixels, augmentation, normalization, backbone, head, probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.progress import Progress
from edgekit.spec import ImageFormat
from edgekit.training.augmentation import augment
from edgekit.training.network import HeadSettings, Network


@dataclass(frozen=True)
class Classifier:
    """One flat graph and the two parts that it can be trained in; all three share their layers.

    Attributes:
        model: ``keras.Model``, float32 (batch, height, width, channels) 0..255 to probabilities.
        extractor: ``keras.Model``, the same input to features (batch, n).
        head: ``keras.Model``, features to probabilities.
        backbone: the layers that pre-training has filled and that can be frozen; none from scratch.
    """

    model: Any
    extractor: Any
    head: Any
    backbone: tuple[Any, ...]


def build_classifier(
    keras: Any,
    network: Network,
    image: ImageFormat,
    weights: str,
    settings: HeadSettings,
    classes: int,
    augmentation: str,
    seed: int,
    progress: Progress,
) -> Classifier:
    """Makes the model.

    Args:
        keras: the module.
        network: the backbone.
        image: the format of its pixels.
        weights: ``imagenet``, ``none`` or a path.
        settings: of the head.
        classes: number of outputs.
        augmentation: a preset; its layers act in training only.
        seed: of augmentation and dropout.
        progress: told about downloads.

    Raises:
        UsageError: the network cannot take this size.
        TrainingError: the weights cannot be had.
        ModelFileError: the file of weights does not fit.
    """
    pixels = keras.Input(image.shape, name="image")
    body = network.build(keras, augment(keras, pixels, augmentation, seed), image, weights, progress)
    features = keras.Input(body.features.shape[1:], name="features_input")
    head = keras.Model(features, _head(keras, features, settings, classes, seed), name="head")
    return Classifier(
        # Calling the head's call, not the head, keeps the graph flat: see ApplicationNetwork.build.
        model=keras.Model(pixels, head.call(body.features), name="classifier"),
        extractor=keras.Model(pixels, body.features, name="extractor"),
        head=head,
        backbone=body.pretrained,
    )


def freeze_backbone(keras: Any, classifier: Classifier, frozen: bool) -> None:
    """Makes a pre-trained backbone trainable or not; its batch norm stays as pre-training left it.

    A few photos of a new kind would spoil the statistics of batch norm faster than they improve
    its weights, hence it takes part in neither case.
    """
    for layer in classifier.backbone:
        layer.trainable = not frozen and not isinstance(layer, keras.layers.BatchNormalization)


def _head(keras: Any, x: Any, settings: HeadSettings, classes: int, seed: int) -> Any:
    layers = keras.layers
    if settings.dropout:
        x = layers.Dropout(settings.dropout, seed=seed, name="dropout")(x)
    if settings.units:
        x = layers.Dense(settings.units, activation="relu", name="hidden")(x)
    if settings.hidden_dropout and settings.units:
        x = layers.Dropout(settings.hidden_dropout, seed=seed + 1, name="hidden_dropout")(x)
    # float32 whatever the policy is: softmax in half precision loses the small probabilities.
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
