"""The way from photos or samples to probabilities in one engine, worked out once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.arguments import as_array
from edgekit.errors import ModelFileError, UsageError
from edgekit.outputs import decision_threshold, probability_function
from edgekit.preprocess import prepare
from edgekit.runtime.engines.base import Engine, InPlaceEngine, find_tensor, listing
from edgekit.runtime.pixels import Encoder, Normalization, make_encoder
from edgekit.spec import ModelSpec


class Classifier:
    """One input, one output, and what the spec says about both.

    Args:
        engine: a loaded model.
        spec: of a classifier.
        normalization: what pixels go through outside of the graph, if anything.
        name: what to call the model in an error.

    Raises:
        ModelFileError: the spec does not fit the engine's tensors.
    """

    def __init__(self, engine: Engine, spec: ModelSpec, normalization: Normalization | None, name: str) -> None:
        self.labels = spec.labels
        self.multi_label = spec.multi_label
        self.threshold = decision_threshold(spec) if spec.multi_label else spec.confidence_threshold
        self._name = name
        self._engine = engine
        self._image = spec.image if spec.task != "tensors" else None
        self._input = find_tensor(engine.inputs, spec.inputs[0].name)
        self._output = find_tensor(engine.outputs, spec.outputs[0].name)
        self._outputs = self._check(spec)
        self._classes = 2 if spec.binary else self._outputs
        self._probabilities = probability_function(spec)
        self._encoder: Encoder | None = None
        self._in_place: InPlaceEngine | None = None
        if self._image is not None:
            self._in_place = engine if isinstance(engine, InPlaceEngine) else None
            self._encoder = make_encoder(
                self._input.dtype, self._input.scale, self._input.zero_point, normalization, self._image.channels
            )

    def prepare(self, sample: Any) -> NDArray[Any]:
        """A photo, or one array of any other model, as a batch of one that :meth:`run` takes.

        Raises:
            ImageError: the photo cannot be read.
            UsageError: an array that does not fit.
        """
        if self._image is not None:
            return prepare(sample, self._image)[np.newaxis]
        return self._checked(as_array(sample, "A sample")[np.newaxis])

    def run(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """(n, ...) to (n, labels) float32, in one run."""
        encoder = self._encoder
        if encoder is None:
            outputs = self._engine.run({self._input.name: self._input.quantize(batch)})
        elif self._in_place is None:
            outputs = self._engine.run({self._input.name: encoder(batch)})
        else:
            outputs = self._in_place.run_filled(batch.shape, lambda tensor: encoder.fill(batch, tensor))
        return self._probabilities(self._output.dequantize(outputs[self._output.name]))

    def predict(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """(n, ...) to (n, labels) float32, in as many runs as it takes.

        Raises:
            UsageError: the batch is not of the model's shape and dtype.
        """
        if self._image is None:
            batch = self._checked(batch)
        elif batch.ndim != 4 or batch.shape[1:] != self._image.shape or batch.dtype != np.uint8:
            size = ", ".join(map(str, self._image.shape))
            raise UsageError(
                f"{self._name}: expected a batch of pixels, uint8 of shape (n, {size}), values 0..255. Got "
                f"{batch.dtype} of shape {batch.shape}. A single photo of any size goes to classify."
            )
        probabilities = np.empty((len(batch), self._classes), np.float32)
        step = self._engine.batch_size
        for start in range(0, len(batch), step):
            probabilities[start : start + step] = self.run(batch[start : start + step])
        return probabilities

    def _checked(self, batch: NDArray[Any]) -> NDArray[Any]:
        """A batch of samples, as numbers that the engine takes."""
        shape = self._input.shape[1:]
        wanted = "float32" if self._input.scale is not None else self._input.dtype
        if not self._input.accepts((1, *batch.shape[1:])) or batch.dtype.kind not in "biuf":
            sizes = ", ".join("any" if size is None else str(size) for size in shape)
            raise UsageError(
                f"{self._name}: expected samples, {wanted} of shape (n, {sizes}); classify takes one of them, without "
                f"the n. Got {batch.dtype} of shape {batch.shape}."
            )
        # What a program has is often float64, which says no more.
        return batch.astype(wanted, copy=False) if np.can_cast(batch.dtype, wanted, "same_kind") else batch

    def _check(self, spec: ModelSpec) -> int:
        """How many outputs there are, after comparing spec and engine."""
        image = self._image
        if len(self._engine.inputs) != 1 or (image is not None and not self._input.accepts((1, *image.shape))):
            takes = "one input"
            if image is not None:
                takes = f"images of {image.width}x{image.height} pixels and {image.channels} channels"
            raise ModelFileError(
                f"The spec of {self._name} says that it takes {takes}, but the model takes "
                f"{listing(self._engine.inputs)}. Export it again, or give the spec of this very model."
            )
        outputs = self._output.shape[-1] if len(self._output.shape) == 2 else None
        if not outputs or (self.labels and outputs != (1 if spec.binary else len(self.labels))):
            raise ModelFileError(
                f"The spec of {self._name} has {len(self.labels)} labels, but the model answers {self._output}. "
                "Export it again, or give the spec of this very model."
            )
        return outputs
