"""Weights to start from, which every machine has."""

from __future__ import annotations

from pathlib import Path

from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.training.architecture import find_network
from edgekit.training.classifier import build_classifier
from edgekit.training.config import TrainingConfig
from edgekit.training.network import HeadSettings
from edgekit.training.objective import Objective

TINY_LAYERS = ("conv_8", "conv_16", "conv_32", "conv_64")
"""The convolutions of ``tiny_cnn``, from input to output; each has its batch norm, ``NAME_norm``."""


def write_tiny_weights(path: Path) -> Path:
    """Weights of ``tiny_cnn``: random, but enough for every stage, and compiled ten times as fast as a MobileNet."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    network = find_network("tiny_cnn")
    classifier = build_classifier(
        keras,
        network,
        (32, 32, 3),
        Objective("multi-class", 2),
        HeadSettings(0, 0, 0, 0),
        "none",
        TrainingConfig(model="tiny_cnn"),
        SILENT,
    )
    classifier.extractor.save_weights(path)
    return path
