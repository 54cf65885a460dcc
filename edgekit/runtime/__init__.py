"""The on-device library: a model file becomes a :class:`Predictor`. No TensorFlow, no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgekit.runtime.loading import load
from edgekit.runtime.prediction import NONE_OF_THESE, Prediction
from edgekit.runtime.predictor import Predictor

if TYPE_CHECKING:
    from edgekit.runtime.trial_result import TrialResult
    from edgekit.runtime.trying import try_model

__all__ = ["NONE_OF_THESE", "Prediction", "Predictor", "TrialResult", "load", "try_model"]

_TRIAL = ("TrialResult", "try_model")
"""Imported when they are first used: who loads a model that is known pays nothing for them."""


def __getattr__(name: str) -> Any:
    if name not in _TRIAL:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from edgekit.runtime import trying

    return getattr(trying, name)
