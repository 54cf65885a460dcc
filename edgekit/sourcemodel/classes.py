"""A foreign model as a classifier: do its inputs and outputs allow it, and what do the outputs mean."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.adaptation import AddedActivation
from edgekit.errors import UsageError
from edgekit.runtime.engines.base import TensorInfo, listing
from edgekit.sourcemodel.observe import Observed
from edgekit.sourcemodel.options import SourceOptions
from edgekit.spec import Activation, Label

_MANY = "multi-label-classification"


@dataclass(frozen=True)
class Classes:
    """What the outputs of a classifier mean.

    Attributes:
        labels: in the order of the outputs; two for the one output of a binary model.
        count: how many outputs there are.
        several: whether any number of labels can be true.
        activation: what the outputs went through in the end.
        added: the part of that which the model does not do itself.
    """

    labels: tuple[Label, ...]
    count: int
    several: bool
    activation: Activation
    added: AddedActivation


def takes_photos(name: str, inputs: tuple[TensorInfo, ...], options: SourceOptions) -> bool:
    """Whether a model with labels is a classifier of photos, and not of other samples.

    Raises:
        UsageError: it has several inputs, no fixed size, or channels that come first.
    """
    if len(inputs) != 1:
        raise UsageError(
            f"Labels are for models with one input; {name} takes {listing(inputs)}. Export it without labels."
        )
    shape = inputs[0].shape
    fits = len(shape) == 4 and shape[-1] in (1, 3)
    if options.task == "tensors":
        return False
    if not fits and len(shape) == 4 and shape[1] in (1, 3):
        raise UsageError(
            f"{name} takes {inputs[0]}: the channels come first, which devices have no kernels for. Convert the model "
            "to channels last, or pass --task tensors to take its input for no photo."
        )
    if not fits and options.task == "image-classification":
        raise UsageError(f"{name} takes {inputs[0]}, and photos are (any, height, width, 1 or 3).")
    if fits and None in shape[1:]:
        raise UsageError(
            f"{name} takes photos of any size ({inputs[0]}). Choose the one that it was trained with: --input-shape "
            f"1,224,224,{shape[-1]}"
        )
    return fits


def find_classes(seen: Observed, labels: tuple[Label, ...], options: SourceOptions) -> Classes:
    """What the outputs mean.

    Raises:
        UsageError: there is not one output for each label, or they cannot mean that.
    """
    if len(seen.outputs) != 1 or len(seen.outputs[0].shape) != 2:
        raise UsageError(
            f"A classifier answers one number for each label; {seen.name} answers {listing(seen.outputs)}. Export it "
            "without labels, or make a model with the one output of (any, labels)."
        )
    count = seen.answer.shape[1]
    _check_count(seen.name, count, labels, options)
    activation = options.activation or seen.graph.activation() or seen.looks_like()
    several = options.task == _MANY or (
        activation == "sigmoid" and count > 1 and options.task != "image-classification"
    )
    if activation == "softmax" and (count == 1 or several):
        why = "which is always 1 for one output" if count == 1 else "so no two labels can both be likely"
        raise UsageError(f"{seen.name} ends in a softmax, {why}. Say what it ends in with --activation.")
    if activation != "none":
        return Classes(labels, count, several, activation, "none")
    added: AddedActivation = "sigmoid" if several or count == 1 else "softmax"
    return Classes(labels, count, several, added, added)


def _check_count(name: str, count: int, labels: tuple[Label, ...], options: SourceOptions) -> None:
    binary = count == 1 and len(labels) == 2 and options.task != _MANY
    if count == len(labels) and (count > 1 or options.task == _MANY):
        return
    if not binary:
        wanted = "two labels, that of 0 first" if count == 1 else f"{count} labels, in the order of the outputs"
        raise UsageError(
            f"{name} answers {count} number{'s' if count != 1 else ''}, and {len(labels)} "
            f"label{'s are' if len(labels) != 1 else ' is'} given. Give {wanted}."
        )
