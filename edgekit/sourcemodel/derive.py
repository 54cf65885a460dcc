"""A spec for a model without one, from its own inputs and outputs and from what the caller says."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from edgekit.adaptation import AS_IT_IS, Adaptation
from edgekit.errors import UsageError
from edgekit.runtime.engines.base import TensorInfo, listing
from edgekit.sourcemodel.base import Graph
from edgekit.sourcemodel.classes import Classes, find_classes, takes_photos
from edgekit.sourcemodel.labels import read_labels
from edgekit.sourcemodel.observe import Observed, observe
from edgekit.sourcemodel.options import SourceOptions
from edgekit.sourcemodel.preprocessing import normalizes_itself, read_adaptation, unknown_range
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier, tensor_classifier


@dataclass(frozen=True)
class Derived:
    """See :class:`~edgekit.sourcemodel.base.SourceModel`, whose fields these are."""

    spec: ModelSpec
    adaptation: Adaptation
    remarks: tuple[str, ...]


def derive(graph: Graph, inputs: tuple[TensorInfo, ...], options: SourceOptions) -> Derived:
    """Makes the spec; runs the model once on random numbers.

    Args:
        graph: the model.
        inputs: its inputs, with the sizes that the caller named.
        options: what the caller says.

    Raises:
        UsageError: what the caller says does not fit the model, or too little is said.
        ConversionError: the model cannot be run.
    """
    shape = inputs[0].shape
    said = read_adaptation(options, shape[-1] if len(shape) > 1 else None)
    if said is not None and said.bgr and len(shape) != 4:
        raise UsageError(f"Only photos have channels to turn round; {graph.name} takes {inputs[0]}.")
    if options.labels is None:
        _refuse_words_of_classifiers(options)
        return _of_tensors(observe(graph, inputs, said or AS_IT_IS), said)
    labels = read_labels(options.labels)
    photos = takes_photos(graph.name, inputs, options)
    seen = observe(graph, inputs, said or AS_IT_IS)
    classes = find_classes(seen, labels, options)
    if not photos:
        return _of_samples(seen, classes, said)
    if said is None:
        if not normalizes_itself(graph.layers()):
            raise UsageError(unknown_range(graph.name, graph.parts()))
        said = AS_IT_IS
    return _of_photos(seen, classes, options, said)


def _refuse_words_of_classifiers(options: SourceOptions) -> None:
    word = next((word for word in ("activation", "resize") if getattr(options, word) is not None), None)
    if options.task not in (None, "tensors"):
        word = "task"
    if word is not None:
        raise UsageError(f"{word} is said of a classifier. Name its classes with --labels FILE.")


def _of_tensors(seen: Observed, said: Adaptation | None) -> Derived:
    ranges = seen.graph.ranges()
    taken = [TensorSpec(info.name, info.shape, info.dtype, ranges.get(info.name)) for info in seen.inputs]
    if said is not None:
        taken[0] = _of_pixels(taken[0])
    given = tuple(TensorSpec(info.name, info.shape, info.dtype) for info in seen.outputs)
    remarks = []
    if len(taken) == len(given) == 1 and seen.answer.ndim == 2 and _may_be_classes(seen):
        remarks.append(
            f"{seen.name} answers {_counted(seen.answer.shape[1], 'number')}; name them with --labels FILE to make it "
            "a classifier."
        )
    if any(size is None for info in seen.inputs for size in info.shape[1:]):
        remarks.append(
            f"{seen.name} takes inputs of any size ({listing(seen.inputs)}). Devices like them fixed: --input-shape "
            f"{seen.inputs[0].name}=..."
        )
    return Derived(ModelSpec(seen.graph.stem, "tensors", tuple(taken), given), said or AS_IT_IS, tuple(remarks))


def _of_photos(seen: Observed, classes: Classes, options: SourceOptions, said: Adaptation) -> Derived:
    batch, height, width, channels = seen.inputs[0].shape
    assert height is not None  # checked before
    assert width is not None
    image = ImageFormat(width, height, "rgb" if channels == 3 else "grayscale", options.resize or "stretch")
    spec = image_classifier(
        seen.graph.stem,
        classes.labels,
        image,
        classes.activation,
        multi_label=classes.several,
        binary=classes.count == 1,
    )
    spec = _with_batch(spec, batch)
    remark = (
        f"{seen.name}: {image.width}x{image.height} {image.color} photos ({image.resize}), each with "
        f"{'any' if classes.several else 'one'} of {_counted(len(classes.labels), 'label')}; pixels 0..255 go in "
        f"{'' if not said.changes_pixels else 'as '}{said.describe()}."
    )
    remarks = (remark, *_twice(seen.graph, said), *_added(classes))
    return Derived(spec, said.with_activation(classes.added), remarks)


def _twice(graph: Graph, said: Adaptation) -> tuple[str, ...]:
    """Agreement with the model cannot show this: it is asked with the same pixels."""
    if not said.changes_pixels or not normalizes_itself(graph.layers()):
        return ()
    return (
        f"Caution: {graph.name} normalizes pixels itself, and what you say comes before that. Leave out --scale, "
        "--mean and --preprocessing unless it was trained so.",
    )


def _of_samples(seen: Observed, classes: Classes, said: Adaptation | None) -> Derived:
    first = seen.inputs[0]
    spec = tensor_classifier(
        seen.graph.stem,
        first.shape,
        first.dtype,
        classes.labels,
        classes.activation,
        multi_label=classes.several or None,
    )
    taken = dataclasses.replace(spec.inputs[0], value_range=seen.graph.ranges().get(first.name))
    spec = dataclasses.replace(spec, inputs=(taken if said is None else _of_pixels(taken),))
    remark = f"{seen.name}: samples of the shape {first.shape[1:]}, {_counted(len(classes.labels), 'label')}."
    adaptation = (said or AS_IT_IS).with_activation(classes.added)
    return Derived(_with_batch(spec, first.shape[0]), adaptation, (remark, *_added(classes)))


def _with_batch(spec: ModelSpec, batch: int | None) -> ModelSpec:
    """The spec of a model that takes just this batch; ``None`` is what it has already."""
    if batch is None:
        return spec
    inputs, outputs = (
        tuple(dataclasses.replace(tensor, shape=(batch, *tensor.shape[1:])) for tensor in tensors)
        for tensors in (spec.inputs, spec.outputs)
    )
    return dataclasses.replace(spec, inputs=inputs, outputs=outputs)


def _of_pixels(tensor: TensorSpec) -> TensorSpec:
    return dataclasses.replace(tensor, dtype="float32", value_range=(0.0, 255.0))


def _may_be_classes(seen: Observed) -> bool:
    activation = seen.graph.activation() if seen.graph.layers() else None  # cheap only where there are layers
    return (activation or seen.looks_like()) != "none"


def _added(classes: Classes) -> tuple[str, ...]:
    return () if classes.added == "none" else (f"It answers raw scores; a {classes.added} is put behind it.",)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
