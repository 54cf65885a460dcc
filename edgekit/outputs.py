"""From what a classifier's graph answers to probabilities of labels, and from these to decisions.

The one place that knows what activation and labels of a spec mean together. ``n`` is the number of
samples throughout.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgekit.spec import ModelSpec

Scores = NDArray[np.float32]

DEFAULT_THRESHOLD = 0.5
"""From here on a label of a multi-label model is an answer, where the spec says nothing else."""


def class_probabilities(scores: Scores, spec: ModelSpec) -> Scores:
    """Probabilities of the labels.

    Args:
        scores: (n, outputs) float32, as the graph answers; real values, not quantized ones.
        spec: of a classifier.

    Returns:
        (n, labels) float32. Of a binary model the one output becomes two columns; raw scores go
        through softmax, or through a sigmoid where the model is binary or multi-label.
    """
    return probability_function(spec)(scores)


def probability_function(spec: ModelSpec) -> Callable[[Scores], Scores]:
    """:func:`class_probabilities` of one spec, for many calls."""
    if spec.binary:
        return _two_columns_of_scores if spec.activation == "none" else _two_columns
    if spec.activation != "none":
        return _unchanged
    return sigmoid if spec.multi_label else softmax


def decisions(probabilities: Scores, spec: ModelSpec) -> Scores:
    """Probabilities as rows of which each has one best column.

    Of a multi-label model every pair of sample and label is a decision of its own, (absent, present),
    moved so that the best column changes at the model's threshold. All others stay as they are.

    Args:
        probabilities: (n, labels), from :func:`class_probabilities`.
        spec: of a classifier.

    Returns:
        (m, k): m = n, k = labels; of a multi-label model m = n * labels, sample by sample, and k = 2.
    """
    if not spec.multi_label:
        return probabilities
    present = probabilities.reshape(-1) + np.float32(0.5 - decision_threshold(spec))
    return np.stack([1 - present, present], axis=1)


def decision_targets(labels: NDArray[np.integer], spec: ModelSpec) -> NDArray[np.int64]:
    """The right column of each row of :func:`decisions`, (m,).

    Args:
        labels: (n,) indices; of a multi-label model (n, labels) of 0 and 1.
        spec: of a classifier.
    """
    return labels.reshape(-1).astype(np.int64) if spec.multi_label else labels.astype(np.int64)


def decisions_per_sample(spec: ModelSpec) -> int:
    """How many rows of :func:`decisions` belong to one sample: 1, or the labels of a multi-label model."""
    return (len(spec.labels) or spec.classes or 1) if spec.multi_label else 1


def decision_threshold(spec: ModelSpec) -> float:
    """The probability from which on a label of a multi-label model is an answer."""
    return DEFAULT_THRESHOLD if spec.confidence_threshold is None else spec.confidence_threshold


def softmax(scores: Scores) -> Scores:
    """Probabilities of raw scores (n, classes) of which one is right."""
    powers: Scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def sigmoid(scores: Scores) -> Scores:
    """Probabilities of raw scores of any shape, each on its own."""
    # By way of tanh, since exp(-score) overflows for small scores.
    values: Scores = np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * scores))
    return values


def _unchanged(scores: Scores) -> Scores:
    return scores


def _two_columns(scores: Scores) -> Scores:
    return np.concatenate([1 - scores, scores], axis=1)


def _two_columns_of_scores(scores: Scores) -> Scores:
    return _two_columns(sigmoid(scores))
