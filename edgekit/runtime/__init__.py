"""The on-device library: a model file becomes a :class:`Predictor`. No TensorFlow, no Keras."""

from edgekit.runtime.loading import load
from edgekit.runtime.prediction import NONE_OF_THESE, Prediction
from edgekit.runtime.predictor import Predictor
from edgekit.runtime.trial_result import TrialResult
from edgekit.runtime.trust import try_model

__all__ = ["NONE_OF_THESE", "Prediction", "Predictor", "TrialResult", "load", "try_model"]
