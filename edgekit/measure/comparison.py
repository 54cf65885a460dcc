"""Two models' answers to the same samples, compared as their spec asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import VerificationError
from edgekit.measure.accuracy import Accuracy, measure_accuracy
from edgekit.measure.judging import Verdict, judge
from edgekit.measure.multi_label import MultiLabelAccuracy, measure_multi_label
from edgekit.measure.parity import PairedAccuracy, Parity, measure_parity, pair_accuracy
from edgekit.measure.tolerances import Tolerance
from edgekit.measure.values import ValueParity, judge_values, measure_values
from edgekit.outputs import decision_targets, decision_threshold, decisions, decisions_per_sample
from edgekit.spec import ModelSpec

Answers = Mapping[str, NDArray[np.float32]]
"""What :meth:`edgekit.runtime.Predictor.answers` gives."""

AnyAccuracy = Accuracy | MultiLabelAccuracy


@dataclass(frozen=True)
class Comparison:
    """How far two models agree.

    Attributes:
        parity: of the best classes, or of a model without classes of its values.
        paired: who is right where; ``None`` without labels.
    """

    parity: Parity | ValueParity
    paired: PairedAccuracy | None = None

    def judge(self, tolerance: Tolerance) -> Verdict:
        """Whether that is good enough."""
        if isinstance(self.parity, ValueParity):
            return judge_values(self.parity, tolerance)
        return judge(self.parity, tolerance, self.paired)


def compare_answers(
    reference: Answers, candidate: Answers, spec: ModelSpec, labels: NDArray[np.integer] | None = None
) -> Comparison:
    """Compares two models' answers to the same samples.

    Args:
        reference: of the model that is right by definition.
        candidate: of the artifact.
        spec: of both.
        labels: the right answers of a classifier, (n,) indices or (n, labels) of 0 and 1; ``None`` where
            nobody knows them.

    Raises:
        UsageError: the shapes differ, or there is nothing to compare.
        VerificationError: the reference itself answers values that are not numbers.
    """
    check_reference(reference, spec.name)
    names = [tensor.name for tensor in spec.outputs]
    if not spec.is_classifier:
        first, second = ([answers[name] for name in names] for answers in (reference, candidate))
        return Comparison(measure_values(first, second, names))
    each = decisions_per_sample(spec)
    unit = unit_of(spec)
    rows = [decisions(answers[names[0]], spec) for answers in (reference, candidate)]
    parity = measure_parity(rows[0], rows[1], each, unit)
    if labels is None:
        return Comparison(parity)
    return Comparison(parity, pair_accuracy(rows[0], rows[1], decision_targets(labels, spec), each, unit))


def check_reference(answers: Answers, name: str) -> None:
    """Refuses a reference that no artifact can agree with; what is wrong there is no fault of any artifact.

    Args:
        answers: (n, ...) of each output, of the model that is right by definition.
        name: of the model.

    Raises:
        VerificationError: it answers values that are not numbers.
    """
    for output, values in answers.items():
        finite = np.isfinite(values)
        if finite.all():
            continue
        rows = ~finite.reshape(len(values), -1).all(axis=1)
        what = "NaN" if np.isnan(values).any() else "infinite values"
        raise VerificationError(
            f"The model {name} itself answers {what} (output {output!r}) to {rows.sum()} of {len(values)} inputs, the "
            f"first of them number {int(rows.argmax())} (counted from 0), so nothing can be compared with it."
        )


def accuracy_of(answers: Answers, labels: NDArray[np.integer], spec: ModelSpec) -> AnyAccuracy:
    """How often a classifier is right.

    Args:
        answers: of the model.
        labels: as for :func:`compare_answers`.
        spec: of a classifier.

    Raises:
        UsageError: the shapes do not fit each other.
    """
    probabilities = answers[spec.outputs[0].name]
    if spec.multi_label:
        return measure_multi_label(probabilities, labels, spec.label_ids, decision_threshold(spec))
    return measure_accuracy(probabilities, labels.astype(np.int64), spec.label_ids)


def unit_of(spec: ModelSpec) -> str:
    """What one input of a model is, for a sentence."""
    return "samples" if spec.task == "tensors" else "photos"
