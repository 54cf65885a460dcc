"""What a caller can say about a model that says too little about itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from edgekit.arguments import check_kind
from edgekit.errors import UsageError
from edgekit.spec import ACTIVATIONS, RESIZE_MODES, TASKS, Activation, Label, ResizeMode, Task

Labels = str | Path | Sequence[str | Label]
Numbers = str | float | Sequence[float]
Shapes = str | Sequence[Any] | Mapping[str, Sequence[int | None] | str]


class SourceKeywords(TypedDict, total=False):
    """The fields of :class:`SourceOptions`, as keywords of :func:`edgekit.export` and :meth:`edgekit.Model.open`."""

    labels: Labels | None
    task: Task | None
    preprocessing: str | None
    scale: Numbers | None
    mean: Numbers | None
    bgr: bool
    activation: Activation | None
    resize: ResizeMode | None
    input_shape: Shapes | None
    signature: str | None
    custom_objects: Mapping[str, Any] | None


@dataclass(frozen=True)
class SourceOptions:
    """What is not in the model.

    Attributes:
        labels: what the outputs mean: a file (one label a line, JSON or CSV) or the labels in order.
            They make the model a classifier.
        task: where the labels and shapes say it wrongly: ``image-classification``,
            ``multi-label-classification`` or ``tensors`` (samples that are no photos).
        preprocessing: how the pixels 0..255 become what the model was trained on: ``none``, ``tf`` (-1..1),
            ``torch``, ``caffe``, or the name of a model of ``keras.applications``. It goes into the graph.
        scale: instead of ``preprocessing``: x' = (x - mean) * scale. One number or one for each channel;
            ``1/255`` is read, too.
        mean: see ``scale``; in pixels 0..255.
        bgr: the model takes blue first; ``mean`` and ``scale`` are then in this order.
        activation: what the outputs went through: ``softmax``, ``sigmoid``, or ``none`` for raw scores. By
            default what the model's end is.
        resize: how photos of other sizes are made to fit: ``stretch`` (the default here, since it is what
            Keras' own loaders do), ``crop`` or ``letterbox``.
        input_shape: sizes for inputs of any size, the batch first: ``1,224,224,3``, ``NAME=1,64,9`` (several),
            a tuple, or a mapping from names to tuples.
        signature: of a SavedModel with several.
        custom_objects: classes and functions that a file names, as for ``keras.models.load_model``.

    Raises:
        UsageError: a value of the wrong type, or none of those that there are.
    """

    labels: Labels | None = None
    task: Task | None = None
    preprocessing: str | None = None
    scale: Numbers | None = None
    mean: Numbers | None = None
    bgr: bool = False
    activation: Activation | None = None
    resize: ResizeMode | None = None
    input_shape: Shapes | None = None
    signature: str | None = None
    custom_objects: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name, known in (("task", TASKS), ("activation", ACTIVATIONS), ("resize", RESIZE_MODES)):
            value = getattr(self, name)
            check_kind(value, name, (str, type(None)), f"one of {', '.join(known)}")
            if value is not None and value not in known:
                raise UsageError(f"There is no {name} {value!r}. Known: {', '.join(known)}.")
        for name, words in (("preprocessing", "a name"), ("signature", "the name of one")):
            check_kind(getattr(self, name), name, (str, type(None)), words)
        if self.preprocessing is not None:
            # Here, since it imports this module.
            from edgekit.sourcemodel.preprocessing import named

            named(self.preprocessing)
        check_kind(self.bgr, "bgr", bool, "True or False")
        objects = self.custom_objects
        check_kind(objects, "custom_objects", (Mapping, type(None)), "a mapping of names to classes and functions")
        for key in objects or ():
            check_kind(key, "A name in custom_objects", str, "a string")

    @classmethod
    def of(cls, keywords: Mapping[str, Any]) -> SourceOptions:
        """From keywords of a call.

        Raises:
            UsageError: one that there is not.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = [name for name in keywords if name not in known]
        if unknown:
            raise UsageError(f"There is no argument {unknown[0]!r}. About a model can be said: {', '.join(known)}.")
        return cls(**keywords)

    def given(self) -> tuple[str, ...]:
        """The options that the caller has set."""
        values = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        # By identity: a scale of 0 is said, and an array is compared number by number.
        return tuple(
            name
            for name, value in values
            if value is not None and value is not False and not (isinstance(value, Mapping) and not value)
        )

    @property
    def about_meaning(self) -> tuple[str, ...]:
        """Those of :meth:`given` that say what a spec says, too."""
        return tuple(name for name in self.given() if name not in ("signature", "custom_objects", "input_shape"))
