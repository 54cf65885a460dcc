"""A loaded model: one engine, and what is known about its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, UsageError
from edgekit.preprocess import ImageSource, prepare
from edgekit.runtime.engines.base import Engine, TensorInfo
from edgekit.runtime.pixels import Normalization, make_encoder
from edgekit.runtime.prediction import Prediction, top_predictions
from edgekit.spec import ImageFormat, ModelSpec

Tensors = Mapping[str, NDArray[Any]]


class Predictor:
    """Runs a model on photos or tensors.

    One predictor may be used from several threads: calls take turns, since there is one set of
    buffers. For calls side by side load the model once for each thread.

    >>> with edgekit.load("flowers.int8.tflite") as model:
    ...     model.classify("photo.jpg", top=3)

    Attributes:
        spec: what the model takes and answers, or ``None`` where the file does not say.
        engine: what runs it; ``engine.inputs`` and ``engine.outputs`` describe the raw tensors.

    Args:
        engine: a loaded model.
        spec: see above.
        normalization: what pixels go through outside of the graph, if anything.
        name: what to call the model in an error.

    Raises:
        ModelFileError: the spec does not fit the engine's tensors.
    """

    def __init__(
        self,
        engine: Engine,
        spec: ModelSpec | None = None,
        *,
        normalization: Normalization | None = None,
        name: str | None = None,
    ) -> None:
        self.engine = engine
        self.spec = spec
        self._name = name or (spec.name if spec else "the model")
        self._classifier = None
        if spec is not None and spec.task == "image-classification":
            self._classifier = _Classifier(engine, spec, normalization, self._name)

    def classify(self, image: ImageSource, top: int = 5) -> list[Prediction]:
        """The most probable classes of one photo, best first.

        Args:
            image: a path, the bytes of an image file, an open file, a Pillow image, or an array
                (h, w), (h, w, 3) or (h, w, 4) uint8. Anything but an array of the model's own size
                is turned upright, cropped and resized as the model's spec says.
            top: how many classes at most.

        Returns:
            Up to ``top`` predictions. Where the spec has a confidence threshold and no class
            reaches it: one prediction whose label is "none of these" (``is_none`` is true).

        Raises:
            ImageError: the photo cannot be read.
            UsageError: ``top`` is less than 1, an array is no image, or the model is no image classifier.
        """
        if top < 1:
            raise UsageError(f"top must be at least 1. Got: {top}.")
        classifier = self._require_classifier()
        pixels = prepare(image, classifier.image)
        return top_predictions(classifier.run(pixels[np.newaxis])[0], classifier.labels, top, classifier.threshold)

    @overload
    def predict(self, batch: Tensors) -> dict[str, NDArray[Any]]: ...

    @overload
    def predict(self, batch: NDArray[Any]) -> NDArray[np.float32]: ...

    def predict(self, batch: NDArray[Any] | Tensors) -> NDArray[np.float32] | dict[str, NDArray[Any]]:
        """Runs the model on a batch of photos, or on raw tensors by name.

        An image classifier takes an array, (n, h, w, c) uint8 pixels of the model's size with values
        0..255, and gives (n, classes) float32 probabilities, as many rows as there are photos.

        Any model takes a mapping with one array for each name in ``engine.inputs``, of its shape and
        dtype, and gives an array for each name in ``engine.outputs``. Quantized tensors are taken and
        given as they are stored (``TensorInfo.dequantize`` has the real values).

        Raises:
            UsageError: a wrong name, shape or dtype; the message says what is expected.
        """
        if isinstance(batch, Mapping):
            return self.engine.run({name: np.asarray(array) for name, array in batch.items()})
        if self._classifier is None:
            raise UsageError(
                f"{self._name} is no image classifier, so its tensors need their names. "
                f"Give a dictionary with: {_listing(self.engine.inputs)}."
            )
        return self._classifier.predict(np.asarray(batch))

    def close(self) -> None:
        """Frees the model's memory; also done at the end of a ``with`` block."""
        self.engine.close()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Predictor {self._name}: {_listing(self.engine.inputs)} -> {_listing(self.engine.outputs)}>"

    def _require_classifier(self) -> _Classifier:
        if self._classifier is None:
            known = (
                "its spec says" if self.spec else "it has neither EdgeKit's spec nor labels in standard metadata, so"
            )
            raise UsageError(
                f"{self._name} cannot classify photos: {known} it takes plain tensors. Use predict with: "
                f"{_listing(self.engine.inputs)}; or load it with spec=edgekit.ModelSpec(...)."
            )
        return self._classifier


class _Classifier:
    """The way from pixels to probabilities in one engine, worked out once."""

    def __init__(self, engine: Engine, spec: ModelSpec, normalization: Normalization | None, name: str) -> None:
        assert spec.image is not None  # the spec itself refuses a classifier without
        self.image: ImageFormat = spec.image
        self.labels = spec.labels
        self.threshold = spec.confidence_threshold
        self._name = name
        self._engine = engine
        self._input = _find(engine.inputs, spec.inputs[0].name)
        self._output = _find(engine.outputs, spec.outputs[0].name)
        self._check(name)
        self._encode = make_encoder(
            self._input.dtype, self._input.scale, self._input.zero_point, normalization, self.image.channels
        )
        self._scores_are_raw = spec.activation == "none"

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, h, w, c) uint8 to (n, classes) float32, in one run."""
        outputs = self._engine.run({self._input.name: self._encode(pixels)})
        scores = self._output.dequantize(outputs[self._output.name])
        return softmax(scores) if self._scores_are_raw else scores

    def predict(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        if batch.ndim != 4 or batch.shape[1:] != self.image.shape or batch.dtype != np.uint8:
            size = ", ".join(map(str, self.image.shape))
            raise UsageError(
                f"{self._name}: expected a batch of pixels, uint8 of shape (n, {size}), values 0..255. Got "
                f"{batch.dtype} of shape {batch.shape}. A single photo of any size goes to classify."
            )
        classes = self._output.shape[-1] or 0
        probabilities = np.empty((len(batch), classes), np.float32)
        step = self._engine.batch_size
        for start in range(0, len(batch), step):
            probabilities[start : start + step] = self.run(batch[start : start + step])
        return probabilities

    def _check(self, name: str) -> None:
        if len(self._engine.inputs) != 1 or not self._input.accepts((1, *self.image.shape)):
            raise ModelFileError(
                f"The spec of {name} says that it takes images of {self.image.width}x{self.image.height} pixels and "
                f"{self.image.channels} channels, but the model takes {_listing(self._engine.inputs)}. "
                "Export it again, or give the spec of this very model."
            )
        classes = self._output.shape[-1] if len(self._output.shape) == 2 else None
        if not classes or (self.labels and len(self.labels) != classes):
            raise ModelFileError(
                f"The spec of {name} has {len(self.labels)} labels, but the model answers {self._output}. "
                "Export it again, or give the spec of this very model."
            )


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of raw scores (n, classes), for models whose graph ends before its softmax."""
    powers: NDArray[np.float32] = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def _find(tensors: tuple[TensorInfo, ...], name: str) -> TensorInfo:
    """The tensor of this name; formats that keep no names have them in the spec's order."""
    return next((info for info in tensors if info.name == name), tensors[0])


def _listing(tensors: tuple[TensorInfo, ...]) -> str:
    return ", ".join(str(info) for info in tensors)
