"""From a data set to a trained Keras model with its curves and its spec.

Importing this package imports neither Keras nor TensorFlow.
"""

from edgekit.training.architecture import check_model, default_image_format, known_models
from edgekit.training.config import TrainingConfig
from edgekit.training.result import EpochMetrics, TrainingResult
from edgekit.training.train import RunOptions, train_classifier

__all__ = [
    "EpochMetrics",
    "RunOptions",
    "TrainingConfig",
    "TrainingResult",
    "check_model",
    "default_image_format",
    "known_models",
    "train_classifier",
]
